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

// ComputeCommand returns the commands for requesters.
func ComputeCommand() *cobra.Command {
	return group("compute", "Run jobs on other people's computers and verify the results", nil,
		computeRunCmd(), computeRetryCmd(), computeFetchCmd(), computeVerifyCmd(), computeReceiptCmd(), computeJobCmd(), computeTopUpCmd(),
		computeCancelCmd(), computeRedrawCmd(), computeLookCmd(), computeReviewCmd(true), computeReviewCmd(false),
		computeChallengeCmd(), computeMarketCmd())
}

// addComputeFlags adds the flags that every command needs that talks to a node.
func addComputeFlags(cmd *cobra.Command) {
	cmd.Flags().String(flags.FlagNode, "tcp://localhost:26657", "<host>:<port> of a node's CometBFT RPC interface; several are separated by commas, and the first that answers is used")
	cmd.Flags().String(flags.FlagChainID, "", "expected chain id; a node of another chain is refused")
	cmd.Flags().String(flags.FlagHome, app.DefaultNodeHome(), "folder with the client's configuration and keys")
}

// computeClient connects to the node that the flags and client.toml name.
func computeClient(ctx context.Context, clientCtx client.Context) (*requester.Client, error) {
	c, err := requester.New(ctx, clientCtx)
	if err != nil {
		return nil, err
	}
	if clientCtx.ChainID != "" && clientCtx.ChainID != c.ChainID() {
		return nil, fmt.Errorf("expected a node of chain %s, found a node of chain %s; change --node or --chain-id", clientCtx.ChainID, c.ChainID())
	}
	return c, nil
}

// txContext reads the flags of a command that signs.
func txContext(cmd *cobra.Command) (client.Context, error) {
	clientCtx, err := client.GetClientTxContext(cmd)
	if err != nil {
		from, _ := cmd.Flags().GetString(flags.FlagFrom)
		return clientCtx, fmt.Errorf("--%s %s: %w; list the keys with: thetad keys list (choose another folder with --home or --keyring-dir)", flags.FlagFrom, from, err)
	}
	return clientCtx, nil
}

// untilInterrupted returns a context that ends with the first Ctrl-C or SIGTERM, so that a
// command that waits can say how to continue. The second signal ends the program.
func untilInterrupted(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
