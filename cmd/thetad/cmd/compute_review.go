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
	use, short, done := "accept", "Pay for results that a trusted node has shown", "Accepted"
	if !accept {
		use, short, done = "reject", "Refuse results of a trusted node: it earns the attempt fee, and the rest of its pay is burned", "Rejected"
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

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// reviewItems reads JOB [TASK ...]; without a task it is the only one.
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
		Short: "Fetch results that wait for your word, to see them before you accept or reject",
		Long: `Fetch results that wait for your word, to see them before you accept or reject.

Under trust a node shows the tag of its result, and you have until the review ends to
say whether it is any good; silence accepts. The files in DIR are then what the node
has shown, to the last byte: it can change them no more. Whether they are right is for
you to judge. Of an array name the tasks; each has a folder of its own.`,
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
	cmd.Flags().StringVar(&out, "out", "", "folder of the job, as compute run has it")
	if err := cmd.MarkFlagRequired("out"); err != nil {
		panic(err)
	}
	addComputeFlags(cmd)
	return cmd
}

// lookedAt reads the numbers of tasks; a job of one task needs none.
func lookedAt(state *requester.State, args []string) ([]uint64, error) {
	switch {
	case state.JobID == "":
		return nil, errors.New("the job is in no block yet; take it up with: thetad compute run --resume")
	case len(args) > 0:
		return taskNumbers(args)
	case state.Array():
		return nil, errors.New("expected the numbers of tasks, found none: the job is an array")
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
