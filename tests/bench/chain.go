package bench

import (
	"fmt"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	store "github.com/cosmos/cosmos-sdk/store/v2"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app"
)

const (
	chainID = "theta-bench"
	// blockTime is how far apart headers are.
	blockTime = 1500 * time.Millisecond
	// iavlCacheNodes is what thetad init writes to app.toml.
	iavlCacheNodes = 2_000_000
)

// options stands for app.toml.
type options map[string]any

// Get returns the value of key, or nil.
func (o options) Get(key string) any { return o[key] }

// chain drives one app as consensus does. It is not safe for concurrent use.
type chain struct {
	app     *app.App
	store   *countingStore
	height  int64
	time    time.Time
	genesis time.Time
}

// openChain builds the app on a pebble database in dir with the settings that
// thetad init writes, and runs its genesis; load writes the bulk of the state.
func openChain(dir, executor string, load func(sdk.Context, *app.App) error) (*chain, error) {
	db, err := dbm.NewDB("application", dbm.PebbleDBBackend, dir)
	if err != nil {
		return nil, fmt.Errorf("open the database in %s: %w", dir, err)
	}
	genesis := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := &chain{store: newCountingStore(db), time: genesis, genesis: genesis}
	c.app = app.New(log.NewNopLogger(), db, false, options{"block-executor": executor},
		baseapp.SetChainID(chainID),
		func(b *baseapp.BaseApp) { b.SetCMS(c.store) },
		baseapp.SetIAVLCacheSize(iavlCacheNodes),
		baseapp.SetIAVLDisableFastNode(true),
		baseapp.SetInterBlockCache(store.NewCommitKVStoreCacheManager()),
	)
	c.app.SetInitChainer(func(ctx sdk.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
		response, err := c.app.InitChainer(ctx, req)
		if err != nil {
			return nil, err
		}
		return response, load(ctx, c.app)
	})
	if err := c.app.LoadLatestVersion(); err != nil {
		return nil, err
	}
	state, err := genesisState(c.app, genesis)
	if err != nil {
		return nil, err
	}
	consensus := app.DefaultConsensusParams()
	// A batch may be larger than what a block of the default takes; the gas of a
	// task is in the report instead.
	consensus.Block.MaxGas = -1
	proto := consensus.ToProto()
	if _, err := c.app.InitChain(&abci.RequestInitChain{
		ChainId: chainID, Time: genesis, InitialHeight: 1, ConsensusParams: &proto, AppStateBytes: state,
	}); err != nil {
		return nil, fmt.Errorf("run the genesis: %w", err)
	}
	_, _, err = c.block(nil)
	return c, err
}

// block runs txs as the next block and commits it. It returns what both took.
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

// skip moves the clock on, so that the next block is that much later.
func (c *chain) skip(d time.Duration) { c.time = c.time.Add(d) }

// ctx reads the last committed state.
func (c *chain) ctx() (sdk.Context, error) {
	ctx, err := c.app.CreateQueryContext(0, false)
	return ctx.WithBlockTime(c.time), err
}

func (c *chain) close() error { return c.app.Close() }
