package ibc_test

import (
	"context"
	"encoding/hex"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"
	ibctesting "github.com/cosmos/ibc-go/v11/testing"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	simtestutil "github.com/cosmos/cosmos-sdk/testutil/sims"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app"
)

// twin is a second machine of a chain, which executes transactions in parallel. It receives the blocks
// of the chain and must reach the same state, so that each test of this package is also a test that
// packets do the same on every machine.
type twin struct {
	t   *testing.T
	app *app.App
	// chain is the id of the chain. It is known at genesis.
	chain string
	// begun reports whether the state of the next block is open.
	begun bool
}

var _ storetypes.ABCIListener = (*twin)(nil)

// follow opens a twin that will receive the blocks of leader.
func follow(t *testing.T, leader *app.App) *twin {
	t.Helper()
	f := &twin{t: t, app: app.New(log.NewNopLogger(), dbm.NewMemDB(), true, simtestutil.AppOptionsMap{
		"block-executor": serverconfig.BlockExecutorBlockSTM, "block-stm-workers": 4,
	})}
	leader.SetStreamingManager(storetypes.StreamingManager{ABCIListeners: []storetypes.ABCIListener{f}, StopNodeOnErr: true})
	return f
}

// initChain gives the twin the genesis of the chain.
func (f *twin) initChain(request *abci.RequestInitChain, expected *abci.ResponseInitChain) {
	f.t.Helper()
	f.chain = request.ChainId
	baseapp.SetChainID(f.chain)(f.app.BaseApp)
	found, err := f.app.InitChain(request)
	require.NoError(f.t, err, "twin of %s", f.chain)
	require.Equal(f.t, expected.AppHash, found.AppHash, "app hash of the twin of %s after genesis", f.chain)
}

// ListenFinalizeBlock gives the twin a block of the chain. It fails the test if the twin's app hash, or
// code, data or gas of a transaction, differ.
func (f *twin) ListenFinalizeBlock(_ context.Context, request abci.RequestFinalizeBlock, expected abci.ResponseFinalizeBlock) error {
	f.t.Helper()
	f.begun = false
	found, err := f.app.FinalizeBlock(&request)
	require.NoError(f.t, err, "block %d of the twin of %s", request.Height, f.chain)
	require.Len(f.t, found.TxResults, len(expected.TxResults), "block %d of the twin of %s", request.Height, f.chain)
	for i, want := range expected.TxResults {
		result := found.TxResults[i]
		require.Equal(f.t, want.Code, result.Code, "code of tx %d of block %d of the twin of %s: %s", i, request.Height, f.chain, result.Log)
		require.Equal(f.t, want.Data, result.Data, "data of tx %d of block %d of the twin of %s", i, request.Height, f.chain)
		require.Equal(f.t, want.GasUsed, result.GasUsed, "gas of tx %d of block %d of the twin of %s", i, request.Height, f.chain)
	}
	require.Equal(f.t, hex.EncodeToString(expected.AppHash), hex.EncodeToString(found.AppHash),
		"app hash of block %d of the twin of %s", request.Height, f.chain)
	_, err = f.app.Commit()
	require.NoError(f.t, err, "block %d of the twin of %s", request.Height, f.chain)
	return nil
}

// ListenCommit does nothing: the twin has committed the block.
func (f *twin) ListenCommit(context.Context, abci.ResponseCommit, []*storetypes.StoreKVPair) error {
	return nil
}

// between changes the state of a chain between two blocks, without a transaction, and in the same way
// that of its twin. An error of the chain is returned.
func between(chain *ibctesting.TestChain, change func(*app.App, sdk.Context) error) error {
	if err := change(appOf(chain), chain.GetContext()); err != nil {
		return err
	}
	f := chain.App.(testApp).twin
	if !f.begun {
		f.app.NewNextBlockContext(chain.ProposedHeader)
		f.begun = true
	}
	return change(f.app, f.app.NewContextLegacy(false, chain.ProposedHeader))
}
