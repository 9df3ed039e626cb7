// Package app wires the chain: stores, keepers, modules, the checks before a transaction and
// the rules of a proposal. Each concern has its own file.
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

// App is the chain's state machine. New builds it once; after that, only consensus drives it.
type App struct {
	*baseapp.BaseApp
	Keepers

	encoding Encoding
	stores   stores

	ModuleManager      *module.Manager
	BasicModuleManager module.BasicManager
	configurator       module.Configurator
	// initializing reports whether the genesis is being written, including its transactions.
	initializing bool

	// pool contains the transactions that wait for a block; tried contains what the lanes of
	// recent blocks have held.
	pool  *pool.Pool
	tried tries

	closeOnce sync.Once
	closeErr  error
}

var _ servertypes.Application = (*App)(nil)

// DefaultNodeHome returns ~/.thetad, or .thetad in the working folder if the user does not
// have a home folder.
func DefaultNodeHome() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return "." + params.AppName
	}
	return filepath.Join(home, "."+params.AppName)
}

// New builds the app on db. If loadLatest is set, it loads the newest committed state, and
// panics if that cannot be read. Otherwise the caller loads a height before use. appOpts
// contains the values of app.toml and the command line.
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
	// The sum of a block's gas limits is bounded when the block is proposed, so a gas meter
	// for the block is redundant. Without one, sequential and parallel execution follow the
	// same rules.
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

// setHandlers sets the functions that baseapp calls at each step of a block.
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

// PreBlocker runs what must change before a block begins, upgrades first. Before that, it
// determines which txs go through the lane, on the state on which the block was proposed.
func (app *App) PreBlocker(ctx sdk.Context, req *abci.RequestFinalizeBlock) (*sdk.ResponsePreBlock, error) {
	app.pool.Forget(req.Txs, req.Height)
	if err := app.fillLane(ctx, req.Txs); err != nil {
		return nil, err
	}
	return app.ModuleManager.PreBlock(ctx)
}

// BeginBlocker runs the modules' BeginBlock in the order of the module manager.
func (app *App) BeginBlocker(ctx sdk.Context) (sdk.BeginBlock, error) {
	return app.ModuleManager.BeginBlock(ctx)
}

// EndBlocker runs the modules' EndBlock in the order of the module manager.
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

// LoadHeight loads the state committed at height instead of the newest one.
func (app *App) LoadHeight(height int64) error { return app.LoadVersion(height) }

// Close releases the database and the snapshot store. The server calls it more than once when
// it stops, and pebble panics if it is closed twice. Therefore only the first call closes
// them, and all calls return its error.
func (app *App) Close() error {
	app.closeOnce.Do(func() { app.closeErr = app.BaseApp.Close() })
	return app.closeErr
}

// AppCodec returns the codec of state and messages.
func (app *App) AppCodec() codec.Codec { return app.encoding.Codec }

// LegacyAmino returns the codec with which ledgers and multisigs sign.
func (app *App) LegacyAmino() *codec.LegacyAmino { return app.encoding.Amino }

// InterfaceRegistry returns the registry of all types that a tx may contain.
func (app *App) InterfaceRegistry() codectypes.InterfaceRegistry {
	return app.encoding.InterfaceRegistry
}

// TxConfig returns the encoding and the sign modes of transactions.
func (app *App) TxConfig() client.TxConfig { return app.encoding.TxConfig }
