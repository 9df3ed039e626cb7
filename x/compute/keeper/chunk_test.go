package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// chunked returns an array of tasks that nodes take in chunks, and that is always audited.
func chunked(tasks, perChunk uint64) types.JobSpec {
	s := audited(10_000, 1)
	s.Tasks, s.ChunkTasks, s.Policy.Samples = tasks, perChunk, 4
	s.Reward = coin(100)
	return s
}

// chunkNetwork returns a fixture with n nodes whose bond carries chunks.
func chunkNetwork(t *testing.T, n int) *fixture {
	t.Helper()
	f := newFixture(t)
	for i := range n {
		f.register(i, 100_000, 20)
	}
	require.NoError(t, f.nodes.RollEpoch(f.ctx))
	return f
}

// held returns what a node holds of a job's first chunk.
func (f *fixture) held(n int) types.WorkItem {
	f.t.Helper()
	resp, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(n).String()})
	require.NoError(f.t, err)
	require.Len(f.t, resp.Items, 1)
	return resp.Items[0]
}

// until lets the players act until a condition holds.
func (f *fixture) until(players []player, holds func() bool) {
	f.t.Helper()
	for range 200 {
		if holds() {
			return
		}
		f.turn(players)
	}
	require.Fail(f.t, "the condition never held")
}

func TestAnArrayInChunksIsPaidByTask(t *testing.T) {
	f := chunkNetwork(t, 6)
	id := f.post(0, chunked(50, 16)) // three chunks of 16 tasks, and one of 2
	paid := f.balance(0)
	job := f.play(f.everyone(6, honest), id, 300)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	require.EqualValues(t, 50, job.TasksAccepted)
	receipts := f.receipts[id]
	require.Len(t, receipts, 4)
	require.EqualValues(t, 4, job.ChunksEnded)
	ended, accepted := count(f.taskBits(id))
	require.Equal(t, []int{50, 50}, []int{ended, accepted})
	f.requireReceiptsUnder(job)

	spent := math.ZeroInt()
	for _, r := range receipts {
		require.True(t, r.Audited)
		require.Len(t, r.Outcomes, 2)
		sampled := int64(types.SampleSize(r.Count, 4, 1_000_000, r.Fuel))
		require.Equal(t, math.NewIntFromUint64(100*r.Count).String(), r.Outcomes[0].Paid.String(), "the replica executes all")
		require.Equal(t, math.NewInt(100*sampled).String(), r.Outcomes[1].Paid.String(), "the auditor executes %d", sampled)
		require.Equal(t, r.Tags[0], r.Outcomes[0].Tag)
		spent = spent.Add(r.Outcomes[0].Paid).Add(r.Outcomes[1].Paid).Add(r.Burned)
	}
	reserved := job.TaskReserve.MulRaw(50)
	require.Equal(t, paid.Add(reserved.Sub(spent)), f.balance(0), "the rest is refunded")
}

// TestALieThatIsSampledCostsTheLiabilityOfTheChunk: judges execute the task about which the
// two disagree, and nothing else.
func TestALieThatIsSampledCostsTheLiabilityOfTheChunk(t *testing.T) {
	for name, c := range map[string]struct {
		chunk chunkBehaviour
		does  behaviour
		sure  bool
	}{
		"all tasks":          {chunk: chunkBehaviour{skips: func(uint64) bool { return true }}, sure: true},
		"as much as allowed": {chunk: chunkBehaviour{skips: func(uint64) bool { return true }, fuel: 1_000_000}, sure: true},
		"as little":          {chunk: chunkBehaviour{skips: func(uint64) bool { return true }, fuel: 1}, sure: true},
		"one task":           {chunk: chunkBehaviour{skips: func(task uint64) bool { return task == 3 }}},
		"silent":             {does: silent, sure: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := chunkNetwork(t, 9)
			found := 0
			for range 12 {
				players := f.everyone(9, honest)
				id := f.post(0, chunked(16, 16))
				f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) > 0 })
				liar := f.drawn(id)[0]
				players[liar].chunk, players[liar].does = c.chunk, c.does
				bond, job := f.bond(liar), f.play(players, id, 300)
				r := f.receipts[id][0]
				if job.Status == types.JOB_STATUS_COMPLETED {
					require.False(t, c.sure, "three samples, and all are false")
					continue
				}
				found++
				require.Equal(t, types.CHUNK_STATUS_FAILED, r.Status, "samples alone are no result")
				require.Empty(t, r.Tags)
				require.Equal(t, bond.Sub(job.Liability), f.bond(liar), "the liability of the whole chunk")
				require.True(t, r.Outcomes[0].Paid.IsZero())
				require.GreaterOrEqual(t, job.Liability.Int64(), int64(1_600), "which is at least the chunk's pay")
				for _, o := range r.Outcomes[1:] {
					if o.Round > 0 {
						require.True(t, o.Share.GTE(math.NewInt(100)) && o.Share.LTE(math.NewInt(200)), "a judge executes one task: %s", o.Share)
					}
				}
				if c.chunk.skips != nil && c.chunk.fuel != 1 {
					require.Equal(t, types.ASSIGNMENT_STATUS_PAID, r.Outcomes[1].Status, "the auditor was right")
				}
			}
			require.Positive(t, found)
		})
	}
}

// TestAnAuditorThatLiesLosesAndTheChunkIsAccepted: the replica is right about the task on
// which the two disagree.
func TestAnAuditorThatLiesLosesAndTheChunkIsAccepted(t *testing.T) {
	f := chunkNetwork(t, 9)
	players := f.everyone(9, honest)
	id := f.post(0, chunked(16, 16))
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) == 2 })
	drawn := f.drawn(id)
	samples := f.round(id).Samples
	require.Len(t, samples, 5, "four, because the tasks use nine tenths of their fuel")
	last := uint64(samples[4])
	players[drawn[1]].chunk.skips = func(task uint64) bool { return task >= last }
	before := f.bond(drawn[1])
	locked := f.round(id).Replicas[1].Locked
	f.until(players, func() bool { return len(f.task(id).Rounds) == 2 })
	require.Equal(t, []uint32{samples[4]}, f.round(id).Samples, "judges execute the task about which the two disagree")
	job := f.play(players, id, 300)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	r := f.receipts[id][0]
	require.Equal(t, before.Sub(locked), f.bond(drawn[1]), "what an auditor of five samples has locked")
	require.Equal(t, "1600", r.Outcomes[0].Paid.String())
	require.Len(t, r.Tags, 2)
	require.Equal(t, r.Outcomes[0].Tag, r.Tags[0])
}

// TestNoAuditorShieldsTheReplica: a ring loses the liability of an auditor on purpose, by a lie
// about the first sample. The replica's own lie, which the other auditor has found, is judged
// all the same.
func TestNoAuditorShieldsTheReplica(t *testing.T) {
	f := chunkNetwork(t, 10)
	players := f.everyone(10, honest)
	s := chunked(16, 16)
	s.Policy.Auditors, s.Policy.Samples = 2, 8
	id := f.post(0, s)
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) > 0 })
	liar := f.drawn(id)[0]
	players[liar].chunk.skips = func(task uint64) bool { return task > 0 } // a lie about nearly all
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) == 3 })
	samples := f.round(id).Samples
	shield := f.drawn(id)[1]
	players[shield].chunk.skips = func(task uint64) bool { return task == uint64(samples[0]) }
	bond := f.bond(liar)
	job := f.play(players, id, 300)
	require.Equal(t, bond.Sub(job.Liability), f.bond(liar))
	require.Equal(t, types.JOB_STATUS_FAILED, job.Status)
	require.LessOrEqual(t, len(f.receipts[id][0].Tags), 0)
}

func TestTheRestOfAChunkIsOpenedAgain(t *testing.T) {
	f := chunkNetwork(t, 6)
	players := f.everyone(6, honest)
	id := f.post(0, chunked(20, 20))
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) > 0 })
	early := f.drawn(id)[0]
	players[early].chunk.first = 7
	f.until(players, func() bool { return f.task(id).Count == 7 })
	job := f.job(id)
	require.EqualValues(t, 20, job.TasksOpened)
	resp, err := f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: id, Task: 19})
	require.NoError(t, err)
	require.EqualValues(t, 7, resp.Chunk.Index)
	require.EqualValues(t, 13, resp.Chunk.Count)
	players[early].chunk.first = 0
	job = f.play(players, id, 300)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	require.EqualValues(t, 20, job.TasksAccepted)
	require.Len(t, f.receipts[id], 2)
	for _, r := range f.receipts[id] {
		want := 100 * int64(r.Count)
		if r.Count == 7 {
			want -= 100 * int64(types.SampleSize(7, 4, 1_000_000, r.Fuel)) // the audit of its part
		}
		require.Equal(t, math.NewInt(want).String(), r.Outcomes[0].Paid.String(), "chunk of %d", r.Count)
	}
	ended, accepted := count(f.taskBits(id))
	require.Equal(t, []int{20, 20}, []int{ended, accepted})
}

func TestWhatDoesNotFitAChunkIsRefused(t *testing.T) {
	f := chunkNetwork(t, 6)
	players := f.everyone(6, honest)
	id := f.post(0, chunked(100, 100))
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) > 0 })
	p := player{f: f, n: f.drawn(id)[0]}
	item := f.held(p.n)
	good := p.commitChunk(item)
	commit := func(change func(*types.CommitItem)) error {
		bad := good
		change(&bad)
		return f.unchanged(func() error { return p.sendCommit(bad) })
	}
	require.ErrorIs(t, commit(func(c *types.CommitItem) { c.Tasks = 101 }), types.ErrInvalidCommitment)
	require.ErrorIs(t, commit(func(c *types.CommitItem) { c.Fuel = 100*1_000_000 + 1 }), types.ErrFuelOverSpec)
	err := commit(func(c *types.CommitItem) { c.Fuel = 4_000_000 })
	require.ErrorIs(t, err, types.ErrTooManySamples)
	require.ErrorContains(t, err, "commit to the first 64")
	require.ErrorIs(t, commit(func(c *types.CommitItem) { c.Ref.Task = 5 }), types.ErrTaskNotFound)
	require.ErrorContains(t, commit(func(c *types.CommitItem) { c.Ref.Task = 5 }), "begins with task 0")
	require.NoError(t, p.sendCommit(good))

	f.until(players, func() bool { return len(f.round(id).Replicas) == 2 })
	auditor := player{f: f, n: f.drawn(id)[1]}
	require.ErrorIs(t, f.unchanged(func() error {
		bad := auditor.commitChunk(f.held(auditor.n))
		bad.Tasks = 1
		return auditor.sendCommit(bad)
	}), types.ErrInvalidCommitment, "an auditor executes all samples")
	require.NoError(t, auditor.sendCommit(auditor.commitChunk(f.held(auditor.n))))
	shown := p.revealChunk(f.held(p.n))
	for name, change := range map[string]func(*types.RevealItem){
		"a leaf too few":    func(r *types.RevealItem) { r.Leaves = r.Leaves[1:] },
		"a leaf twice":      func(r *types.RevealItem) { r.Leaves[1] = r.Leaves[0] },
		"no leaves":         func(r *types.RevealItem) { r.Leaves, r.Siblings = nil, nil },
		"a sibling too few": func(r *types.RevealItem) { r.Siblings = r.Siblings[1:] },
		"more siblings":     func(r *types.RevealItem) { r.Siblings = append(r.Siblings, r.Siblings[0]) },
		"other fuel":        func(r *types.RevealItem) { r.Metrics.Fuel++ },
		"a false leaf":      func(r *types.RevealItem) { r.Leaves[0].Hash = sum("false") },
		"an exit code":      func(r *types.RevealItem) { r.ExitCode = 1 },
	} {
		bad := shown
		bad.Leaves = append([]types.Subtree(nil), shown.Leaves...)
		bad.Siblings = append([]types.Subtree(nil), shown.Siblings...)
		change(&bad)
		require.ErrorIs(t, f.unchanged(func() error { return p.sendReveal(bad) }), types.ErrRevealMismatch, name)
	}
	require.NoError(t, p.sendReveal(shown))
}

func TestChunksThatAJobCannotHave(t *testing.T) {
	f := chunkNetwork(t, 6)
	f.setParams(func(p *types.Params) { p.MaxChunkTasks = 64 })
	post := func(change func(*types.JobSpec)) error {
		s := chunked(100, 10)
		change(&s)
		f.fund(requester(0), coin(100_000))
		return f.unchanged(func() error {
			_, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: requester(0).String(), Spec: s})
			return err
		})
	}
	require.ErrorIs(t, post(func(s *types.JobSpec) { s.ChunkTasks = 101 }), types.ErrInvalidSpec)
	require.ErrorIs(t, post(func(s *types.JobSpec) { s.ChunkTasks = 65 }), types.ErrInvalidSpec)
	require.ErrorIs(t, post(func(s *types.JobSpec) { s.Policy.Samples = 65 }), types.ErrInvalidSpec)
	f.setParams(func(p *types.Params) { p.MaxChunkTasks = types.MaxChunkTasks })
	require.ErrorContains(t, post(func(s *types.JobSpec) { s.ChunkTasks, s.Policy.Samples = 65, 59 }), "expected at most 64 tasks with more than one auditor or 58 samples")
	require.ErrorContains(t, post(func(s *types.JobSpec) { s.ChunkTasks, s.Policy.Auditors = 65, 2 }), "expected at most 64 tasks with more than one auditor or 58 samples")
	require.ErrorIs(t, post(func(s *types.JobSpec) {
		s.Tasks, s.ChunkTasks, s.Policy = 342, 342, types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 3}
	}), types.ErrInvalidSpec)
}
