package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

// jobsPaid returns what jobs have paid in an epoch, as a summary of it shows.
func jobsPaid(amount int64) []types.SourceAmount {
	return []types.SourceAmount{{Source: computetypes.CREDIT_SOURCE_JOBS, Amount: sdk.NewCoins(coin(amount))}}
}

// TestEpochsThatAreCountedFromTheBeginningDoNotMix: governance may count the epochs of another
// identifier, whose numbers are lower. Earnings and summaries of two epochs stay apart then.
func TestEpochsThatAreCountedFromTheBeginningDoNotMix(t *testing.T) {
	f := newFixture(t)
	for n := int64(1); n <= 5; n++ {
		f.roll(n)
		f.reward(0, coin(n*1_000))
		f.endBlock()
	}
	for n := int64(3); n <= 5; n++ {
		f.roll(n) // x/epochs counts 3, 4 and 5 for the second time
		f.reward(0, coin(n*10_000))
		f.endBlock()
		f.requireBacked()
	}
	f.roll(6)
	var found []int64
	for _, e := range f.earned(0) {
		found = append(found, types.TotalOf(e.Sources).AmountOf(denom).Int64())
		require.Equal(t, e.Sources, f.summary(e.Epoch).Work.Credited, "epoch %d", e.Epoch)
		require.Equal(t, e.Sources, f.credits(0, e.Epoch)[0].Sources, "epoch %d", e.Epoch)
	}
	require.Equal(t, []int64{44_000, 35_200, 26_400, 4_400, 3_520, 2_640, 1_760, 880}, found)
}

// TestRecordsAreRemovedAfterEpochsAreCountedFromTheBeginning: otherwise they would stay until the
// new numbers had passed the old ones, for years if epochs have become longer.
func TestRecordsAreRemovedAfterEpochsAreCountedFromTheBeginning(t *testing.T) {
	f := newFixture(t)
	f.roll(5_000)
	f.reward(0, coin(1_000))
	f.endBlock()
	params, err := f.keeper.Params(f.ctx)
	require.NoError(t, err)
	params.HistoryEpochs = 3
	f.setParams(params)
	for n := int64(1); n <= 4; n++ {
		f.roll(n)
		f.reward(1, coin(1_000))
		f.endBlock()
		f.requireBacked()
	}
	state, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	for _, e := range state.Earned {
		require.Equal(t, operator(1).String(), e.Operator)
	}
	require.Len(t, state.Earned, 3)
	require.Len(t, state.Credits, 3)
	require.Len(t, state.Epochs, 3)
}

// TestASummaryHasTheNumberOfItsEarnings: also if numbers jump because epochs have become shorter.
func TestASummaryHasTheNumberOfItsEarnings(t *testing.T) {
	f := newFixture(t)
	f.roll(30)
	f.reward(0, coin(1_000))
	f.endBlock()
	f.roll(720) // the thirtieth day has had 720 hours
	require.EqualValues(t, 30, f.earned(0)[0].Epoch)
	require.Equal(t, jobsPaid(880), f.summary(30).Work.Credited)
	f.reward(0, coin(2_000))
	f.endBlock()
	f.roll(721)
	require.EqualValues(t, 720, f.earned(0)[0].Epoch)
	require.Equal(t, jobsPaid(1_760), f.summary(720).Work.Credited)
}
