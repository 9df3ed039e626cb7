package cmd

import (
	"fmt"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cobra"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/debug"
	"github.com/cosmos/cosmos-sdk/client/keys"
	"github.com/cosmos/cosmos-sdk/client/pruning"
	"github.com/cosmos/cosmos-sdk/client/rpc"
	"github.com/cosmos/cosmos-sdk/client/snapshot"
	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	authcli "github.com/cosmos/cosmos-sdk/x/auth/client/cli"
	genutilcli "github.com/cosmos/cosmos-sdk/x/genutil/client/cli"

	"github.com/thetaedge/theta/app"
)

// addCommands adds what does not come from a module.
func addCommands(root *cobra.Command, chain *app.App) {
	home := app.DefaultNodeHome()
	root.AddCommand(
		newInitCmd(chain, home),
		newTestnetCmd(chain),
		newConfigCmd(),
		debug.Cmd(),
		pruning.Cmd(newApp, home),
		snapshot.Cmd(newApp),
	)
	server.AddCommandsWithStartCmdOptions(root, home, newApp, exportApp, server.StartCmdOptions{})
	root.AddCommand(
		server.StatusCommand(),
		server.ModuleHashByHeightQuery(newApp),
		genutilcli.Commands(chain.TxConfig(), chain.BasicModuleManager, home),
		queryCmd(),
		txCmd(),
		keys.Commands(),
	)
}

// group returns a command that only holds others.
func group(use, short string, aliases []string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:                        use,
		Aliases:                    aliases,
		Short:                      short,
		SuggestionsMinimumDistance: 2,
		RunE:                       client.ValidateCmd,
	}
	cmd.AddCommand(children...)
	return cmd
}

func queryCmd() *cobra.Command {
	return group("query", "Ask a node about the chain", []string{"q"},
		rpc.WaitTxCmd(),
		rpc.ValidatorCommand(),
		server.QueryBlockCmd(),
		server.QueryBlocksCmd(),
		server.QueryBlockResultsCmd(),
		authcli.QueryTxCmd(),
		authcli.QueryTxsByEventsCmd(),
	)
}

func txCmd() *cobra.Command {
	return group("tx", "Sign and send transactions", nil,
		authcli.GetSignCommand(),
		authcli.GetSignBatchCommand(),
		authcli.GetMultiSignCommand(),
		authcli.GetMultiSignBatchCmd(),
		authcli.GetValidateSignaturesCommand(),
		authcli.GetBroadcastCommand(),
		authcli.GetEncodeCommand(),
		authcli.GetDecodeCommand(),
		authcli.GetSimulateCmd(),
	)
}

// newApp builds the app of a running node.
func newApp(logger log.Logger, db dbm.DB, options servertypes.AppOptions) servertypes.Application {
	return app.New(logger, db, true, options, server.DefaultBaseappOptions(options)...)
}

// exportApp reads the state at height, or the newest for -1, as a genesis.
func exportApp(
	logger log.Logger, db dbm.DB, height int64, forZeroHeight bool, allowedValidators []string,
	options servertypes.AppOptions, modules []string,
) (servertypes.ExportedApp, error) {
	chain := app.New(logger, db, height == -1, options)
	if height != -1 {
		if err := chain.LoadHeight(height); err != nil {
			return servertypes.ExportedApp{}, fmt.Errorf("load height %d: %w", height, err)
		}
	}
	return chain.ExportAppStateAndValidators(forZeroHeight, allowedValidators, modules)
}
