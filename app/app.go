// Package app wires the chain: stores, keepers, modules, the checks before a
// transaction and the rules of a proposal. Each concern has its own file.
package app

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/baseapp/blockexec"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/version"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/app/pool"
)

// App is the chain's state machine. It is built once by New and then driven by
// consensus only.
type App struct {
	*baseapp.BaseApp
	Keepers

	encoding Encoding
	stores   stores

	ModuleManager      *module.Manager
	BasicModuleManager module.BasicManager
	configurator       module.Configurator
	// initializing says that the genesis is being written, gentxs among it.
	initializing bool

	// pool holds the transactions that wait for a block, tried what the lanes of the last
	// ones have held.
	pool  *pool.Pool
	tried tries

	closeOnce sync.Once
	closeErr  error
}

var _ servertypes.Application = (*App)(nil)

// DefaultNodeHome returns ~/.thetad, or .thetad in the working folder for a
// user without a home.
func DefaultNodeHome() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return "." + params.AppName
	}
	return filepath.Join(home, "."+params.AppName)
}

// New builds the app on db. With loadLatest it loads the newest committed state
// and panics if that cannot be read; otherwise the caller loads a height before
// use. appOpts are the values of app.toml and the command line.
func New(
	logger log.Logger, db dbm.DB, loadLatest bool, appOpts servertypes.AppOptions,
	baseAppOptions ...func(*baseapp.BaseApp),
) *App {
	params.SetSDKDefaults()

	encoding := NewEncoding()
	base := baseapp.NewBaseApp(params.AppName, logger, db, encoding.TxConfig.TxDecoder(), baseAppOptions...)
	base.SetVersion(version.Version)
	base.SetInterfaceRegistry(encoding.InterfaceRegistry)
	base.SetTxEncoder(encoding.TxConfig.TxEncoder())
	// The sum of a block's gas limits is bounded when it is proposed, so a meter
	// for the block says nothing new; without one, sequential and parallel
	// execution follow the same rules.
	base.SetDisableBlockGasMeter(true)

	app := &App{BaseApp: base, encoding: encoding, stores: newStores()}
	if err := base.RegisterStreamingServices(appOpts, app.stores.kv); err != nil {
		panic(fmt.Errorf("register state streaming: %w", err))
	}
	app.Keepers = newKeepers(app, logger, appOpts)
	app.setModules()
	app.stores.mount(base)
	app.setMempool(appOpts)
	app.setHandlers()
	app.setUpgrades()
	blockexec.Apply(base, appOpts, app.stores.all(), encoding.TxConfig.TxDecoder(),
		func(storetypes.MultiStore) string { return params.BaseDenom })

	if loadLatest {
		if err := app.LoadLatestVersion(); err != nil {
			panic(fmt.Errorf("load the newest state: %w", err))
		}
	}
	return app
}

// setHandlers gives baseapp what it calls at each step of a block.
func (app *App) setHandlers() {
	app.SetInitChainer(app.InitChainer)
	app.SetPreBlocker(app.PreBlocker)
	app.SetBeginBlocker(app.BeginBlocker)
	app.SetEndBlocker(app.EndBlocker)
	app.SetPrecommiter(app.Precommiter)
	app.SetPrepareCheckStater(app.PrepareCheckStater)
	app.SetAnteHandler(app.atGenesis(newAnteHandler(app)))
	app.setProposalHandlers()
}

// InitChainer writes the genesis state.
func (app *App) InitChainer(ctx sdk.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	var genesis GenesisState
	if err := json.Unmarshal(req.AppStateBytes, &genesis); err != nil {
		return nil, fmt.Errorf("read the genesis app state: %w", err)
	}
	if err := app.UpgradeKeeper.SetModuleVersionMap(ctx, app.ModuleManager.GetVersionMap()); err != nil {
		return nil, err
	}
	app.initializing = true
	defer func() { app.initializing = false }()
	return app.ModuleManager.InitGenesis(ctx, app.encoding.Codec, genesis)
}

// PreBlocker runs what must change before a block begins, upgrades first. Which txs go
// through the lane is found before that, on the state on which the block was proposed.
func (app *App) PreBlocker(ctx sdk.Context, req *abci.RequestFinalizeBlock) (*sdk.ResponsePreBlock, error) {
	app.pool.Forget(req.Txs, req.Height)
	if err := app.fillLane(ctx, req.Txs); err != nil {
		return nil, err
	}
	return app.ModuleManager.PreBlock(ctx)
}

// BeginBlocker runs the modules' BeginBlock in their order.
func (app *App) BeginBlocker(ctx sdk.Context) (sdk.BeginBlock, error) {
	return app.ModuleManager.BeginBlock(ctx)
}

// EndBlocker runs the modules' EndBlock in their order.
func (app *App) EndBlocker(ctx sdk.Context) (sdk.EndBlock, error) {
	if err := app.noteTried(ctx); err != nil {
		return sdk.EndBlock{}, err
	}
	return app.ModuleManager.EndBlock(ctx)
}

// Precommiter runs just before a block's state is committed.
func (app *App) Precommiter(ctx sdk.Context) {
	if err := app.ModuleManager.Precommit(ctx); err != nil {
		panic(err)
	}
}

// PrepareCheckStater runs just after a block's state has been committed.
func (app *App) PrepareCheckStater(ctx sdk.Context) {
	if err := app.ModuleManager.PrepareCheckState(ctx); err != nil {
		panic(err)
	}
}

// LoadHeight loads the state committed at height instead of the newest.
func (app *App) LoadHeight(height int64) error { return app.LoadVersion(height) }

// Close releases the database and the snapshot store. The server closes more
// than once on its way out, and pebble panics on a second time, so only the
// first call does it; all return its error.
func (app *App) Close() error {
	app.closeOnce.Do(func() { app.closeErr = app.BaseApp.Close() })
	return app.closeErr
}

// AppCodec returns the codec of state and messages.
func (app *App) AppCodec() codec.Codec { return app.encoding.Codec }

// LegacyAmino returns the codec that ledgers and multisigs sign with.
func (app *App) LegacyAmino() *codec.LegacyAmino { return app.encoding.Amino }

// InterfaceRegistry returns the registry of every type that a tx may carry.
func (app *App) InterfaceRegistry() codectypes.InterfaceRegistry {
	return app.encoding.InterfaceRegistry
}

// TxConfig returns the encoding and the sign modes of transactions.
func (app *App) TxConfig() client.TxConfig { return app.encoding.TxConfig }
