// Package apptest drives the real app in a test as consensus would: blocks with signed
// transactions through FinalizeBlock and Commit, without a network. Keys are derived from
// names, so two chains with the same options have the same genesis and accept the same
// blocks.
package apptest

import (
	"slices"
	"strings"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cryptoenc "github.com/cometbft/cometbft/crypto/encoding"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app"
)

// ChainID is the id of every test chain.
const ChainID = "theta-test"

// Chain is an app with its accounts and one validator.
type Chain struct {
	App *app.App
	// Accounts hold the coins of the genesis. The validator's account is not one of them.
	Accounts []Account
	// Validator is the operator account of the only validator.
	Validator Account

	t        testing.TB
	settings settings
	db       dbm.DB
	height   int64
	time     time.Time
	// pending counts the txs that each signer has signed for the next block.
	pending map[string]uint64
	voters  voters
}

// New builds a chain, runs its genesis and commits a first block.
func New(t testing.TB, options ...Option) *Chain {
	t.Helper()
	c := prepare(t, options)
	c.time = GenesisTime()
	c.initChain()
	c.NextBlock()
	return c
}

// Fork exports the chain and builds another one from the export, which continues at the next
// height and the same time, with the same voters. The caller makes its first block; until
// then, Genesis reads the imported state.
func (c *Chain) Fork() *Chain {
	c.t.Helper()
	exported, err := c.App.ExportAppStateAndValidators(false, nil, nil)
	require.NoError(c.t, err)
	fork := prepare(c.t, []Option{func(s *settings) {
		*s = c.settings
		s.db, s.dir = dbm.NewMemDB(), ""
	}})
	fork.time, fork.height, fork.voters = c.time, exported.Height-1, c.voters.clone()
	validators := make([]abci.ValidatorUpdate, len(exported.Validators))
	for i, v := range exported.Validators {
		key, err := cryptoenc.PubKeyToProto(v.PubKey)
		require.NoError(c.t, err)
		validators[i] = abci.ValidatorUpdate{PubKey: key, Power: v.Power}
	}
	_, err = fork.App.InitChain(&abci.RequestInitChain{
		ChainId:         ChainID,
		Time:            fork.time,
		InitialHeight:   exported.Height,
		ConsensusParams: &exported.ConsensusParams,
		AppStateBytes:   exported.AppState,
		Validators:      validators,
	})
	require.NoError(c.t, err)
	return fork
}

// Genesis returns a context that reads the state of a fork before its first block.
func (c *Chain) Genesis() sdk.Context { return c.App.GetContextForFinalizeBlock(nil) }

// prepare opens the app and creates the accounts, before any genesis.
func prepare(t testing.TB, options []Option) *Chain {
	t.Helper()
	c := &Chain{t: t, settings: defaultSettings(), pending: make(map[string]uint64)}
	for _, option := range options {
		option(&c.settings)
	}
	c.Validator = NewAccount("validator")
	for i := range c.settings.accounts {
		c.Accounts = append(c.Accounts, Named(i))
	}
	c.open()
	t.Cleanup(c.close)
	return c
}

func (c *Chain) open() {
	c.t.Helper()
	c.db = c.settings.db
	if c.settings.dir != "" {
		var err error
		c.db, err = dbm.NewDB("application", dbm.PebbleDBBackend, c.settings.dir)
		require.NoError(c.t, err)
	}
	options := append([]func(*baseapp.BaseApp){baseapp.SetChainID(ChainID)}, c.settings.baseAppOptions...)
	c.App = app.New(log.NewNopLogger(), c.db, true, c.settings.appOptions, options...)
}

// close releases what open acquired. A database in memory stays as it is.
func (c *Chain) close() {
	if c.settings.dir != "" {
		require.NoError(c.t, c.App.Close())
	}
}

// Restart builds the app again on the same database, like a node that was stopped between two
// blocks.
func (c *Chain) Restart() {
	c.t.Helper()
	c.close()
	c.open()
	require.Equal(c.t, c.height, c.App.LastBlockHeight(), "the last committed height is loaded")
}

func (c *Chain) initChain() {
	c.t.Helper()
	response, err := c.App.InitChain(&abci.RequestInitChain{
		ChainId:         ChainID,
		Time:            GenesisTime(),
		InitialHeight:   c.settings.initial,
		ConsensusParams: c.consensusParams(),
		AppStateBytes:   c.genesisState(),
	})
	require.NoError(c.t, err)
	require.Len(c.t, response.Validators, 1, "the genesis transaction makes one validator")
	c.height = c.settings.initial - 1
	c.voters.start(c.t, response.Validators)
}

// NextBlock runs txs as the next block and commits it. The header time advances by the block
// time.
func (c *Chain) NextBlock(txs ...[]byte) *abci.ResponseFinalizeBlock {
	c.t.Helper()
	c.height++
	c.time = c.time.Add(c.settings.blockTime)
	response, err := c.App.FinalizeBlock(&abci.RequestFinalizeBlock{
		Height:            c.height,
		Time:              c.time,
		Txs:               txs,
		ProposerAddress:   ConsensusKey().PubKey().Address(),
		DecidedLastCommit: c.voters.commit(),
	})
	require.NoError(c.t, err)
	c.voters.follow(c.t, response.ValidatorUpdates)
	require.Len(c.t, response.TxResults, len(txs))
	_, err = c.App.Commit()
	require.NoError(c.t, err)
	clear(c.pending)
	return response
}

// Blocks runs n empty blocks.
func (c *Chain) Blocks(n int) {
	c.t.Helper()
	for range n {
		c.NextBlock()
	}
}

// Skip advances the clock by d, so that the next block is that much later.
func (c *Chain) Skip(d time.Duration) { c.time = c.time.Add(d) }

// Height returns the last committed height.
func (c *Chain) Height() int64 { return c.height }

// Time returns the header time of the last block.
func (c *Chain) Time() time.Time { return c.time }

// AppHash returns the hash of the last committed state.
func (c *Chain) AppHash() []byte { return c.App.LastCommitID().Hash }

// Ctx returns a context that reads the last committed state. Writes to it are discarded.
func (c *Chain) Ctx() sdk.Context {
	c.t.Helper()
	ctx, err := c.App.CreateQueryContext(0, false)
	require.NoError(c.t, err)
	return ctx.WithBlockTime(c.time).WithChainID(ChainID)
}

// OwnMessages returns the type URLs of the messages of this chain's own modules,
// sorted, as the app has registered them.
func (c *Chain) OwnMessages() []string {
	var urls []string
	for _, url := range c.App.InterfaceRegistry().ListImplementations(sdk.MsgInterfaceProtoName) {
		if strings.HasPrefix(url, "/theta.") {
			urls = append(urls, url)
		}
	}
	slices.Sort(urls)
	return urls
}

// Propose returns the block that the app proposes next.
func (c *Chain) Propose() [][]byte {
	c.t.Helper()
	response, err := c.App.PrepareProposal(&abci.RequestPrepareProposal{
		Height: c.height + 1, Time: c.time.Add(c.settings.blockTime), MaxTxBytes: c.consensusParams().Block.MaxBytes,
	})
	require.NoError(c.t, err)
	return response.Txs
}

// Judge returns the app's verdict on a proposal of txs.
func (c *Chain) Judge(txs ...[]byte) abci.ResponseProcessProposal_ProposalStatus {
	c.t.Helper()
	response, err := c.App.ProcessProposal(&abci.RequestProcessProposal{
		Height: c.height + 1,
		Time:   c.time.Add(c.settings.blockTime),
		Txs:    txs,
	})
	require.NoError(c.t, err)
	return response.Status
}

// Check runs the mempool's check of tx.
func (c *Chain) Check(tx []byte) *abci.ResponseCheckTx {
	c.t.Helper()
	response, err := c.App.CheckTx(&abci.RequestCheckTx{Tx: tx, Type: abci.CheckTxType_New})
	require.NoError(c.t, err)
	return response
}
