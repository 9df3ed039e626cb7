package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	sdk "github.com/cosmos/cosmos-sdk/types"

	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/money"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// change is a transaction that a command signs.
type change struct {
	// message returns the message to sign. It is used by dry runs and by transactions that
	// are printed instead of sent.
	message func(ctx context.Context, c *requester.Client, signer requester.Signer, args []string) (sdk.Msg, error)
	// send sends the message and waits until it is executed.
	send func(ctx context.Context, s *signing, c *requester.Client, args []string) error
}

// changeCmd returns a command that signs a transaction. payer describes the key that signs.
func changeCmd(cmd *cobra.Command, payer string, change change) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := readSigning(cmd)
		if err == nil {
			err = s.need()
		}
		if err != nil {
			return err
		}
		ctx, stop := untilInterrupted(cmd.Context())
		defer stop()
		c, err := s.connect(ctx)
		if err != nil {
			return err
		}
		if !s.dryRun && !s.elsewhere() {
			return change.send(ctx, s, c, args)
		}
		msg, err := change.message(ctx, c, s.signer, args)
		if err != nil {
			return err
		}
		cost, err := s.cost(ctx, c, msg)
		if err != nil {
			return err
		}
		if s.dryRun {
			s.show(cost)
			return nil
		}
		return s.handOut(ctx, c, msg, cost)
	}
	addSigningFlags(cmd, payer)
	return cmd
}

const poster = "the key that posted the job"

func computeCancelCmd() *cobra.Command {
	return changeCmd(&cobra.Command{
		Use:     "cancel JOB",
		Short:   "Cancel a job and refund the unspent escrow",
		Example: "thetad compute cancel 1042-0-0 --from alice",
		Long: `Cancel a job and refund the unspent escrow.

Each seat of a task whose nodes are drawn, or are about to be drawn, costs its fee: a node
that was drawn and has not committed earns the attempt fee from it, and the rest is
burned. This keeps a requester from drawing again until the nodes suit them. A task to
which nodes have committed runs to its end and is paid. A task that pauses between draws,
and a task that was never opened, cost nothing more.`,
		Args: cobra.ExactArgs(1),
	}, poster, change{
		message: func(_ context.Context, _ *requester.Client, signer requester.Signer, args []string) (sdk.Msg, error) {
			return &computetypes.MsgCancelJob{Requester: signer.Address().String(), JobId: args[0]}, nil
		},
		send: func(ctx context.Context, s *signing, c *requester.Client, args []string) error {
			cost, err := c.CancelCost(ctx, args[0])
			if err != nil {
				return err
			}
			if cost.Open > 0 {
				fmt.Fprintf(s.out, "%d tasks of job %s are open; cancelling costs %s for each seat that is drawn or about to be drawn, at most %s\n",
					cost.Open, args[0], money.FormatAmount(cost.SeatFee), money.FormatAmount(cost.Most))
			}
			if err := confirm(ctx, s.out, s.stdin, s.yes, fmt.Sprintf("Cancel job %s?", args[0])); err != nil {
				return err
			}
			refund, err := c.Cancel(ctx, s.signer, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(s.out, "Cancelled job %s; %s was refunded at once, the rest follows as the last tasks end\n",
				args[0], money.FormatAmount(refund))
			return nil
		},
	})
}

func computeRedrawCmd() *cobra.Command {
	return changeCmd(&cobra.Command{
		Use:     "redraw JOB [TASK]",
		Short:   "Draw nodes now for a task that waits for its next draw",
		Example: "thetad compute redraw 1042-0-0 --from alice",
		Long: `Draw nodes now for a task that waits for its next draw.

Pauses between draws double, up to a quarter of the job's lifetime; "thetad query compute
explain JOB TASK" shows how long the current pause lasts. Your account pays what a draw
costs the chain. A draw whose height is already fixed cannot be replaced by another one.`,
		Args: cobra.RangeArgs(1, 2),
	}, poster, change{
		message: func(_ context.Context, _ *requester.Client, signer requester.Signer, args []string) (sdk.Msg, error) {
			task, err := taskOf(args)
			return &computetypes.MsgRedraw{Requester: signer.Address().String(), JobId: args[0], Task: task}, err
		},
		send: func(ctx context.Context, s *signing, c *requester.Client, args []string) error {
			task, err := taskOf(args)
			if err != nil {
				return err
			}
			fee, err := c.RedrawFee(ctx)
			if err != nil {
				return err
			}
			if err := confirm(ctx, s.out, s.stdin, s.yes, fmt.Sprintf("Buy a draw for task %d of job %s for %s?", task, args[0], money.FormatAmount(fee))); err != nil {
				return err
			}
			answer, err := c.Redraw(ctx, s.signer, args[0], task)
			if err != nil {
				return err
			}
			fmt.Fprintf(s.out, "Task %d of job %s draws nodes with the seed of height %d; %s burned\n",
				task, args[0], answer.SeedHeight, money.FormatAmount(answer.Fee))
			return nil
		},
	})
}

// taskOf reads JOB [TASK]; without TASK it returns the first task.
func taskOf(args []string) (uint64, error) {
	if len(args) == 1 {
		return 0, nil
	}
	tasks, err := taskNumbers(args[1:])
	if err != nil {
		return 0, err
	}
	return tasks[0], nil
}

func computeTopUpCmd() *cobra.Command {
	var tasks, lifetime uint64
	cmd := changeCmd(&cobra.Command{
		Use:     "top-up JOB",
		Short:   "Add tasks or time to a job that has not ended",
		Example: "thetad compute top-up 1042-0-0 --tasks 500 --lifetime-blocks 5000 --from alice",
		Args:    cobra.ExactArgs(1),
	}, poster, change{
		message: func(_ context.Context, _ *requester.Client, signer requester.Signer, args []string) (sdk.Msg, error) {
			return &computetypes.MsgTopUpJob{Requester: signer.Address().String(), JobId: args[0], Tasks: tasks, LifetimeBlocks: lifetime}, nil
		},
		send: func(ctx context.Context, s *signing, c *requester.Client, args []string) error {
			if err := confirm(ctx, s.out, s.stdin, s.yes, fmt.Sprintf("Put the pay of %d more tasks of job %s into escrow?", tasks, args[0])); err != nil {
				return err
			}
			answer, err := c.TopUp(ctx, s.signer, args[0], tasks, lifetime)
			if err != nil {
				return err
			}
			fmt.Fprintf(s.out, "Job %s has %d tasks, which can find nodes up to height %d; %s more in escrow\n",
				args[0], answer.Tasks, answer.ExpiresHeight, money.FormatAmount(answer.Reserved))
			return nil
		},
	})
	cmd.Flags().Uint64Var(&tasks, "tasks", 0, "number of tasks to add after the last one")
	cmd.Flags().Uint64Var(&lifetime, "lifetime-blocks", 0, "number of blocks, from now on, in which tasks can find nodes; never shortens the lifetime")
	return cmd
}

func computeMarketCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "market CLASS",
		Short:   "Show the market of a class: nodes, free slots, open tasks and recent prices",
		Example: "thetad compute market cpu-small",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientQueryContext(cmd)
			if err != nil {
				return err
			}
			c, err := computeClient(cmd.Context(), clientCtx)
			if err != nil {
				return err
			}
			market, err := c.Market(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			printMarket(cmd, market)
			return nil
		},
	}
	addComputeFlags(cmd)
	return cmd
}

func printMarket(cmd *cobra.Command, answer *computetypes.QueryMarketResponse) {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "Class %s: %d live nodes, %d of %d slots free, %d open tasks\n",
		answer.Market.Class, answer.LiveNodes, answer.FreeSlots, answer.FundedSlots, answer.Market.OpenTasks)
	for _, price := range answer.Market.Prices {
		fmt.Fprintf(out, "  last price %s per replica, average %s, over %d tasks\n",
			formatText(price.Last.String()+price.Denom), formatText(price.Recent.String()+price.Denom), price.Settled)
	}
}

// errUnverified means that the results of some tasks of an array are missing on this
// machine.
var errUnverified = errors.New("some results are missing")
