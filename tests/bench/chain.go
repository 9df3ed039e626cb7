package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	store "github.com/cosmos/cosmos-sdk/store/v2"
	pruningtypes "github.com/cosmos/cosmos-sdk/store/v2/pruning/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/database"
)

const (
	chainID = "theta-bench"
	// blockTime is the time between two headers.
	blockTime = 1500 * time.Millisecond
	// iavlCacheNodes is the value that thetad init writes to app.toml.
	iavlCacheNodes = 2_000_000
)

// options takes the place of app.toml.
type options map[string]any

// Get returns the value of key, or nil.
func (o options) Get(key string) any { return o[key] }

// chain drives one app as consensus does. It is not safe for concurrent use.
type chain struct {
	app    *app.App
	store  *countingStore
	height int64
	time   time.Time
}

// openChain builds the app on a pebble database in dir, with the settings that thetad init
// writes. Its state is a genesis to which load has added the bulk.
func openChain(dir, executor string, load func(sdk.Context, *app.App) error) (*chain, error) {
	state, err := database.OpenIn("application", dbm.PebbleDBBackend, dir)
	if err != nil {
		return nil, fmt.Errorf("open the database in %s: %w", dir, err)
	}
	origin, err := originate(state, filepath.Join(dir, "origin"), load)
	if err != nil {
		return nil, err
	}
	c := &chain{store: newCountingStore(state), height: origin.height, time: origin.time}
	c.app = newApp(state, c.store, executor)
	return c, c.app.LoadLatestVersion()
}

// originate runs the genesis and a first block on a separate chain, adds the bulk of the
// state without trees, and restores all of it into db.
func originate(db dbm.DB, dir string, load func(sdk.Context, *app.App) error) (c *chain, err error) {
	small, err := database.OpenIn("genesis", dbm.PebbleDBBackend, dir)
	if err != nil {
		return nil, fmt.Errorf("open the database in %s: %w", dir, err)
	}
	c = &chain{store: newCountingStore(small), time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	c.app = newApp(small, c.store, serverconfig.BlockExecutorSequential)
	defer func() {
		err = errors.Join(err, c.app.Close(), os.RemoveAll(dir))
	}()
	if err := c.app.LoadLatestVersion(); err != nil {
		return nil, err
	}
	if err := c.begin(); err != nil {
		return nil, err
	}
	flat, err := newFlatStore(c.app, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, flat.db.Close()) }()
	header := cmtproto.Header{ChainID: chainID, Height: c.height, Time: c.time}
	if err := load(sdk.NewContext(flat, header, false, log.NewNopLogger()), c.app); err != nil {
		return nil, err
	}
	runtime.GC()
	if err := restoreTrees(flat, db, c.height); err != nil {
		return nil, fmt.Errorf("restore the state: %w", err)
	}
	return c, nil
}

func newApp(db dbm.DB, state *countingStore, executor string) *app.App {
	return app.New(log.NewNopLogger(), db, false, options{"block-executor": executor},
		baseapp.SetChainID(chainID),
		func(b *baseapp.BaseApp) { b.SetCMS(state) },
		baseapp.SetPruning(pruningtypes.NewPruningOptions(pruningtypes.PruningDefault)),
		baseapp.SetIAVLCacheSize(iavlCacheNodes),
		baseapp.SetIAVLDisableFastNode(true),
		baseapp.SetIAVLSyncPruning(false),
		baseapp.SetInterBlockCache(store.NewCommitKVStoreCacheManager()),
	)
}

// begin runs the genesis and the first block.
func (c *chain) begin() error {
	state, err := genesisState(c.app, c.time)
	if err != nil {
		return err
	}
	consensus := app.DefaultConsensusParams()
	// A batch may be larger than a block with the default gas limit allows; the report gives
	// the gas per task instead.
	consensus.Block.MaxGas = -1
	proto := consensus.ToProto()
	if _, err := c.app.InitChain(&abci.RequestInitChain{
		ChainId: chainID, Time: c.time, InitialHeight: 1, ConsensusParams: &proto, AppStateBytes: state,
	}); err != nil {
		return fmt.Errorf("run the genesis: %w", err)
	}
	_, _, err = c.block(nil)
	return err
}

// block runs txs as the next block and commits it. It returns the time that both took.
func (c *chain) block(txs [][]byte) (*abci.ResponseFinalizeBlock, cost, error) {
	c.height++
	c.time = c.time.Add(blockTime)
	proposer := consensusKey().PubKey().Address()
	var last abci.CommitInfo
	if c.height > 1 {
		last.Votes = []abci.VoteInfo{{
			Validator:   abci.Validator{Address: proposer, Power: validatorPower},
			BlockIdFlag: 2, // commit
		}}
	}
	request := &abci.RequestFinalizeBlock{
		Height: c.height, Time: c.time, Txs: txs, ProposerAddress: proposer, DecidedLastCommit: last,
	}
	used, err := processorTime()
	if err != nil {
		return nil, cost{}, err
	}
	start := time.Now()
	response, err := c.app.FinalizeBlock(request)
	if err != nil {
		return nil, cost{}, fmt.Errorf("block %d: %w", c.height, err)
	}
	if _, err := c.app.Commit(); err != nil {
		return nil, cost{}, fmt.Errorf("commit block %d: %w", c.height, err)
	}
	wall := time.Since(start)
	now, err := processorTime()
	return response, cost{wall: wall, cpu: now - used}, err
}

// skip advances the clock, so that the next block is that much later.
func (c *chain) skip(d time.Duration) { c.time = c.time.Add(d) }

// ctx returns a context that reads the last committed state.
func (c *chain) ctx() (sdk.Context, error) {
	ctx, err := c.app.CreateQueryContext(0, false)
	return ctx.WithBlockTime(c.time), err
}

func (c *chain) close() error { return c.app.Close() }
