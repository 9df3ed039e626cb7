package cmd

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/thetaedge/theta/app"
	requester "github.com/thetaedge/theta/client"
)

// ComputeCommand returns the commands of those who need compute.
func ComputeCommand() *cobra.Command {
	return group("compute", "Run jobs on the computers of strangers and check what they return", nil,
		computeRunCmd(), computeFetchCmd(), computeVerifyCmd(), computeReceiptCmd(), computeJobCmd(), computeTopUpCmd(),
		computeCancelCmd(), computeRedrawCmd(), computeLookCmd(), computeReviewCmd(true), computeReviewCmd(false),
		computeChallengeCmd(), computeMarketCmd())
}

// addComputeFlags adds what every command needs that talks to a node.
func addComputeFlags(cmd *cobra.Command) {
	cmd.Flags().String(flags.FlagNode, "tcp://localhost:26657", "<host>:<port> of a node's CometBFT RPC")
	cmd.Flags().String(flags.FlagChainID, "", "refuse a node of another chain")
	cmd.Flags().String(flags.FlagHome, app.DefaultNodeHome(), "folder of the client's configuration and keys")
}

// computeClient connects to the node that the flags and client.toml name.
func computeClient(ctx context.Context, clientCtx client.Context) (*requester.Client, error) {
	c, err := requester.New(ctx, clientCtx)
	if err != nil {
		return nil, err
	}
	if clientCtx.ChainID != "" && clientCtx.ChainID != c.ChainID() {
		return nil, fmt.Errorf("expected a node of chain %s, found one of %s; change --node or --chain-id", clientCtx.ChainID, c.ChainID())
	}
	return c, nil
}

// txContext reads the flags of a command that signs.
func txContext(cmd *cobra.Command) (client.Context, error) {
	clientCtx, err := client.GetClientTxContext(cmd)
	if err != nil {
		from, _ := cmd.Flags().GetString(flags.FlagFrom)
		return clientCtx, fmt.Errorf("--%s %s: %w; list the keys with: thetad keys list, for another folder with --home or --keyring-dir", flags.FlagFrom, from, err)
	}
	return clientCtx, nil
}

// untilInterrupted returns a context that ends with the first Ctrl-C or SIGTERM, so that
// a command that waits can say how to go on. The second one ends the program.
func untilInterrupted(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
