package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

	requester "github.com/thetaedge/theta/client"
)

func computeRetryCmd() *cobra.Command {
	var out string
	var wait bool
	cmd := &cobra.Command{
		Use:   "retry --out DIR",
		Short: "Post the tasks of an ended array again that have no accepted result",
		Long: `Post the tasks of an ended array again that have no accepted result.

DIR is the folder that thetad compute run created for the array. Each run of consecutive
tasks becomes a job of its own in DIR/retry-N, where N is the number of its first task; a
folder in it with the number 0 has the result of task N. The jobs have the spec of the array,
and the programs see the same task numbers. The relay must still have the program and the
inputs. A retry that was posted before is not posted again: the command shows how to continue
it.`,
		Example: "thetad compute retry --out result --wait --from alice",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			run := &computeRun{wait: wait}
			ctx, stop := untilInterrupted(cmd.Context())
			defer stop()
			if err := run.prepare(ctx, cmd); err != nil {
				return err
			}
			if run.signing.elsewhere() {
				return fmt.Errorf("expected neither --%s nor --%s, because there can be several transactions", flags.FlagGenerateOnly, flags.FlagOffline)
			}
			state, err := requester.LoadState(out)
			if err != nil {
				return err
			}
			retries, err := run.client.Retries(ctx, state, out)
			if err != nil {
				return err
			}
			return run.retryAll(ctx, retries)
		},
	}
	cmd.Flags().StringVar(&out, "out", ".", "folder of the array")
	cmd.Flags().BoolVar(&wait, "wait", false, "wait for the results and save them")
	addSigningFlags(cmd, "the key that pays")
	return cmd
}

// retryAll posts the jobs first, so that they run at the same time, and then waits for them.
func (r *computeRun) retryAll(ctx context.Context, retries []*requester.Retry) error {
	if len(retries) == 0 {
		fmt.Fprintln(r.print.out, "All tasks have an accepted result")
		return nil
	}
	posted := make(map[string]*requester.State, len(retries))
	for _, retry := range retries {
		r.out = retry.Dir
		last := retry.First + retry.Spec.Tasks - 1
		switch state, err := requester.LoadState(r.out); {
		case err == nil && state.Posted():
			fmt.Fprintf(r.print.out, "Tasks %d to %d are in %s already; continue with: %s\n", retry.First, last, requester.ShellQuote(r.out), r.again())
			continue
		case err != nil && !errors.Is(err, requester.ErrNoState):
			return err
		}
		fmt.Fprintf(r.print.out, "Tasks %d to %d again, in %s\n", retry.First, last, requester.ShellQuote(r.out))
		state, err := r.beginPacked(ctx, retry.Packed)
		if err != nil {
			return err
		}
		if state == nil { // a dry run
			continue
		}
		r.print.posted(state)
		posted[r.out] = state
	}
	return r.finishAll(ctx, retries, posted)
}

// finishAll waits for posted retries, or says how to do that later.
func (r *computeRun) finishAll(ctx context.Context, retries []*requester.Retry, posted map[string]*requester.State) error {
	var failed error
	for _, retry := range retries {
		state := posted[retry.Dir]
		if r.out = retry.Dir; state == nil {
			continue
		}
		if !r.wait {
			r.print.later(r.again())
			continue
		}
		failed = errors.Join(failed, r.finish(ctx, state))
	}
	return failed
}
