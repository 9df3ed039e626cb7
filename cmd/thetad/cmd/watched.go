package cmd

import (
	"context"
	"fmt"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cast"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/server"
	"github.com/cosmos/cosmos-sdk/server/api"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/cmd/thetad/watchdog"
	"github.com/thetaedge/theta/internal/osfault"
)

const (
	watchdogEnable     = "watchdog.enable"
	watchdogStaleAfter = "watchdog.stale-after"
)

// watchdogTemplate is the watchdog's section of app.toml.
const watchdogTemplate = `
###############################################################################
###                               Watchdog                                  ###
###############################################################################

[watchdog]

# A node whose consensus has stopped keeps answering queries. With enable, the process ends
# instead, so that a supervisor can act: exit code 10 for halt-height and halt-time, 11 for
# an upgrade that needs another binary, 12 for any other failure of consensus, 13 for a full
# disk. Lost quorum, syncing and missing peers do not end the process.
enable = {{ .Watchdog.Enable }}

# The age of the last block above which GET /theta/health looks for a reason.
stale-after = "{{ .Watchdog.StaleAfter }}"
`

// nodeConfig is app.toml: the SDK's sections and the watchdog's.
type nodeConfig struct {
	serverconfig.Config `mapstructure:",squash"`

	Watchdog watchdog.Settings `mapstructure:"watchdog"`
}

// watchdogSettings reads the watchdog's section of app.toml. A file without that section,
// which an older node has, gets the defaults.
func watchdogSettings(options servertypes.AppOptions) (watchdog.Settings, error) {
	settings := watchdog.DefaultSettings()
	var err error
	if value := options.Get(watchdogEnable); value != nil {
		if settings.Enable, err = cast.ToBoolE(value); err != nil {
			return settings, fmt.Errorf("%s in app.toml: expected true or false, found %v", watchdogEnable, value)
		}
	}
	if value := options.Get(watchdogStaleAfter); value != nil {
		if settings.StaleAfter, err = cast.ToDurationE(value); err != nil || settings.StaleAfter < time.Second {
			return settings, fmt.Errorf("%s in app.toml: expected a duration of at least 1s such as 1m, found %v", watchdogStaleAfter, value)
		}
	}
	return settings, nil
}

// watchedApp is the app of a running node. The watchdog observes its blocks, and its API
// reports the node's health.
type watchedApp struct {
	*app.App

	dog *watchdog.Watchdog
}

// newWatchedApp builds the app of a running node.
func newWatchedApp(dog *watchdog.Watchdog) servertypes.AppCreator {
	return func(logger log.Logger, db dbm.DB, options servertypes.AppOptions) servertypes.Application {
		return watchedApp{newChain(logger, db, options), dog}
	}
}

// FinalizeBlock runs a block.
func (a watchedApp) FinalizeBlock(req *abci.RequestFinalizeBlock) (res *abci.ResponseFinalizeBlock, err error) {
	err = a.dog.Block("block "+fmt.Sprint(req.Height), func() (int64, error) {
		var failure error
		res, failure = a.App.FinalizeBlock(req)
		return 0, failure
	})
	return res, err
}

// Commit writes the state of a block.
func (a watchedApp) Commit() (res *abci.ResponseCommit, err error) {
	err = a.dog.Block("commit", func() (int64, error) {
		var failure error
		res, failure = a.App.Commit()
		return a.LastBlockHeight(), failure
	})
	return res, err
}

// RegisterAPIRoutes adds the node's health to the routes of the app.
func (a watchedApp) RegisterAPIRoutes(server *api.Server, cfg serverconfig.APIConfig) {
	server.Router.Handle(watchdog.HealthPath, a.dog).Methods("GET", "HEAD")
	a.App.RegisterAPIRoutes(server, cfg)
}

// watch makes the start command watch the node that it runs.
func watch(root *cobra.Command, dog *watchdog.Watchdog) {
	start, _, err := root.Find([]string{"start"})
	if err != nil {
		panic(err)
	}
	run := start.RunE
	start.RunE = func(cmd *cobra.Command, args []string) error {
		serverCtx := server.GetServerContextFromCmd(cmd)
		settings, err := watchdogSettings(serverCtx.Viper)
		if err != nil {
			return err
		}
		dog.Configure(settings)
		dog.FreeBytes = func() (uint64, bool) { return osfault.Free(serverCtx.Config.DBDir()) }
		serverCtx.Logger = dog.Logger(serverCtx.Logger)
		if err := server.SetCmdServerContext(cmd, serverCtx); err != nil {
			return err
		}
		return watchdog.OfStart(run(cmd, args))
	}
}

// watchNode starts the watchdog when the node runs. A node without its own consensus, as
// with --grpc-only, is not watched.
func watchNode(dog *watchdog.Watchdog) func(*server.Context, client.Context, context.Context, *errgroup.Group) error {
	return func(svrCtx *server.Context, clientCtx client.Context, ctx context.Context, g *errgroup.Group) error {
		if node, ok := clientCtx.Client.(watchdog.Node); ok && !svrCtx.Viper.GetBool("grpc-only") {
			dog.Watch(ctx, g, node, svrCtx.Logger)
		}
		return nil
	}
}
