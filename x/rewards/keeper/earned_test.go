package keeper_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

// earned returns what the n-th operator was credited with in all kept epochs, the newest first.
func (f *fixture) earned(n byte) []types.EpochEarnings {
	f.t.Helper()
	var all []types.EpochEarnings
	for before := int64(0); ; {
		resp, err := f.queries.Earned(f.ctx, &types.QueryEarnedRequest{Operator: operator(n).String(), Before: before, Epochs: 7})
		require.NoError(f.t, err)
		all = append(all, resp.Earned...)
		if before = resp.Before; before == 0 {
			return all
		}
	}
}

// credits returns all credits of the n-th operator in an epoch, page by page.
func (f *fixture) credits(n byte, epoch int64) []types.Credit {
	f.t.Helper()
	var all []types.Credit
	for key := []byte(nil); ; {
		resp, err := f.queries.Credits(f.ctx, &types.QueryCreditsRequest{Operator: operator(n).String(), Epoch: epoch, Pagination: &query.PageRequest{Key: key, Limit: 3}})
		require.NoError(f.t, err)
		all = append(all, resp.Credits...)
		if key = resp.Pagination.NextKey; len(key) == 0 {
			return all
		}
	}
}

func TestEarningsAreShownByEpochSourceAndChunk(t *testing.T) {
	f := newFixture(t)
	f.roll(1)
	f.reward(0, coin(10_000))
	f.reward(0, sdk.NewInt64Coin(other, 100))
	f.escrowed(coin(7))
	require.NoError(t, f.keeper.CreditShare(f.ctx, operator(0), coin(7), from(computetypes.CREDIT_SOURCE_HONEST_SHARES, 1)))
	f.reward(1, coin(100))
	f.requireBacked()
	f.endBlock()
	f.requireBacked()
	f.roll(2)
	_, err := f.keeper.CreditReward(f.ctx, operator(0), coin(20), from(computetypes.CREDIT_SOURCE_ATTEMPTS, 9))
	require.NoError(t, err)
	f.escrowed(coin(20))
	f.endBlock()
	jobs := types.SourceAmount{Source: computetypes.CREDIT_SOURCE_JOBS, Amount: sdk.NewCoins(coin(8_800), sdk.NewInt64Coin(other, 88))}
	shares := types.SourceAmount{Source: computetypes.CREDIT_SOURCE_HONEST_SHARES, Amount: sdk.NewCoins(coin(7))}
	attempts := types.SourceAmount{Source: computetypes.CREDIT_SOURCE_ATTEMPTS, Amount: sdk.NewCoins(coin(18))}
	require.Equal(t, []types.EpochEarnings{
		{Epoch: 2, Operator: operator(0).String(), Sources: []types.SourceAmount{attempts}},
		{Epoch: 1, Operator: operator(0).String(), Sources: []types.SourceAmount{jobs, shares}},
	}, f.earned(0))
	require.Equal(t, []types.Credit{
		{Epoch: 1, Operator: operator(0).String(), JobId: "7-0-0", Task: 1, Sources: []types.SourceAmount{jobs, shares}},
	}, f.credits(0, 1))
	require.Equal(t, []types.Credit{
		{Epoch: 2, Operator: operator(0).String(), JobId: "7-0-0", Task: 9, Sources: []types.SourceAmount{attempts}},
	}, f.credits(0, 2))
	summary, err := f.keeper.EpochSummary(f.ctx, 1)
	require.NoError(t, err)
	jobs.Amount = jobs.Amount.Add(coin(88))
	require.Equal(t, []types.SourceAmount{jobs, shares}, summary.Work.Credited, "of both operators")
	f.requireBacked()
}

func TestQueriesOfEarningsAreBounded(t *testing.T) {
	f := newFixture(t)
	for _, req := range []*types.QueryEarnedRequest{
		{Operator: "x"}, {Operator: operator(0).String(), Before: -1}, {Operator: operator(0).String(), Epochs: types.MaxEarnedEpochs + 1},
	} {
		_, err := f.queries.Earned(f.ctx, req)
		require.ErrorContains(t, err, "expected", "%v", req)
	}
	_, err := f.queries.Credits(f.ctx, &types.QueryCreditsRequest{Operator: operator(0).String(), Pagination: &query.PageRequest{Limit: types.MaxCreditsPage + 1}})
	require.ErrorContains(t, err, "at most 1000")
	resp, err := f.queries.Earned(f.ctx, &types.QueryEarnedRequest{Operator: operator(0).String(), Before: math.MaxInt64, Epochs: types.MaxEarnedEpochs})
	require.NoError(t, err)
	require.Empty(t, resp.Earned)
	require.Zero(t, resp.Before)
}

// TestEarningsAddUpToWhatWasCredited: over epochs and sources to the operator's claimed, unclaimed
// and held coins, over operators to the summary of the epoch, and over chunks to the epoch of the
// operator; also after an export.
func TestEarningsAddUpToWhatWasCredited(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t)
		f.roll(1)
		epoch := int64(1)
		network := map[int64][]types.SourceAmount{}
		t.Repeat(map[string]func(*rapid.T){
			"credit": func(t *rapid.T) {
				source := computetypes.CreditSource(rapid.Int32Range(1, 5).Draw(t, "source"))
				c := sdk.NewInt64Coin(rapid.SampledFrom([]string{denom, other}).Draw(t, "denom"), rapid.Int64Range(0, 5_000).Draw(t, "amount"))
				n, at := byte(rapid.IntRange(0, 2).Draw(t, "operator")), from(source, rapid.Uint64Max(3).Draw(t, "task"))
				f.escrowed(c)
				net, err := c, error(nil)
				if rapid.Bool().Draw(t, "whole") {
					err = f.keeper.CreditShare(f.ctx, operator(n), c, at)
				} else {
					net, err = f.keeper.CreditReward(f.ctx, operator(n), c, at)
				}
				require.NoError(t, err)
				network[epoch] = types.AddSources(network[epoch], types.Credited(source, net))
			},
			"claim": func(t *rapid.T) {
				if paid, err := f.claim(byte(rapid.IntRange(0, 2).Draw(t, "operator"))); err == nil {
					require.False(t, paid.Empty())
				}
			},
			"block": func(*rapid.T) { f.endBlock() },
			"epoch": func(*rapid.T) {
				f.endBlock()
				epoch++
				f.roll(epoch)
			},
			"": func(t *rapid.T) {
				f.requireBacked()
				for _, r := range f.keeper.CheckInvariants(f.ctx) {
					require.NoError(t, r.Err)
				}
			},
		})
		f.endBlock()
		for n := range byte(3) {
			sum := sdk.NewCoins()
			for _, e := range f.earned(n) {
				sum = sum.Add(types.TotalOf(e.Sources)...)
				var chunks []types.SourceAmount
				for _, c := range f.credits(n, e.Epoch) {
					chunks = types.AddSources(chunks, c.Sources)
				}
				require.Equal(t, e.Sources, chunks, "epoch %d", e.Epoch)
			}
			owed, err := f.keeper.Earnings(f.ctx, operator(n))
			require.NoError(t, err)
			paid, err := f.keeper.Paid(f.ctx, operator(n))
			require.NoError(t, err)
			require.Equal(t, owed.Add(paid...).String(), sum.String(), "operator %d", n)
		}
		f.roll(epoch + 1)
		for number, want := range network {
			summary, err := f.keeper.EpochSummary(f.ctx, number)
			require.NoError(t, err)
			require.Equal(t, len(want), len(summary.Work.Credited), "epoch %d", number)
			require.True(t, types.CoversSources(want, summary.Work.Credited) && types.CoversSources(summary.Work.Credited, want), "epoch %d: %v, %v", number, want, summary.Work.Credited)
		}
		exported, err := f.keeper.ExportGenesis(f.ctx)
		require.NoError(t, err)
		require.NoError(t, exported.Validate())
		g := newFixture(t)
		g.takeSupplyOf(f)
		require.NoError(t, g.keeper.InitGenesis(g.ctx, *exported))
		again, err := g.keeper.ExportGenesis(g.ctx)
		require.NoError(t, err)
		require.Equal(t, exported.Earned, again.Earned)
		require.Equal(t, exported.Credits, again.Credits)
	})
}

func TestOldEarningsAreRemovedChunksFirst(t *testing.T) {
	f := newFixture(t)
	last := int64(0)
	for _, epoch := range []int64{1, 2, types.CreditEpochs, types.CreditEpochs + 1, types.CreditEpochs + 2} {
		f.roll(epoch)
		f.reward(0, coin(100))
		f.endBlock()
		f.requireBacked()
		last = epoch
	}
	require.Empty(t, f.credits(0, 1))
	require.Empty(t, f.credits(0, 2), "epoch 2 is a week ago")
	require.Len(t, f.credits(0, types.CreditEpochs), 1)
	require.Len(t, f.earned(0), 5)
	history := int64(types.DefaultParams().HistoryEpochs)
	f.roll(history + 1)
	f.reward(0, coin(100))
	f.endBlock()
	f.requireBacked()
	require.EqualValues(t, 2, f.earned(0)[5-1].Epoch, "epoch 1 is no longer kept")
	require.Greater(t, history, last)
}

func TestGenesisRefusesFalseEarnings(t *testing.T) {
	f := newFixture(t)
	f.roll(1)
	f.reward(0, coin(10_000))
	f.reward(1, coin(10_000))
	f.endBlock()
	for name, change := range map[string]func(*types.GenesisState){
		"more than chunks":   func(g *types.GenesisState) { g.Earned[0].Sources[0].Amount = sdk.NewCoins(coin(8_801)) },
		"less than chunks":   func(g *types.GenesisState) { g.Earned[0].Sources[0].Amount = sdk.NewCoins(coin(8_799)) },
		"no chunks":          func(g *types.GenesisState) { g.Credits = g.Credits[1:] },
		"only chunks":        func(g *types.GenesisState) { g.Earned = g.Earned[1:] },
		"twice":              func(g *types.GenesisState) { g.Earned = append(g.Earned, g.Earned[0]) },
		"chunk twice":        func(g *types.GenesisState) { g.Credits = append(g.Credits, g.Credits[0]) },
		"unknown source":     func(g *types.GenesisState) { g.Earned[0].Sources[0].Source = 99 },
		"no source":          func(g *types.GenesisState) { g.Earned[0].Sources[0].Source = 0 },
		"nothing":            func(g *types.GenesisState) { g.Earned[0].Sources = nil },
		"no job":             func(g *types.GenesisState) { g.Credits[0].JobId = "x" },
		"epoch":              func(g *types.GenesisState) { g.Credits[0].Epoch = -1 },
		"other epoch":        func(g *types.GenesisState) { g.Credits[0].Epoch = 2 },
		"complete from":      func(g *types.GenesisState) { g.CompleteFrom = -1 },
		"more than all work": func(g *types.GenesisState) { g.Work.Credited[0].Amount = sdk.NewCoins(coin(17_601)) },
	} {
		bad, err := f.keeper.ExportGenesis(f.ctx)
		require.NoError(t, err)
		change(bad)
		err = bad.Validate()
		if g := newFixture(t); err == nil {
			g.takeSupplyOf(f)
			err = g.keeper.InitGenesis(g.ctx, *bad)
		}
		require.ErrorIs(t, err, types.ErrInvalidGenesis, name)
	}
}

// TestPayOfAGrantIsEarnedWhenItIsMinted: it is held then, and stays in the record if the grant is
// revoked. Pay that is not minted is not earned.
func TestPayOfAGrantIsEarnedWhenItIsMinted(t *testing.T) {
	f := newFixture(t)
	f.roll(1)
	id := f.activeGrant()
	job, err := f.keeper.EncumberGrant(f.ctx, wanted(id))
	require.NoError(t, err)
	require.NoError(t, f.keeper.RefundGrant(f.ctx, id, coin(300)))
	f.settle(1, job, grantFuel)
	f.settle(1, job, grantFuel)
	require.Empty(t, f.earned(1), "not minted yet")
	f.endBlock()
	want := []types.SourceAmount{{Source: computetypes.CREDIT_SOURCE_GRANTS, Amount: sdk.NewCoins(coin(17_600))}}
	require.Equal(t, want, f.earned(1)[0].Sources)
	require.Equal(t, want, f.credits(1, 1)[0].Sources)
	held, err := f.keeper.HeldPay(f.ctx, operator(1), 10)
	require.NoError(t, err)
	require.EqualValues(t, 17_600, held[0].Amount.Int64())
	_, err = f.msgs.RevokeGrant(f.ctx, &types.MsgRevokeGrant{Authority: authority(), Id: id})
	require.NoError(t, err)
	f.settle(1, job, grantFuel)
	f.endBlock()
	require.Equal(t, want, f.earned(1)[0].Sources)
	f.roll(2)
	require.Equal(t, want, f.summary(1).Work.Credited)
	f.requireBacked()
}

// TestEarningsSurviveAShorterHistory: a history that governance shortens and extends again leaves
// epochs with some of their records, and their export can be imported.
func TestEarningsSurviveAShorterHistory(t *testing.T) {
	f := newFixture(t)
	f.roll(1)
	for n := range byte(120) {
		f.reward(n, coin(100))
	}
	f.reward(7, sdk.NewInt64Coin(other, 100))
	f.endBlock()
	f.roll(2)
	params, err := f.keeper.Params(f.ctx)
	require.NoError(t, err)
	history := params.HistoryEpochs
	params.HistoryEpochs = 1
	f.setParams(params)
	f.reward(1, coin(100))
	f.endBlock()
	f.requireBacked()
	params.HistoryEpochs = history
	f.setParams(params)
	f.reward(1, coin(100))
	f.endBlock()
	f.requireBacked()
	exported, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Len(t, exported.Earned, 120-102+1, "a block removes a bounded number")
	require.EqualValues(t, 2, exported.CompleteFrom)
	g := newFixture(t)
	g.takeSupplyOf(f)
	require.NoError(t, g.keeper.InitGenesis(g.ctx, *exported))
	again, err := g.keeper.ExportGenesis(g.ctx)
	require.NoError(t, err)
	require.Equal(t, exported, again)
	exported.Earned[len(exported.Earned)-1].Sources[0].Amount = sdk.NewCoins(coin(1))
	g = newFixture(t)
	g.takeSupplyOf(f)
	require.ErrorIs(t, g.keeper.InitGenesis(g.ctx, *exported), types.ErrInvalidGenesis, "the complete epoch is checked")
}
