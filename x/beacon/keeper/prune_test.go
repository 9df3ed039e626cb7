package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/x/beacon/types"
)

func short(g *types.GenesisState) {
	g.Params.RetentionRounds, g.Params.ReimburseWindowRounds = 10, 5
	g.Params.RetentionBlocks, g.Params.PruneLimit = 50, 10
}

func TestOldHeightsAndRoundsArePrunedAndStateStaysBounded(t *testing.T) {
	f := newFixture(t, short)
	for i := 0; i < 300; i++ {
		f.next(time.Second)
		due := f.schedule().DueAt(f.ctx.BlockTime())
		if err := f.submit(due, f.sign(due)); err != nil {
			require.ErrorIs(t, err, types.ErrDuplicateRound)
		}
	}
	g, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Len(t, g.Pins, 50)
	require.Less(t, len(g.Rounds), 20)
	lowest, err := f.keeper.LowestHeight(f.ctx)
	require.NoError(t, err)
	require.Equal(t, g.Pins[0].Height, lowest)
	require.ErrorIs(t, f.submit(1, f.sign(1)), types.ErrOldRound)
	for h := lowest; h < f.ctx.BlockHeight()-5; h++ {
		_, found := f.seed(h)
		require.True(t, found, "height %d", h)
	}
}

func TestAfterALongHaltWaitingHeightsCanStillBeServed(t *testing.T) {
	f := newFixture(t, short)
	for i := 0; i < 30; i++ {
		f.next(time.Second)
	}
	height := f.ctx.BlockHeight() - 1
	round := f.roundAt(height)
	f.next(30 * 24 * time.Hour)
	for i := 0; i < 20; i++ {
		f.next(time.Second)
	}
	require.NoError(t, f.submit(round, f.sign(round)))
	_, found := f.seed(height)
	require.True(t, found)
}

func TestPruningTakesABoundedNumberABlock(t *testing.T) {
	f := newFixture(t, short)
	for i := 0; i < 60; i++ {
		f.next(time.Millisecond)
	}
	count := func() int {
		g, err := f.keeper.ExportGenesis(f.ctx)
		require.NoError(t, err)
		return len(g.Pins)
	}
	require.Equal(t, 59, count())
	p := f.params()
	p.RetentionRounds, p.ReimburseWindowRounds, p.RetentionBlocks, p.PruneLimit = 10, 5, 1, 10
	require.NoError(t, f.keeper.UpdateParams(f.ctx, p))
	f.next(time.Hour)
	require.Equal(t, 50, count())
	f.next(time.Second)
	require.Equal(t, 41, count())
}

func TestAHeightIsKeptForTheWholeOfItsRetention(t *testing.T) {
	f := newFixture(t)
	p := f.params()
	p.RetentionRounds, p.ReimburseWindowRounds, p.RetentionBlocks, p.PruneLimit = 10, 5, 1, 10
	require.NoError(t, f.keeper.UpdateParams(f.ctx, p))
	f.next(time.Second)
	f.next(time.Second)
	end := f.schedule().TimeOf(f.roundAt(1)) + int64(10*p.PeriodSeconds)
	f.next(time.Unix(end, 0).Sub(f.ctx.BlockTime()))
	f.roundAt(1)
	f.next(time.Second)
	_, found, err := f.keeper.RoundAt(f.ctx, 1)
	require.NoError(t, err)
	require.False(t, found)
}

func TestPruningTakesABoundedNumberOfRoundsABlock(t *testing.T) {
	f := newFixture(t)
	for range 4 {
		f.next(30 * time.Second)
		due := f.schedule().DueAt(f.ctx.BlockTime())
		for round := due - 9; round <= due; round++ {
			require.NoError(t, f.submit(round, f.sign(round)))
		}
	}
	p := f.params()
	p.RetentionRounds, p.ReimburseWindowRounds, p.RetentionBlocks, p.PruneLimit = 10, 5, 1, 10
	require.NoError(t, f.keeper.UpdateParams(f.ctx, p))
	for _, left := range []int{30, 20, 10, 0} {
		f.next(time.Hour)
		g, err := f.keeper.ExportGenesis(f.ctx)
		require.NoError(t, err)
		require.Len(t, g.Rounds, left)
	}
}

func TestMissingListsNoRoundThatIsNotAcceptedYet(t *testing.T) {
	f := newFixture(t)
	f.until(10)
	f.next(time.Second)
	newest := f.schedule().AcceptableAt(f.ctx.BlockTime())
	require.Greater(t, f.roundAt(f.ctx.BlockHeight()-1), newest)
	res, err := f.queries.Missing(f.ctx, &types.QueryMissingRequest{})
	require.NoError(t, err)
	require.Equal(t, newest, res.Rounds[0])
}

func TestMissingLooksAtABoundedNumberOfHeights(t *testing.T) {
	const looked = 1_000
	f := newFixture(t)
	f.until(4)
	first := f.roundAt(1)
	for range looked {
		f.next(time.Millisecond)
	}
	req := &types.QueryMissingRequest{Pagination: &query.PageRequest{}}
	res, err := f.queries.Missing(f.ctx, req)
	require.NoError(t, err)
	require.NotContains(t, res.Rounds, first)
	require.NotEmpty(t, res.Pagination.NextKey)
	req.Pagination.Key = res.Pagination.NextKey
	res, err = f.queries.Missing(f.ctx, req)
	require.NoError(t, err)
	require.Contains(t, res.Rounds, first)
	require.Empty(t, res.Pagination.NextKey)
}

func TestGenesisSurvivesExportAndImport(t *testing.T) {
	f := newFixture(t)
	f.until(10)
	for _, round := range []uint64{4, 5, 7} {
		require.NoError(t, f.submit(round, f.sign(round)))
	}
	f.next(time.Second)
	exported, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.NoError(t, exported.Validate())
	require.Len(t, exported.Rounds, 3)

	again := newFixture(t)
	again.ctx = again.ctx.WithBlockHeight(f.ctx.BlockHeight())
	require.NoError(t, again.keeper.InitGenesis(again.ctx, *exported))
	imported, err := again.keeper.ExportGenesis(again.ctx)
	require.NoError(t, err)
	require.Equal(t, exported, imported)

	fresh := newFixture(t, func(g *types.GenesisState) { *g = *exported })
	restarted, err := fresh.keeper.ExportGenesis(fresh.ctx)
	require.NoError(t, err)
	require.Empty(t, restarted.Pins, "a chain that starts over counts its own heights")
	require.Equal(t, exported.Rounds, restarted.Rounds)
}

func TestMissingListsWhatHeightsWaitForNewestFirst(t *testing.T) {
	f := newFixture(t)
	f.until(30)
	newest := f.schedule().AcceptableAt(f.ctx.BlockTime())
	require.NoError(t, f.submit(newest-1, f.sign(newest-1)))
	res, err := f.queries.Missing(f.ctx, &types.QueryMissingRequest{})
	require.NoError(t, err)
	require.Equal(t, newest, res.Rounds[0])
	require.Equal(t, newest-2, res.Rounds[1])
	require.Empty(t, res.Pagination.NextKey)
	all := res.Rounds

	var paged []uint64
	req := &types.QueryMissingRequest{Pagination: &query.PageRequest{Limit: 4}}
	for pages := 0; ; pages++ {
		require.Less(t, pages, 20)
		res, err := f.queries.Missing(f.ctx, req)
		require.NoError(t, err)
		require.LessOrEqual(t, len(res.Rounds), 4)
		paged = append(paged, res.Rounds...)
		if len(res.Pagination.NextKey) == 0 {
			break
		}
		req.Pagination.Key = res.Pagination.NextKey
	}
	require.Equal(t, all, paged)

	for _, bad := range []*query.PageRequest{{Offset: 1}, {CountTotal: true}, {Reverse: true}, {Key: []byte{1}}, {Key: make([]byte, 8)}} {
		_, err := f.queries.Missing(f.ctx, &types.QueryMissingRequest{Pagination: bad})
		require.ErrorContains(t, err, "pagination")
	}
}

func TestQueriesShowWhatAHeightWaitsFor(t *testing.T) {
	f := newFixture(t)
	_, err := f.queries.HeightRound(f.ctx, &types.QueryHeightRoundRequest{Height: 1})
	require.ErrorContains(t, err, "not pinned")
	latest, err := f.queries.Latest(f.ctx, &types.QueryLatestRequest{})
	require.NoError(t, err)
	require.Nil(t, latest.Round)
	require.Equal(t, uint64(1), latest.Due)

	f.until(10)
	res, err := f.queries.HeightRound(f.ctx, &types.QueryHeightRoundRequest{Height: 1})
	require.NoError(t, err)
	require.Nil(t, res.Round)
	require.Equal(t, f.schedule().TimeOf(res.Pin.Round), res.Time)
	round := f.roundAt(1)
	require.NoError(t, f.submit(round, f.sign(round)))
	require.NoError(t, f.submit(2, f.sign(2)))
	res, err = f.queries.HeightRound(f.ctx, &types.QueryHeightRoundRequest{Height: 1})
	require.NoError(t, err)
	require.Equal(t, f.sign(round), res.Round.Signature)
	latest, err = f.queries.Latest(f.ctx, &types.QueryLatestRequest{})
	require.NoError(t, err)
	require.Equal(t, round, latest.Round.Round)
	one, err := f.queries.Round(f.ctx, &types.QueryRoundRequest{Round: 2})
	require.NoError(t, err)
	require.Equal(t, f.sign(2), one.Round.Signature)
}
