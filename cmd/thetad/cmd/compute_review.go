package cmd

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	sdk "github.com/cosmos/cosmos-sdk/types"

	requester "github.com/thetaedge/theta/client"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func computeReviewCmd(accept bool) *cobra.Command {
	use, short, done := "accept", "Accept results that a trusted node has revealed, and pay for them", "Accepted"
	if !accept {
		use, short, done = "reject", "Reject results of a trusted node: it earns the attempt fee, and the rest of its pay is burned", "Rejected"
	}
	return changeCmd(&cobra.Command{
		Use:     use + " JOB [TASK ...]",
		Short:   short,
		Example: "thetad compute " + use + " 1042-0-0 --from alice",
		Args:    cobra.MinimumNArgs(1),
	}, poster, change{
		message: func(_ context.Context, _ *requester.Client, signer requester.Signer, args []string) (sdk.Msg, error) {
			items, err := reviewItems(args, accept)
			return &computetypes.MsgReview{Requester: signer.Address().String(), Items: items}, err
		},
		send: func(ctx context.Context, s *signing, c *requester.Client, args []string) error {
			items, err := reviewItems(args, accept)
			if err != nil {
				return err
			}
			if err := c.Review(ctx, s.signer, items); err != nil {
				return err
			}
			fmt.Fprintf(s.out, "%s of job %s: %s\n", done, args[0], count(len(items), "result"))
			return nil
		},
	})
}

// count formats a number and a noun in singular or plural.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// reviewItems reads JOB [TASK ...]; without TASK it returns the first task.
func reviewItems(args []string, accept bool) ([]computetypes.ReviewItem, error) {
	if _, err := computetypes.ParseJobID(args[0]); err != nil {
		return nil, err
	}
	if len(args) == 1 {
		return []computetypes.ReviewItem{{JobId: args[0], Accept: accept}}, nil
	}
	tasks, err := taskNumbers(args[1:])
	if err != nil {
		return nil, err
	}
	items := make([]computetypes.ReviewItem, len(tasks))
	for i, task := range tasks {
		items[i] = computetypes.ReviewItem{JobId: args[0], Task: task, Accept: accept}
	}
	return items, nil
}

func computeLookCmd() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "look [TASK ...] --out DIR",
		Short: "Download results in review, to inspect them before you accept or reject them",
		Long: `Download results in review, to inspect them before you accept or reject them.

Under the trust policy a node reveals the tag of its result, and you have until the end of
the review to accept or reject the result; if you do neither, it is accepted. The files in
DIR are exactly those whose tag the node has revealed, so the node can no longer change
them. You decide whether they are correct. For an array, name the tasks; each task has a
folder of its own.`,
		Example: "thetad compute look --out result",
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientQueryContext(cmd)
			if err != nil {
				return err
			}
			state, err := requester.LoadState(out)
			if err != nil {
				return err
			}
			tasks, err := lookedAt(state, args)
			if err != nil {
				return err
			}
			c, err := computeClient(cmd.Context(), clientCtx)
			if err != nil {
				return err
			}
			printer := &runPrinter{out: cmd.OutOrStdout()}
			for _, task := range tasks {
				found, err := c.FetchInReview(cmd.Context(), state, task, out)
				if err != nil {
					return err
				}
				if err := printer.inReview(state, task, found); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "folder of the job, as thetad compute run created it")
	if err := cmd.MarkFlagRequired("out"); err != nil {
		panic(err)
	}
	addComputeFlags(cmd)
	return cmd
}

// lookedAt reads the numbers of tasks; a job with one task needs none.
func lookedAt(state *requester.State, args []string) ([]uint64, error) {
	switch {
	case state.JobID == "":
		return nil, errors.New("expected a job that is in a block, found one that is not in a block yet; continue with: thetad compute run --resume")
	case len(args) > 0:
		return taskNumbers(args)
	case state.Array():
		return nil, errors.New("expected the numbers of tasks, found none; the job is an array, so name the tasks to look at")
	default:
		return []uint64{0}, nil
	}
}

func taskNumbers(args []string) ([]uint64, error) {
	tasks := make([]uint64, len(args))
	for i, text := range args {
		task, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("expected the numbers of tasks, found %q", text)
		}
		tasks[i] = task
	}
	return tasks, nil
}
