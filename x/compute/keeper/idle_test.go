package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/x/compute/types"
)

// waste posts a job that no node takes, with the longest lifetime.
func (f *fixture) waste(n int) string {
	f.t.Helper()
	s := spec(coin(10), 3)
	s.LifetimeBlocks = types.DefaultParams().MaxLifetimeBlocks
	return f.post(n, s)
}

func (f *fixture) longLives() {
	f.t.Helper()
	f.setParams(func(p *types.Params) { p.MaxLifetimeBlocks = types.DefaultParams().MaxLifetimeBlocks })
}

// endBlock ends a block without checking every invariant, and returns the gas that it would
// have cost.
func (f *fixture) endBlock() uint64 {
	f.t.Helper()
	meter := storetypes.NewInfiniteGasMeter()
	require.NoError(f.t, f.keeper.EndBlock(f.ctx.WithGasMeter(meter)))
	require.NoError(f.t, f.rewards.EndBlock(f.ctx))
	require.NoError(f.t, f.nodes.EndBlock(f.ctx))
	f.collect()
	f.ctx = f.ctx.WithBlockHeight(f.ctx.BlockHeight() + 1).WithEventManager(sdk.NewEventManager())
	return meter.GasConsumed()
}

// The requester pays for everything that a job makes the chain do over its whole life: when
// it is posted, or from the amount that it has set aside, after which it ends.
func TestAJobThatNobodyTakesPaysForEachDrawUntilItCannot(t *testing.T) {
	f := newFixture(t)
	f.longLives()
	f.network(4)
	idle := f.endBlock()
	meter := storetypes.NewInfiniteGasMeter()
	was := f.ctx
	f.ctx = f.ctx.WithGasMeter(meter)
	id := f.waste(0)
	f.ctx = was
	posting, work := meter.GasConsumed(), uint64(0)
	for !f.jobEnded(id) {
		if gas := f.endBlock(); gas > idle {
			work += gas - idle
		}
		// Nothing happens until it is next due.
		if due := f.jobDue(id); due > f.ctx.BlockHeight() {
			f.ctx = f.ctx.WithBlockHeight(due)
		}
	}
	require.Less(t, work, 10*posting, "a life of %d blocks", f.ctx.BlockHeight())
	r := f.receipt(id)
	require.Equal(t, types.CHUNK_STATUS_EXPIRED, r.Status)
	job := f.job(id)
	require.Equal(t, job.DrawReserve(1).String(), r.Burned.String(), "it ended when it could not pay for another")
}

// jobDue returns the height at which the only task of a job is next due.
func (f *fixture) jobDue(id string) int64 {
	resp, err := f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: id})
	if err != nil {
		return 0
	}
	return resp.Chunk.DueHeight
}

func TestPausesDoubleUpToAQuarterOfTheJobsLife(t *testing.T) {
	f := newFixture(t)
	f.longLives()
	f.network(4)
	s := spec(coin(2_000), 3)
	s.LifetimeBlocks = 4_000
	id := f.post(0, s)
	var pauses []int64
	for !f.jobEnded(id) {
		f.endBlock()
		if due := f.jobDue(id); due > f.ctx.BlockHeight() {
			if !f.pinned(id) {
				pauses = append(pauses, due-f.ctx.BlockHeight()+1)
			}
			f.ctx = f.ctx.WithBlockHeight(due)
		}
	}
	require.Greater(t, len(pauses), 9)
	last := len(pauses) - 1 // lasts as long as the job lives
	for i, pause := range pauses[:last] {
		require.Equal(t, min(int64(1)<<(i+2)-1, 1_000), pause, "pause %d of %v", i, pauses)
	}
}

func TestARequesterBuysADrawForATaskThatWaits(t *testing.T) {
	f := newFixture(t)
	f.longLives()
	f.network(4)
	id := f.waste(0)
	redraw := func(n int, task uint64) (*types.MsgRedrawResponse, error) {
		return f.msgs.Redraw(f.ctx, &types.MsgRedraw{Requester: requester(n).String(), JobId: id, Task: task})
	}
	refused := func(n int, task uint64) error {
		return f.unchanged(func() error {
			_, err := redraw(n, task)
			return err
		})
	}
	require.ErrorIs(t, refused(0, 0), types.ErrNoRedraw, "a draw that is pinned is not replaced by another")
	for f.round(id).ResumeHeight <= f.ctx.BlockHeight()+1 {
		f.next()
	}
	require.ErrorIs(t, refused(1, 0), types.ErrNotRequester)
	require.ErrorIs(t, refused(0, 1), types.ErrTaskNotFound)
	before, due := f.balance(0), f.round(id).ResumeHeight
	resp, err := redraw(0, 0)
	require.NoError(t, err)
	require.Equal(t, f.ctx.BlockHeight(), resp.SeedHeight)
	require.Less(t, resp.SeedHeight, due)
	require.Equal(t, "64atfuel", resp.Fee.String())
	require.Equal(t, before.SubRaw(64), f.balance(0))
	require.Len(t, events[*types.EventRedraw](f), 1)
	require.ErrorIs(t, refused(0, 0), types.ErrNoRedraw)
	f.blocks(seedDelay)
	require.Len(t, f.assign(id, 4), 3)
	require.ErrorIs(t, refused(0, 0), types.ErrNoRedraw, "it has its nodes")
}

func TestANamedNodeHasToBeActiveWhenItIsNamedAndWhenItIsAsked(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.post(0, trusted(operator(3).String()))
	f.retire(3)
	f.fund(requester(0), coin(100_000))
	err := f.unchanged(func() error {
		_, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: requester(0).String(), Spec: trusted(operator(3).String())})
		return err
	})
	require.ErrorIs(t, err, types.ErrNotQualified)
	require.ErrorContains(t, err, "name another")
	f.blocks(12)
	require.Equal(t, types.JOB_STATUS_EXPIRED, f.job(id).Status, "it is not asked again")
}

// Judges and auditors are called first, whatever else looks for nodes. Draws that no node can
// claim now do not get in the way.
func TestIdleDrawsDoNotHideTheCallForJudges(t *testing.T) {
	const nodes = 14
	f := newFixture(t)
	f.longLives()
	f.network(nodes)
	for range 300 {
		f.waste(1)
	}
	id := f.drawable(spec(coin(1_000), 3))
	drawn := f.assign(id, nodes)
	players := f.everyone(nodes, honest)
	players[drawn[0]].does = liar
	for len(f.task(id).Rounds) == 1 {
		for _, n := range drawn {
			held, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(n).String()})
			require.NoError(t, err)
			for _, item := range held.Items {
				players[n].serve(item)
			}
		}
		f.endBlock()
	}
	for range 20 {
		f.waste(1) // as recent as the call
	}
	for range seedDelay {
		f.endBlock()
	}
	called := 0
	for n := range nodes {
		said, err := f.queries.Explain(f.ctx, &types.QueryExplainRequest{JobId: id, Operator: operator(n).String()})
		require.NoError(t, err)
		resp, err := f.queries.Claimable(f.ctx, &types.QueryClaimableRequest{
			Operator: operator(n).String(), Pagination: &query.PageRequest{Limit: 2},
		})
		require.NoError(t, err)
		require.Equal(t, said.Qualifies, len(resp.Tasks) > 0 && resp.Tasks[0].Ref.JobId == id, "in the first line of the first page")
		if said.Qualifies {
			called++
		}
	}
	require.GreaterOrEqual(t, called, 3, "a jury")
}

// A node's list does not grow with draws that other nodes leave alone. Draws that pause are
// not on a list, and a height whose draws do not take claims is skipped in one step.
func TestListsOfDrawsCostNothingForWhatNobodyCanClaimNow(t *testing.T) {
	cost := func(idle int) uint64 {
		f := newFixture(t)
		f.longLives()
		f.network(4)
		for range idle {
			f.waste(1)
		}
		for range 60 {
			f.endBlock()
		}
		id := f.drawable(spec(coin(1_000), 3))
		meter := storetypes.NewInfiniteGasMeter()
		resp, err := f.queries.Claimable(f.ctx.WithGasMeter(meter), &types.QueryClaimableRequest{Operator: operator(0).String()})
		require.NoError(t, err)
		require.Equal(t, id, resp.Tasks[0].Ref.JobId)
		require.Empty(t, resp.Pagination.NextKey)
		return meter.GasConsumed()
	}
	require.Less(t, cost(200), 2*cost(0))
}

// Work in which a node has something at stake is advanced before idle draws.
func TestIdleDrawsDoNotHoldUpTheQueue(t *testing.T) {
	f := newFixture(t)
	f.longLives()
	f.network(4)
	id, drawn := f.assigned(4)
	for range 60 {
		f.waste(1)
	}
	f.limitQueue(10)
	f.longLives()
	deadline := f.round(id).NextDeadline
	for f.ctx.BlockHeight() <= deadline+1 {
		f.endBlock()
	}
	require.Equal(t, "9900", f.bond(drawn[0]).String(), "the missed deadline is swept in the block that it is due")
}
