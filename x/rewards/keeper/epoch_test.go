package keeper_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

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

// missed starts the n-th epoch while the one before cannot be closed.
func (f *fixture) missed(n int64) {
	f.t.Helper()
	f.epochs.err = errors.New("not now")
	f.roll(n)
	f.epochs.err = nil
}

func (f *fixture) summaries() []types.EpochSummary {
	f.t.Helper()
	res, err := f.queries.EpochSummaries(f.ctx, &types.QueryEpochSummariesRequest{Pagination: &query.PageRequest{Limit: 1_000}})
	require.NoError(f.t, err)
	return res.Summaries
}

// A summary says which epochs it covers if one could not be closed, and is found by the number of each.
func TestASummarySaysWhichEpochsItCovers(t *testing.T) {
	f := newFixture(t)
	f.schedule(thousandth())
	f.reward(0, coin(10_000))
	f.endBlock()
	f.missed(2)
	f.reward(0, coin(5_000))
	f.endBlock()
	_, err := f.queries.EpochSummary(f.ctx, &types.QueryEpochSummaryRequest{Epoch: 1})
	require.Equal(t, codes.NotFound, status.Code(err), "it goes on")
	f.missed(3)
	f.roll(4)
	f.roll(5)
	first := f.summary(1)
	require.EqualValues(t, 1, first.Epoch)
	require.EqualValues(t, 3, first.LastEpoch)
	require.Equal(t, "15000"+denom, first.Work.Rewards.String())
	require.Equal(t, first, f.summary(2))
	require.Equal(t, first, f.summary(3))
	require.EqualValues(t, 4, f.summary(4).Epoch)
	require.EqualValues(t, 4, f.summary(4).LastEpoch)
	require.Len(t, f.summaries(), 2)
	_, err = f.queries.EpochSummary(f.ctx, &types.QueryEpochSummaryRequest{Epoch: 5})
	require.Equal(t, codes.NotFound, status.Code(err))
}

// Before the first epoch ends there is none to be covered, whatever the number of the first is.
func TestEpochsBeforeTheFirstSummaryAreCovered(t *testing.T) {
	f := newFixture(t)
	f.missed(1)
	f.missed(2)
	f.roll(3)
	require.EqualValues(t, 1, f.summary(1).Epoch)
	require.EqualValues(t, 2, f.summary(2).LastEpoch)

	f = newFixture(t)
	f.missed(5_000)
	f.roll(5_001)
	require.EqualValues(t, 4_999, f.summary(5_000).Epoch)
	require.EqualValues(t, 5_000, f.summary(4_999).LastEpoch)
}

// Whichever epochs cannot be closed, and also if x/epochs counts from a lower number again, no epoch
// is covered twice, no block is left out, and the summaries together contain all that was paid.
func TestSummariesNeverShareAnEpoch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t)
		f.roll(1)
		paid, number := int64(0), int64(1)
		t.Repeat(map[string]func(*rapid.T){
			"reward": func(t *rapid.T) {
				amount := rapid.Int64Range(1, 1_000).Draw(t, "amount")
				f.reward(1, coin(amount))
				paid += amount
			},
			"start": func(*rapid.T) { number++; f.roll(number) },
			"miss":  func(*rapid.T) { number++; f.missed(number) },
			"jump":  func(t *rapid.T) { number = rapid.Int64Range(1, 50).Draw(t, "number"); f.roll(number) },
			"": func(t *rapid.T) {
				f.endBlock()
				exported, err := f.keeper.ExportGenesis(f.ctx)
				require.NoError(t, err)
				require.NoError(t, exported.Validate())
				sum, last, height := exported.Work.Rewards, int64(0), int64(1)
				for _, s := range f.summaries() {
					require.Greater(t, s.Epoch, last)
					require.GreaterOrEqual(t, s.LastEpoch, s.Epoch)
					require.Equal(t, height, s.StartHeight)
					for n := s.Epoch; n <= s.LastEpoch; n++ {
						require.Equal(t, s, f.summary(n))
					}
					last, height, sum = s.LastEpoch, s.EndHeight, sum.Add(s.Work.Rewards...)
				}
				require.Greater(t, exported.Open.Epoch, last)
				require.Equal(t, height, exported.Open.StartHeight)
				require.EqualValues(t, paid, sum.AmountOf(denom).Int64())
			},
		})
	})
}

// A block that moves a fee to the community pool and credits no node leaves no record of work, as an import does not.
func TestABlockWithoutWorkLeavesNoRecordOfIt(t *testing.T) {
	f := newFixture(t)
	f.escrowed(sdk.NewInt64Coin(other, 40))
	require.NoError(t, f.keeper.Discard(f.ctx, operator(7), sdk.NewInt64Coin(other, 40)))
	f.endBlock()
	has, err := f.service.OpenKVStore(f.ctx).Has(types.WorkPrefix.Bytes())
	require.NoError(t, err)
	require.False(t, has)
	f.reward(0, coin(100))
	f.endBlock()
	has, err = f.service.OpenKVStore(f.ctx).Has(types.WorkPrefix.Bytes())
	require.NoError(t, err)
	require.True(t, has)
}
