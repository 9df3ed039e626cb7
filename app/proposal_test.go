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
	part := func(gas uint64) []byte {
		return chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(gas))
	}
	first, second := part(250_000), part(250_000)
	require.Equal(t, accept, chain.Judge(first, second, part(250_000)))
	require.Equal(t, reject, chain.Judge(first, second, part(200_000), part(50_001)), "a quarter is the lane's")
	require.Equal(t, reject, chain.Judge(first, part(math.MaxUint64-100_000)), "limits whose sum overflows")
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
	for range 5 {
		require.Zero(t, chain.Check(chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(250_000))).Code)
	}
	txs := chain.Propose()
	require.Len(t, txs, 3, "three txs of 250,000 gas fit in a block of 1,000,000, of which a quarter is kept")
	require.Equal(t, accept, chain.Judge(txs...))
}
