package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/x/compute/types"
)

// million returns an array of a million tasks in chunks, all of which are audited.
func million(perChunk uint64) types.JobSpec {
	s := chunked(types.MaxTasks, perChunk)
	s.Reward, s.LifetimeBlocks, s.CommitBlocks = coin(10), 2_000, 50
	return s
}

// millionNetwork returns a fixture with nodes whose bonds carry many large chunks.
func millionNetwork(t *testing.T, nodes int) *fixture {
	t.Helper()
	f := newFixture(t)
	for n := range nodes {
		f.register(n, 100_000_000, 20)
	}
	require.NoError(t, f.nodes.RollEpoch(f.ctx))
	f.fund(requester(0), coin(1_000_000_000))
	return f
}

// metered returns the gas that a function uses.
func (f *fixture) metered(run func()) uint64 {
	f.t.Helper()
	kept, meter := f.ctx, storetypes.NewInfiniteGasMeter()
	f.ctx = f.ctx.WithGasMeter(meter)
	run()
	f.ctx = kept
	return meter.GasConsumed()
}

// quick is an honest node whose results are the same for every chunk, so that a test does not
// have to hash a million of them.
type quick struct {
	player
	leaves []types.Subtree
	// roots contains the root over the first leaves, by their number.
	roots map[uint64]types.Subtree
}

// quickPlayers returns quick nodes that share their results.
func (f *fixture) quickPlayers(n int) []quick {
	leaves, roots := make([]types.Subtree, types.MaxChunkTasks), map[uint64]types.Subtree{}
	for i := range leaves {
		leaves[i] = types.Subtree{Hash: sum("result", i), Fuel: 1_000_000}
	}
	out := make([]quick, n)
	for i := range out {
		out[i] = quick{player: player{f: f, n: i}, leaves: leaves, roots: roots}
	}
	return out
}

// root returns the root over what the node executes of a chunk.
func (q quick) root(item types.WorkItem) types.Subtree {
	if len(item.Samples) > 0 {
		return types.ChunkRoot(q.shown(item.Samples))
	}
	if _, known := q.roots[item.Count]; !known {
		q.roots[item.Count] = types.ChunkRoot(q.leaves[:item.Count])
	}
	return q.roots[item.Count]
}

func (q quick) shown(positions []uint32) []types.Subtree {
	var out []types.Subtree
	for _, p := range positions {
		out = append(out, q.leaves[p])
	}
	return out
}

// act claims what the node may claim, and commits to and reveals what it holds.
func (q quick) act() {
	f := q.f
	claimable, err := f.queries.Claimable(f.ctx, &types.QueryClaimableRequest{Operator: operator(q.n).String()})
	require.NoError(f.t, err)
	for _, task := range claimable.Tasks {
		q.claim(task)
	}
	held, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(q.n).String()})
	require.NoError(f.t, err)
	for _, item := range held.Items {
		q.serve(item)
	}
}

func (q quick) serve(item types.WorkItem) {
	root := q.root(item)
	switch {
	case item.Assignment.Status == types.ASSIGNMENT_STATUS_ASSIGNED:
		require.NoError(q.f.t, q.sendCommit(types.CommitItem{
			Ref: item.Ref, Commitment: types.Commitment(operator(q.n), root.Hash, 0, q.salt()), Fuel: root.Fuel,
		}))
	case item.Assignment.Status == types.ASSIGNMENT_STATUS_COMMITTED && item.Phase == types.ROUND_PHASE_REVEAL:
		out := types.RevealItem{
			Ref: item.Ref, Tag: root.Hash, Salt: q.salt(), Metrics: types.Metrics{Fuel: root.Fuel},
			Leaves: q.shown(item.Samples),
		}
		if len(item.Shows) > 0 {
			out.Leaves, out.Siblings = q.shown(item.Shows), types.ChunkSiblings(q.leaves[:item.Count], item.Shows)
		}
		require.NoError(q.f.t, q.sendReveal(out))
	}
}

// TestAMillionTasksInChunksArePaidOnceEach settles a whole array of the largest size.
func TestAMillionTasksInChunksArePaidOnceEach(t *testing.T) {
	f := millionNetwork(t, 8)
	before := f.balance(0)
	posted, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: requester(0).String(), Spec: million(types.MaxChunkTasks)})
	require.NoError(t, err)
	id, players := posted.JobId, f.quickPlayers(8)
	params, err := f.keeper.Params(f.ctx)
	require.NoError(t, err)
	window := params.UnrollWindow(f.job(id).Policy, 8*20)
	most, blocks := uint64(0), 0
	for ; !f.over(id); blocks++ {
		require.Less(t, blocks, 1_000)
		for _, p := range players {
			p.act()
		}
		f.next()
		job := f.job(id)
		most = max(most, job.ChunksOpen)
		require.LessOrEqual(t, job.ChunksOpen, window)
	}
	job := f.job(id)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	require.EqualValues(t, types.MaxTasks, job.TasksAccepted)
	require.EqualValues(t, 245, job.ChunksEnded)
	t.Logf("%d blocks, at most %d of %d chunks open at once", blocks, most, window)

	next, executed, spent := uint64(0), math.ZeroInt(), math.ZeroInt()
	byTask := map[uint64]types.Receipt{}
	for _, r := range f.receipts[id] {
		require.NotContains(t, byTask, r.Task)
		byTask[r.Task] = r
	}
	for range job.ChunksEnded { // each receipt begins where another one ends
		r, found := byTask[next]
		require.True(t, found, "receipt of task %d", next)
		next += r.Count
		require.Len(t, r.Outcomes, 2)
		require.Equal(t, math.NewIntFromUint64(10*r.Count), r.Outcomes[0].Paid, "the replica is paid for every task")
		require.Equal(t, math.NewInt(10*4), r.Outcomes[1].Paid, "the auditor is paid for the samples")
		executed = executed.Add(r.Outcomes[0].Paid)
		spent = spent.Add(r.Outcomes[0].Paid).Add(r.Outcomes[1].Paid).Add(r.Burned)
	}
	require.EqualValues(t, types.MaxTasks, next)
	require.Equal(t, math.NewInt(10*types.MaxTasks), executed)
	require.Equal(t, before.Sub(posted.PostingFee.Amount).Sub(spent), f.balance(0))
	f.requireReceiptsUnder(job)

	bits, err := f.queries.TaskBits(f.ctx, &types.QueryTaskBitsRequest{JobId: id, Pagination: &query.PageRequest{Limit: 1_000}})
	require.NoError(t, err)
	ended, accepted := count(bits.TaskBits)
	require.Equal(t, []int{types.MaxTasks, types.MaxTasks}, []int{ended, accepted})
	require.Error(t, f.claim(0, types.ChunkRef{JobId: id, Task: 8 * types.MaxChunkTasks}), "a chunk that has ended is not drawn again")
}

// progress is the gas of what happens to a job of a certain size.
type progress struct {
	post, job, task, explain, cancel uint64
	// sweeps contains the gas of each block after the cancellation until the job has ended.
	sweeps []uint64
}

// progressOf posts a job, lets nodes take chunks until 60 of them are open, and cancels it.
func progressOf(t *testing.T, s types.JobSpec) progress {
	t.Helper()
	f := millionNetwork(t, 8)
	var (
		out progress
		id  string
	)
	out.post = f.metered(func() { id = f.post(0, s) })
	for range 200 {
		for n := range 8 {
			claimable, err := f.queries.Claimable(f.ctx, &types.QueryClaimableRequest{Operator: operator(n).String()})
			require.NoError(t, err)
			for _, task := range claimable.Tasks {
				player{f: f, n: n}.claim(task)
			}
		}
		f.next()
		if f.job(id).ChunksOpen >= 60 {
			break
		}
	}
	require.GreaterOrEqual(t, f.job(id).ChunksOpen, uint64(60))
	out.job = f.metered(func() { f.job(id) })
	out.task = f.metered(func() {
		_, err := f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: id, Task: s.PerChunk() * 3 / 2})
		require.NoError(t, err)
	})
	out.explain = f.metered(func() {
		_, err := f.queries.Explain(f.ctx, &types.QueryExplainRequest{JobId: id, Task: s.PerChunk() * 3 / 2})
		require.NoError(t, err)
	})
	f.setParams(func(p *types.Params) { p.MaxBatch, p.QueueLimit = 20, 20 })
	out.cancel = f.metered(func() {
		_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
		require.NoError(t, err)
	})
	for !f.over(id) {
		out.sweeps = append(out.sweeps, f.metered(func() { require.NoError(t, f.keeper.EndBlock(f.ctx)) }))
		f.checkInvariants()
		f.ctx = f.ctx.WithBlockHeight(f.ctx.BlockHeight() + 1)
		require.Less(t, len(out.sweeps), 20)
	}
	require.EqualValues(t, s.Tasks, f.job(id).TasksEnded)
	return out
}

// bitsGas is more than the gas with which a record of bits is read and written.
const bitsGas = 24_000

// TestTheSizeOfAnArrayInChunksCostsNothing: posting, queries of its progress and cancelling use
// the gas of an array of few tasks, whatever the tasks of a chunk are. Each block of the
// cancellation does so too, except for one record of bits for 2,048 tasks that it ends.
func TestTheSizeOfAnArrayInChunksCostsNothing(t *testing.T) {
	small := million(2)
	small.Tasks, small.Reward = 500, coin(1_000) // of which attempt fees of two tasks can be split
	want := progressOf(t, small)
	t.Logf("500 tasks in chunks of 2: %+v", want)
	for _, perChunk := range []uint64{256, types.MaxChunkTasks} {
		found := progressOf(t, million(perChunk))
		t.Logf("a million in chunks of %d: %+v", perChunk, found)
		for what, gas := range map[string][2]uint64{
			"post": {want.post, found.post}, "job": {want.job, found.job}, "task": {want.task, found.task},
			"explain": {want.explain, found.explain}, "cancel": {want.cancel, found.cancel},
		} {
			require.InEpsilon(t, gas[0], gas[1], 0.02, "%s: %d gas for few tasks, %d for a million in chunks of %d", what, gas[0], gas[1], perChunk)
		}
		require.Len(t, found.sweeps, len(want.sweeps))
		for i := range want.sweeps {
			// A block ends 20 chunks at most. Their tasks are in as many records of bits, and one
			// more, because the chunks follow each other.
			records := 20*perChunk/types.TaskBitsLen + 1
			require.LessOrEqual(t, found.sweeps[i], want.sweeps[i]*101/100+records*bitsGas, "block %d, chunks of %d", i, perChunk)
		}
	}
}
