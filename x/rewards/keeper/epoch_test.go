package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

func (f *fixture) summary(n int64) types.EpochSummary {
	f.t.Helper()
	res, err := f.queries.EpochSummary(f.ctx, &types.QueryEpochSummaryRequest{Epoch: n})
	require.NoError(f.t, err)
	return res.Summary
}

func TestASummaryShowsWhatAnEpochMintedBurnedAndPaid(t *testing.T) {
	f := newFixture(t)
	f.schedule(thousandth())
	f.reward(0, coin(10_000))
	f.escrowed(coin(70))
	require.NoError(t, f.keeper.CreditShare(f.ctx, operator(1), coin(70), from(computetypes.CREDIT_SOURCE_HONEST_SHARES, 2)))
	f.reward(1, sdk.NewInt64Coin(other, 500))
	for range 3 {
		f.endBlock() // the third burns
	}
	f.roll(2)
	f.emit()
	got := f.summary(1)
	require.EqualValues(t, 1, got.StartHeight)
	require.Equal(t, f.ctx.BlockHeight(), got.EndHeight)
	require.Equal(t, "10000"+denom+",500"+other, got.Work.Rewards.String())
	require.Equal(t, "70"+denom, got.Work.HonestShares.String())
	require.EqualValues(t, 500, got.Flows.BurnedBy(types.SUPPLY_CAUSE_REWARD_SHARES).Int64())
	require.True(t, got.Flows.MintedBy(types.SUPPLY_CAUSE_EMISSION).IsZero(), "minted after the end")

	f.roll(3)
	got = f.summary(2)
	require.True(t, got.Work.Empty())
	require.EqualValues(t, 1_000_000, got.Flows.MintedBy(types.SUPPLY_CAUSE_EMISSION).Int64())
	require.Equal(t, f.summary(1).EndHeight, got.StartHeight)
}

func TestSummariesOfOldEpochsAreForgotten(t *testing.T) {
	f := newFixture(t)
	f.schedule(thousandth())
	params, err := f.keeper.Params(f.ctx)
	require.NoError(t, err)
	params.HistoryEpochs = 30
	f.setParams(params)
	for n := int64(2); n <= 41; n++ {
		f.roll(n)
	}
	all := func() []types.EpochSummary {
		res, err := f.queries.EpochSummaries(f.ctx, &types.QueryEpochSummariesRequest{Pagination: &query.PageRequest{Limit: 100}})
		require.NoError(t, err)
		return res.Summaries
	}
	require.Len(t, all(), 30)
	require.EqualValues(t, 11, all()[0].Epoch)
	params.HistoryEpochs = 3
	f.setParams(params)
	f.roll(42)
	require.Len(t, all(), 21, "a roll forgets a bounded number")
	for n := int64(43); n < 47; n++ {
		f.roll(n)
	}
	require.Len(t, all(), 3)
	_, err = f.queries.EpochSummary(f.ctx, &types.QueryEpochSummaryRequest{Epoch: 40})
	require.Equal(t, codes.NotFound, status.Code(err))
	require.ErrorContains(t, err, "epoch-summaries")
}
