package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

	requester "github.com/thetaedge/theta/client"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// fetchPause is how often a result is looked for that nodes were asked for. Looking for
	// those of an array checks all that is there already.
	fetchPause      = 3 * time.Second
	fetchArrayPause = 15 * time.Second
	// fetchWait is how long it is waited for without anything new.
	fetchWait = 15 * time.Minute
	// fetchGrace is how long after a job's end its nodes may still be about to deliver.
	fetchGrace = 20 * time.Second
)

// fetcher brings the results of a job that has ended to this machine, and has nodes
// deliver them again where the relay does not have them.
type fetcher struct {
	client *requester.Client
	// signing has the key that pays for a request; it is needed only then.
	signing *signing
	print   *runPrinter
	out     string
	// again is the command that goes on.
	again string
	// grace is how long nodes are given to deliver by themselves first.
	grace time.Duration
}

func computeFetchCmd() *cobra.Command {
	var out, relay string
	cmd := &cobra.Command{
		Use:   "fetch --out DIR",
		Short: "Save the result of a job that has ended, and have nodes deliver it again if it is lost",
		Long: `Save the result of a job that has ended, and have nodes deliver it again if it is lost.

DIR is the folder of the job, as thetad compute run has made it. What is there already
is checked and not fetched again. Where the relay has lost the result, or with --relay
names another one, the nodes that were paid are asked to deliver once more: that is a
transaction of the key in --from and burns a small fee. It works for as long as nodes keep
their outputs, which is a day after the end unless their operators have set it otherwise.
Another relay is written into DIR and is the job's from then on.`,
		Example: "thetad compute fetch --out result --relay https://relay.example --from alice",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			signing, err := readSigning(cmd)
			if err != nil {
				return err
			}
			if signing.elsewhere() || signing.dryRun {
				return fmt.Errorf("fetch looks before it asks nodes: expected none of --%s, --%s and --%s; the transaction alone is thetad tx compute redeliver",
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
				again: fetchCommand(out, relay, signing.ctx.From, signing.home),
			}
			state, err := requester.LoadState(out)
			if err != nil {
				return err
			}
			return f.fetch(ctx, state, relay)
		},
	}
	cmd.Flags().StringVar(&out, "out", ".", "folder of the job")
	cmd.Flags().StringVar(&relay, "relay", "", "base URL of another relay, where nodes are to deliver from now on")
	addSigningFlags(cmd, "the key that posted the job")
	return cmd
}

// fetchCommand is what a person types to go on.
func fetchCommand(out, relay, key, home string) string {
	command := "thetad compute fetch --out " + requester.ShellQuote(out)
	for _, flag := range [][2]string{{"relay", relay}, {"from", key}, {"home", home}} {
		if flag[1] != "" {
			command += fmt.Sprintf(" --%s %s", flag[0], requester.ShellQuote(flag[1]))
		}
	}
	return command
}

// fetch brings what a job has led to, from another relay if one is named.
func (f *fetcher) fetch(ctx context.Context, state *requester.State, relay string) error {
	if state.JobID == "" {
		return fmt.Errorf("%s holds a job that is in no block yet; go on with: thetad compute run --resume --wait --out %s --from KEY", f.out, requester.ShellQuote(f.out))
	}
	moved := relay != "" && relay != state.Relay
	if moved {
		if err := state.MoveTo(relay); err != nil {
			return err
		}
	}
	settlement, err := f.client.Settlement(ctx, state.JobID)
	if err != nil {
		// Receipts are kept for longer than jobs.
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

// single brings the result of a job of one task. moved says that its relay is not the one
// in its folder yet.
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

// array brings the results of a job of many tasks.
func (f *fetcher) array(ctx context.Context, state *requester.State, moved bool) error {
	save := func(s *requester.State) error {
		if moved {
			return nil // its relay is not the one of the folder yet
		}
		return s.Save(f.out)
	}
	result, err := f.client.FollowArray(ctx, state, f.out, save, func(requester.Progress) {})
	if err != nil {
		return err
	}
	return f.rest(ctx, state, result, moved)
}

// rest brings those results of an ended array that a first look has not found.
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
		return fmt.Errorf("job %s: %w for %d of its %d tasks; it ended %s",
			state.JobID, requester.ErrNoResult, result.Failed, result.Job.Tasks, requester.StatusName(result.Job.Status))
	}
	return nil
}

// look looks for results and returns how many are not there, and why the first is not.
type look func() (missing int, why, err error)

// collect looks for results until they are here: once where they are; else nodes are
// asked, with consent, and waited for.
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
			return fmt.Errorf("%w; nodes go on, come back with: %s", err, f.again)
		}
		if missing, why, err = find(); err != nil || missing == 0 {
			return err
		}
		if missing != last {
			fresh, last = time.Now(), missing
			fmt.Fprintf(f.print.out, "  %d results to come\n", missing)
		}
		if time.Since(fresh) > fetchWait {
			return fmt.Errorf("%w%s; look again with: %s", why, f.until(ctx, height), f.again)
		}
	}
}

// keepRelay writes a relay that has what was looked for into the job's folder.
func (f *fetcher) keepRelay(state *requester.State, moved bool, err error) error {
	if err != nil || !moved {
		return err
	}
	return state.Save(f.out)
}

// request has nodes asked to deliver to the job's relay, unless they have been already.
func (f *fetcher) request(ctx context.Context, state *requester.State, height int64, why error, moved bool) error {
	var where *requester.Absence
	if errors.As(why, &where) && !where.Answers() {
		return fmt.Errorf("%w; %w: mend the relay, or name another with --relay%s; go on with: %s", why, requester.ErrNotAsked, f.until(ctx, height), f.again)
	}
	asked, err := f.client.PrepareRedelivery(ctx, state)
	if err != nil {
		return err
	}
	now, err := f.client.Height(ctx)
	if err != nil {
		return err
	}
	if asked.Asked != nil && now < asked.NotBefore {
		fmt.Fprintf(f.print.out, "Nodes were asked at height %d already\n", asked.Asked.Height)
		return f.keepRelay(state, moved, nil)
	}
	if now < asked.NotBefore {
		return fmt.Errorf("%w; %w: the chain takes the next request for this job at height %d, and is at %d; go on with: %s",
			why, requester.ErrNotAsked, asked.NotBefore, now, f.again)
	}
	if err := f.consent(ctx, asked); err != nil {
		return fmt.Errorf("%w; %w%s; go on with: %s", why, err, f.until(ctx, height), f.again)
	}
	fmt.Fprintf(f.print.out, "%s\n", why)
	if err := f.signing.need(); err != nil {
		return err
	}
	// Before the request leaves: what nodes deliver then is found.
	if err := f.keepRelay(state, moved, nil); err != nil {
		return err
	}
	answer, err := f.client.Redeliver(ctx, f.signing.signer, asked)
	if err != nil {
		return fmt.Errorf("%w; go on with: %s", err, f.again)
	}
	fmt.Fprintf(f.print.out, "Asked nodes at height %d to deliver job %s again (request %d of it), fee %s\n",
		answer.Redelivery.Height, state.JobID, answer.Redelivery.Count, requester.FormatAmount(answer.PostingFee))
	return nil
}

// consent asks a person, or takes --yes for it: without either nothing is spent.
func (f *fetcher) consent(ctx context.Context, asked *requester.Redelivery) error {
	fmt.Fprintf(f.print.out, "Nodes that were paid for it can deliver it again to %s; asking them burns %s, and costs gas\n",
		asked.Relay, requester.FormatAmount(asked.Fee))
	if err := confirm(ctx, f.print.out, f.signing.stdin, f.signing.yes, "Ask them?"); err != nil {
		return fmt.Errorf("%w: %w", requester.ErrNotAsked, err)
	}
	return nil
}

// until says what nodes do by themselves.
func (f *fetcher) until(ctx context.Context, height int64) string {
	text := "; nodes that were paid try by themselves for about a day after the end"
	if end := f.client.DeliveredUntil(ctx, height); !end.IsZero() {
		text += ", until about " + end.Local().Format(time.DateTime)
	}
	return text
}

// orNone stands for the receipt of a job that no node ever took part in.
func orNone(receipt *computetypes.Receipt) *computetypes.Receipt {
	if receipt == nil {
		return &computetypes.Receipt{}
	}
	return receipt
}

// sleep waits, unless the context ends first.
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
