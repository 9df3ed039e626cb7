package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/money"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// fetchPause is the pause between two looks for a result that nodes were asked to
	// deliver. The pause for arrays is longer, because each look checks all results that
	// are there already.
	fetchPause      = 3 * time.Second
	fetchArrayPause = 15 * time.Second
	// fetchWait is how long the command waits without anything new before it gives up.
	fetchWait = 15 * time.Minute
	// fetchGrace is how long after a job's end its nodes may still be about to deliver.
	fetchGrace = 20 * time.Second
)

// fetcher downloads the results of an ended job to this machine, and asks nodes to deliver
// those again that the relay does not have.
type fetcher struct {
	client *requester.Client
	// signing has the key that pays for a request; it is needed only for a request.
	signing *signing
	print   *runPrinter
	out     string
	// again is the command with which to continue.
	again string
	// judges is the job whose judges are asked instead of the job's nodes; empty for none.
	judges string
	// grace is how long the command first waits for nodes to deliver by themselves.
	grace time.Duration
}

func computeFetchCmd() *cobra.Command {
	var out, relay, judges string
	cmd := &cobra.Command{
		Use:   "fetch --out DIR",
		Short: "Save the result of an ended job, and ask nodes to deliver it again if it is lost",
		Long: `Save the result of an ended job, and ask nodes to deliver it again if it is lost.

DIR is the folder that thetad compute run created for the job. Files that are there already
are checked and not downloaded again. If the relay has lost the result, or if --relay names
another relay, the command asks the nodes that were paid to deliver once more. The request
is a transaction that the key in --from signs, and it burns a small fee. It works for as
long as nodes keep their outputs: one day after the end, unless their operators have set
another time. Another relay is saved in DIR and is the job's relay from then on.

If the node of a chunk has delivered nothing and you have challenged the chunk, name the job
that has judged it with --judges: its judges deliver what they have found. The key that
challenged pays for this request.`,
		Example: "thetad compute fetch --out result --relay https://relay.example --from alice",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			signing, err := readSigning(cmd)
			if err != nil {
				return err
			}
			if signing.elsewhere() || signing.dryRun {
				return fmt.Errorf("expected none of --%s, --%s and --%s, because fetch looks for the result before it asks nodes; make the transaction alone with: thetad tx compute redeliver",
					flags.FlagGenerateOnly, flags.FlagOffline, flags.FlagDryRun)
			}
			ctx, stop := untilInterrupted(cmd.Context())
			defer stop()
			c, err := signing.connect(ctx)
			if err != nil {
				return err
			}
			f := &fetcher{
				client: c, signing: signing, print: &runPrinter{out: signing.out}, out: out,
				again:  fetchCommand(out, relay, judges, signing.ctx.From, signing.home),
				judges: judges,
			}
			state, err := requester.LoadState(out)
			if err != nil {
				return err
			}
			return f.fetch(ctx, state, relay)
		},
	}
	cmd.Flags().StringVar(&out, "out", ".", "folder of the job")
	cmd.Flags().StringVar(&relay, "relay", "", "base URL of another relay, to which nodes deliver from now on")
	cmd.Flags().StringVar(&judges, "judges", "", "job that has judged a chunk of this one, whose judges deliver its results")
	addSigningFlags(cmd, "the key that posted the job, or that challenged it")
	return cmd
}

// fetchCommand returns the command that a person types to continue.
func fetchCommand(out, relay, judges, key, home string) string {
	command := "thetad compute fetch --out " + requester.ShellQuote(out)
	for _, flag := range [][2]string{{"relay", relay}, {"judges", judges}, {"from", key}, {"home", home}} {
		if flag[1] != "" {
			command += fmt.Sprintf(" --%s %s", flag[0], requester.ShellQuote(flag[1]))
		}
	}
	return command
}

// fetch downloads the results of a job, from another relay if one is named.
func (f *fetcher) fetch(ctx context.Context, state *requester.State, relay string) error {
	if state.JobID == "" {
		return fmt.Errorf("expected a job that is in a block in %s, found one that is not in a block yet; continue with: thetad compute run --resume --wait --out %s --from KEY", f.out, requester.ShellQuote(f.out))
	}
	moved := relay != "" && relay != state.Relay
	if moved {
		if err := state.MoveTo(relay); err != nil {
			return err
		}
	}
	settlement, err := f.client.Settlement(ctx, state.JobID)
	if err != nil {
		// The chain keeps receipts for longer than jobs.
		recorded, other := f.client.Recorded(ctx, state.JobID)
		if other != nil {
			return err
		}
		settlement = recorded
	}
	if settlement == nil {
		return fmt.Errorf("job %s has not ended; wait for it with: thetad compute run --resume --wait --out %s --from KEY", state.JobID, requester.ShellQuote(f.out))
	}
	if state.Array() {
		return f.array(ctx, state, moved)
	}
	if !settlement.Accepted() {
		f.print.remarks(f.client.Remarks(ctx, state, orNone(settlement.Receipt)))
		return fmt.Errorf("job %s: %w", state.JobID, requester.ErrNoResult)
	}
	result, err := f.single(ctx, state, settlement, moved)
	if err != nil {
		return err
	}
	if err := f.print.result(result); err != nil {
		return err
	}
	if err := outcome(result.Manifest); err != nil {
		return fmt.Errorf("job %s: %w; its result is verified and saved", state.JobID, err)
	}
	return nil
}

// single downloads the result of a job with one task. moved means that the relay is not the
// one saved in the job's folder yet.
func (f *fetcher) single(ctx context.Context, state *requester.State, settlement *requester.Settlement, moved bool) (*requester.Result, error) {
	var result *requester.Result
	height := settlement.Job.ClosedHeight
	if settlement.Receipt != nil {
		height = settlement.Receipt.Height
	}
	err := f.collect(ctx, state, height, moved, fetchPause, func() (missing int, why, err error) {
		if result, err = requester.VerifyReceipt(f.client.ChainID(), settlement.Receipt, f.out); err == nil {
			return 0, nil, nil // all of it is here
		}
		result, err = f.client.Fetch(ctx, state, settlement, f.out)
		if errors.Is(err, requester.ErrNotDelivered) {
			return 1, err, nil
		}
		return 0, nil, err
	})
	return result, err
}

// array downloads the results of a job with many tasks.
func (f *fetcher) array(ctx context.Context, state *requester.State, moved bool) error {
	save := func(s *requester.State) error {
		if moved {
			return nil // the folder does not name this relay yet
		}
		return s.Save(f.out)
	}
	result, err := f.client.FollowArray(ctx, state, f.out, save, func(requester.Progress) {})
	if err != nil {
		return err
	}
	return f.rest(ctx, state, result, moved)
}

// rest downloads the results of an ended array that the first look did not find.
func (f *fetcher) rest(ctx context.Context, state *requester.State, result *requester.ArrayResult, moved bool) error {
	save := func(s *requester.State) error { return s.Save(f.out) }
	first := true
	err := f.collect(ctx, state, max(result.EndedHeight, result.Job.ClosedHeight), moved, fetchArrayPause, func() (missing int, why, err error) {
		if !first {
			if result, err = f.client.FollowArray(ctx, state, f.out, save, func(requester.Progress) {}); err != nil {
				return 0, nil, err
			}
		}
		first = false
		return result.Missing, result.FirstMissing, nil
	})
	if result != nil {
		f.print.array(state, result, f.out)
		f.print.remarks(result.Remarks)
	}
	switch {
	case err != nil && result != nil && result.Missing > 0:
		return fmt.Errorf("%w: %w", errUnverified, err)
	case err != nil:
		return err
	case result.Failed > 0:
		return fmt.Errorf("job %s: %w for %d of its %d tasks; it ended %s; to post these tasks again: thetad compute retry --out %s --from KEY",
			state.JobID, requester.ErrNoResult, result.Failed, result.Job.Tasks, requester.StatusName(result.Job.Status), requester.ShellQuote(f.out))
	}
	return nil
}

// look looks for results and returns how many are missing, and why the first one is.
type look func() (missing int, why, err error)

// collect looks for results until all are here. If some are missing, it asks nodes to
// deliver them, after confirmation, and waits for them.
func (f *fetcher) collect(ctx context.Context, state *requester.State, height int64, moved bool, pause time.Duration, find look) error {
	missing, why, err := find()
	for grace := time.Now().Add(f.grace); err == nil && missing > 0 && time.Now().Before(grace); {
		if err = sleep(ctx, min(pause, fetchPause)); err == nil {
			missing, why, err = find()
		}
	}
	if err != nil || missing == 0 {
		return f.keepRelay(state, moved, err)
	}
	if err := f.request(ctx, state, height, why, moved); err != nil {
		return err
	}
	fmt.Fprintf(f.print.out, "Waiting for nodes to deliver to %s\n", state.Relay)
	for fresh, last := time.Now(), missing; ; {
		if err := sleep(ctx, pause); err != nil {
			return fmt.Errorf("%w; nodes continue, come back with: %s", err, f.again)
		}
		if missing, why, err = find(); err != nil || missing == 0 {
			return err
		}
		if missing != last {
			fresh, last = time.Now(), missing
			fmt.Fprintf(f.print.out, "  %d results still missing\n", missing)
		}
		if time.Since(fresh) > fetchWait {
			return fmt.Errorf("%w%s; look again with: %s", why, f.until(ctx, height), f.again)
		}
	}
}

// keepRelay saves a relay that has all results into the job's folder.
func (f *fetcher) keepRelay(state *requester.State, moved bool, err error) error {
	if err != nil || !moved {
		return err
	}
	return state.Save(f.out)
}

// request asks nodes to deliver to the job's relay, unless they have been asked already.
func (f *fetcher) request(ctx context.Context, state *requester.State, height int64, why error, moved bool) error {
	var where *requester.Absence
	if errors.As(why, &where) && !where.Answers() {
		return fmt.Errorf("%w; %w: repair the relay, or name another one with --relay%s; continue with: %s", why, requester.ErrNotAsked, f.until(ctx, height), f.again)
	}
	asked, err := f.prepare(ctx, state)
	if err != nil {
		return err
	}
	now, err := f.client.Height(ctx)
	if err != nil {
		return err
	}
	if asked.Asked != nil && now < asked.NotBefore {
		fmt.Fprintf(f.print.out, "Nodes were already asked at height %d\n", asked.Asked.Height)
		return f.keepRelay(state, moved, nil)
	}
	if now < asked.NotBefore {
		return fmt.Errorf("%w; %w: the chain takes the next request for this job at height %d, and is now at %d; continue with: %s",
			why, requester.ErrNotAsked, asked.NotBefore, now, f.again)
	}
	if err := f.consent(ctx, asked); err != nil {
		return fmt.Errorf("%w; %w%s; continue with: %s", why, err, f.until(ctx, height), f.again)
	}
	fmt.Fprintf(f.print.out, "%s\n", why)
	if err := f.signing.need(); err != nil {
		return err
	}
	// The relay is saved before the request is sent, so that what nodes deliver then is
	// found.
	if err := f.keepRelay(state, moved, nil); err != nil {
		return err
	}
	answer, err := f.client.Redeliver(ctx, f.signing.signer, asked)
	if err != nil {
		return fmt.Errorf("%w; continue with: %s", err, f.again)
	}
	fmt.Fprintf(f.print.out, "Asked nodes at height %d to deliver job %s again (request %d of it), fee %s\n",
		answer.Redelivery.Height, asked.JobID, answer.Redelivery.Count, money.FormatAmount(answer.PostingFee))
	return nil
}

// prepare returns what a request to the job's nodes costs, or to the judges of a chunk. The
// state is saved with the judges before they are asked, so that what they deliver is found.
func (f *fetcher) prepare(ctx context.Context, state *requester.State) (*requester.Redelivery, error) {
	if f.judges == "" {
		return f.client.PrepareRedelivery(ctx, state)
	}
	asked, err := f.client.PrepareJudges(ctx, state, f.judges)
	if err != nil {
		return nil, err
	}
	return asked, state.Save(f.out)
}

// consent asks a person for confirmation, or takes --yes for it. Without either, nothing is
// spent.
func (f *fetcher) consent(ctx context.Context, asked *requester.Redelivery) error {
	fmt.Fprintf(f.print.out, "The paid nodes can deliver the result again to %s; asking them burns %s and costs gas\n",
		asked.Relay, money.FormatAmount(asked.Fee))
	if err := confirm(ctx, f.print.out, f.signing.stdin, f.signing.yes, "Ask them?"); err != nil {
		return fmt.Errorf("%w: %w", requester.ErrNotAsked, err)
	}
	return nil
}

// until says how long nodes try to deliver by themselves.
func (f *fetcher) until(ctx context.Context, height int64) string {
	text := "; the paid nodes keep trying by themselves for about a day after the end"
	if end := f.client.DeliveredUntil(ctx, height); !end.IsZero() {
		text += ", until about " + end.Local().Format(time.DateTime)
	}
	return text
}

// orNone returns an empty receipt for a job in which no node ever took part.
func orNone(receipt *computetypes.Receipt) *computetypes.Receipt {
	if receipt == nil {
		return &computetypes.Receipt{}
	}
	return receipt
}

// sleep waits until the pause is over or the context ends.
func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
