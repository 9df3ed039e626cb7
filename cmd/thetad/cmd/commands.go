package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cast"
	"github.com/spf13/cobra"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
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
	"github.com/thetaedge/theta/app/database"
	"github.com/thetaedge/theta/cmd/thetad/watchdog"
)

// addCommands adds the commands that do not come from a module.
func addCommands(root *cobra.Command, chain *app.App) {
	home := app.DefaultNodeHome()
	root.AddCommand(
		newInitCmd(chain, home),
		newTestnetCmd(chain),
		newConfigCmd(),
		debug.Cmd(),
		pruneCmd(home),
		snapshot.Cmd(newApp),
	)
	dog := watchdog.New()
	server.AddCommandsWithStartCmdOptions(root, home, newWatchedApp(dog), exportApp, server.StartCmdOptions{
		DBOpener: database.Open, PostSetup: watchNode(dog),
	})
	watch(root, dog)
	needGenesis(root)
	addInPlaceTestnet(root)
	root.AddCommand(
		server.StatusCommand(),
		server.ModuleHashByHeightQuery(newApp),
		genutilcli.Commands(chain.TxConfig(), chain.BasicModuleManager, home),
		queryCmd(),
		txCmd(),
		keys.Commands(),
		BeaconCommand(),
		ComputeCommand(),
	)
}

// needGenesis makes the start command explain what is missing when thetad init has not
// created the home folder.
func needGenesis(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		if cmd.Name() != "start" {
			continue
		}
		run := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			config := server.GetServerContextFromCmd(cmd).Config
			if _, err := os.Stat(config.GenesisFile()); errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("expected a genesis at %s, found none; run thetad init, or copy the genesis of the chain that you join", config.GenesisFile())
			}
			return run(cmd, args)
		}
	}
}

// group returns a command that only holds other commands.
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
	return group("query", "Query a node about the chain", []string{"q"},
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

// pruneCmd is the SDK's prune command with this chain's database as its default, because
// that command does not read app.toml.
func pruneCmd(home string) *cobra.Command {
	cmd := pruning.Cmd(newApp, home)
	backend := cmd.Flags().Lookup(pruning.FlagAppDBBackend)
	backend.DefValue = string(dbm.PebbleDBBackend)
	if err := backend.Value.Set(backend.DefValue); err != nil {
		panic(err)
	}
	return cmd
}

// newApp builds the app for a command that works on a node's state.
func newApp(logger log.Logger, db dbm.DB, options servertypes.AppOptions) servertypes.Application {
	return newChain(logger, db, options)
}

// newChain builds the app with the options of app.toml.
func newChain(logger log.Logger, db dbm.DB, options servertypes.AppOptions) *app.App {
	base := append(server.DefaultBaseappOptions(options), keepTreeLayout(options))
	return app.New(logger, db, true, options, base...)
}

// keepTreeLayout opens the state without fast nodes unless app.toml asks for them. A
// command that has not read app.toml must not rewrite a node's stores.
func keepTreeLayout(options servertypes.AppOptions) func(*baseapp.BaseApp) {
	disable := options.Get(server.FlagDisableIAVLFastNode)
	return baseapp.SetIAVLDisableFastNode(disable == nil || cast.ToBool(disable))
}

// exportApp reads the state at height, or the newest state for -1, as a genesis. It does
// not log, because the genesis goes to standard output.
func exportApp(
	_ log.Logger, db dbm.DB, height int64, forZeroHeight bool, allowedValidators []string,
	options servertypes.AppOptions, modules []string,
) (servertypes.ExportedApp, error) {
	chain := app.New(log.NewNopLogger(), db, height == -1, options, keepTreeLayout(options))
	if height != -1 {
		if err := chain.LoadHeight(height); err != nil {
			return servertypes.ExportedApp{}, fmt.Errorf("load height %d: %w", height, err)
		}
	}
	return chain.ExportAppStateAndValidators(forZeroHeight, allowedValidators, modules)
}
