package app_test

import (
	"bytes"
	"math"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/testutil/apptest"
)

const (
	accept = abci.ResponseProcessProposal_ACCEPT
	reject = abci.ResponseProcessProposal_REJECT
)

func smallBlocks(gas, size int64) apptest.Option {
	return apptest.WithConsensus(func(p *cmttypes.ConsensusParams) {
		p.Block.MaxGas, p.Block.MaxBytes = gas, size
	})
}

func TestProposalWithUndecodableTxIsRefused(t *testing.T) {
	chain := apptest.New(t)
	good := chain.Sign(chain.Accounts[0], send(chain))
	require.Equal(t, accept, chain.Judge(good))
	require.Equal(t, reject, chain.Judge(good, []byte("not a tx")))
	require.Equal(t, reject, chain.Judge(good, nil))
}

func TestProposalOverBlockGasIsRefused(t *testing.T) {
	chain := apptest.New(t, smallBlocks(1_000_000, 1<<20))
	half := func(gas uint64) []byte {
		return chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(gas))
	}
	first := half(500_000)
	require.Equal(t, accept, chain.Judge(first, half(500_000)))
	require.Equal(t, reject, chain.Judge(first, half(500_001)))
	require.Equal(t, reject, chain.Judge(first, half(math.MaxUint64-400_000)), "limits whose sum overflows")
}

func TestProposalOverBlockBytesIsRefused(t *testing.T) {
	chain := apptest.New(t, smallBlocks(1_000_000, 2_000))
	small := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(100_000))
	large := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(100_000),
		apptest.WithMemo(string(bytes.Repeat([]byte("m"), 2_000))))
	require.Equal(t, accept, chain.Judge(small))
	require.Equal(t, reject, chain.Judge(large))
}

func TestProposalMayFillTheBytesOfABlock(t *testing.T) {
	signed := func(size int64) (*apptest.Chain, []byte) {
		chain := apptest.New(t, smallBlocks(1_000_000, size))
		return chain, chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(100_000))
	}
	_, tx := signed(2_000)
	size := cmttypes.ComputeProtoSizeForTxs(cmttypes.ToTxs([][]byte{tx}))
	full, tx := signed(size)
	require.Equal(t, accept, full.Judge(tx))
	small, tx := signed(size - 1)
	require.Equal(t, reject, small.Judge(tx))
}

func TestOwnProposalIsAccepted(t *testing.T) {
	chain := apptest.New(t, smallBlocks(1_000_000, 1<<20))
	var pool [][]byte
	for range 5 {
		pool = append(pool, chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(400_000)))
	}
	response, err := chain.App.PrepareProposal(&abci.RequestPrepareProposal{
		Height: chain.Height() + 1, Time: chain.Time(), MaxTxBytes: 1 << 20, Txs: pool,
	})
	require.NoError(t, err)
	require.Len(t, response.Txs, 2, "two txs of 400,000 gas fit in a block of 1,000,000")
	require.Equal(t, accept, chain.Judge(response.Txs...))
}
