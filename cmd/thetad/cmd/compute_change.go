package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"

	requester "github.com/thetaedge/theta/client"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// changeJob changes a job of the key's in a transaction.
type changeJob func(ctx context.Context, cmd *cobra.Command, c *requester.Client, signer requester.Signer, args []string) error

// changeCmd is a command that signs.
func changeCmd(cmd *cobra.Command, change changeJob) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		clientCtx, err := txContext(cmd)
		if err != nil {
			return err
		}
		signer, err := computeSigner(clientCtx)
		if err != nil {
			return err
		}
		ctx, stop := untilInterrupted(cmd.Context())
		defer stop()
		c, err := computeClient(ctx, clientCtx)
		if err != nil {
			return err
		}
		return change(ctx, cmd, c, signer, args)
	}
	cmd.Flags().String(flags.FlagFrom, "", "name or address of the key that posted the job")
	flags.AddKeyringFlags(cmd.Flags())
	addComputeFlags(cmd)
	return cmd
}

func computeCancelCmd() *cobra.Command {
	return changeCmd(&cobra.Command{
		Use:     "cancel JOB",
		Short:   "End a job; what nobody has earned comes back",
		Example: "thetad compute cancel 1042-0-0 --from alice",
		Long: `End a job; what nobody has earned comes back.

Tasks that no node holds end at once and are refunded. A node that was drawn and has
not committed earns the attempt fee; what is committed runs to its end and is paid.`,
		Args: cobra.ExactArgs(1),
	}, func(ctx context.Context, cmd *cobra.Command, c *requester.Client, signer requester.Signer, args []string) error {
		refund, err := c.Cancel(ctx, signer, args[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "Cancelled job %s; %s came back at once, the rest follows as its last tasks end\n",
			args[0], requester.FormatAmount(refund))
		return nil
	})
}

func computeTopUpCmd() *cobra.Command {
	var tasks, lifetime uint64
	cmd := changeCmd(&cobra.Command{
		Use:     "top-up JOB",
		Short:   "Add tasks or time to a job that has not ended",
		Example: "thetad compute top-up 1042-0-0 --tasks 500 --lifetime-blocks 5000 --from alice",
		Args:    cobra.ExactArgs(1),
	}, func(ctx context.Context, cmd *cobra.Command, c *requester.Client, signer requester.Signer, args []string) error {
		answer, err := c.TopUp(ctx, signer, args[0], tasks, lifetime)
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "Job %s has %d tasks, which may find their nodes up to height %d; %s more in escrow\n",
			args[0], answer.Tasks, answer.ExpiresHeight, requester.FormatAmount(answer.Reserved))
		return nil
	})
	cmd.Flags().Uint64Var(&tasks, "tasks", 0, "tasks to add after the last one")
	cmd.Flags().Uint64Var(&lifetime, "lifetime-blocks", 0, "how long, from now on, tasks may find their nodes (never shortens it)")
	return cmd
}

func computeMarketCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "market CLASS",
		Short:   "Show how a class stands: nodes, free slots, open tasks, recent prices",
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
		fmt.Fprintf(out, "  %s a replica at last, %s lately, over %d tasks\n",
			formatText(price.Last.String()+price.Denom), formatText(price.Recent.String()+price.Denom), price.Settled)
	}
}

// errUnverified: not every task of an array has its result here.
var errUnverified = errors.New("not all results are here")
