package app_test

import (
	"fmt"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/baseapp"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// TestAChainStartsAtWhateverHeightItsGenesisSays uses genesis transactions that are signed
// before there are account numbers and that do not pay a fee.
func TestAChainStartsAtWhateverHeightItsGenesisSays(t *testing.T) {
	for _, height := range []int64{1, 2, 1_000_000} {
		t.Run(fmt.Sprint(height), func(t *testing.T) {
			chain := apptest.New(t, apptest.WithInitialHeight(height)) // up to its first block
			require.Equal(t, height, chain.App.LastBlockHeight())
			// The next block requires fees again.
			from, to := chain.Accounts[0], chain.Accounts[1]
			msgs := []sdk.Msg{banktypes.NewMsgSend(from.Address, to.Address, sdk.NewCoins(params.TfuelCoin(1)))}
			paid := chain.NextBlock(chain.Sign(from, msgs)).TxResults[0]
			require.Zero(t, paid.Code, paid.Log)
			require.NotZero(t, chain.NextBlock(chain.Sign(from, msgs, apptest.WithFee())).TxResults[0].Code)
		})
	}
}

// TestWhatWalksTheStateEndsAtANodesQueryGasLimit: the invariants and count_total read the
// whole state.
func TestWhatWalksTheStateEndsAtANodesQueryGasLimit(t *testing.T) {
	for limit, ok := range map[uint64]bool{2_000: false, 100_000_000: true} {
		chain := apptest.New(t, apptest.WithBaseAppOptions(baseapp.SetQueryGasLimit(limit)))
		chain.NextBlock()
		request, err := (&computetypes.QueryInvariantsRequest{}).Marshal()
		require.NoError(t, err)
		answer, err := chain.App.Query(t.Context(), &abci.RequestQuery{Path: "/theta.compute.v1.Query/Invariants", Data: request})
		require.Equal(t, ok, err == nil && answer.Code == 0, "%d gas: %v %v", limit, answer, err)
	}
}
