package keeper_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// params returns the current parameters.
func (f *fixture) params() types.Params {
	f.t.Helper()
	resp, err := f.queries.Params(f.ctx, &types.QueryParamsRequest{})
	require.NoError(f.t, err)
	return resp.Params
}

// locked returns how much of a node's bond is locked.
func (f *fixture) locked(n int) math.Int { return f.state(n).Locked }

// TestAPartLocksByTheTasksThatItExecutes: a short last chunk locks less than the others, an
// auditor as much as the judges of its samples cost, and a judge as much as those of the next
// round. The claims say so in advance.
func TestAPartLocksByTheTasksThatItExecutes(t *testing.T) {
	f := chunkNetwork(t, 12)
	f.setParams(func(p *types.Params) { p.HonestBps = 2_000 })
	players := f.everyone(12, honest)
	for n := range players { // some disagree
		players[n].chunk.skips = func(task uint64) bool { return task < 60 && n%2 == 0 }
	}
	seen := map[string]math.Int{}
	for range 8 {
		id := f.post(0, chunked(68, 64))
		job := f.job(id)
		for !f.jobEnded(id) {
			for _, first := range []uint64{0, 64} {
				resp, err := f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: id, Task: first})
				if err == nil {
					f.checkLocks(&job, &resp.Chunk, seen)
				}
			}
			f.claimAsAnnounced(12)
			f.turn(players)
			f.checkInvariants()
		}
		if len(seen) == 4 {
			break
		}
	}
	require.Len(t, seen, 4)
	require.Less(t, seen["replica of 4"].Int64(), seen["replica of 64"].Int64())
	require.Less(t, seen["auditor"].Int64(), seen["replica of 64"].Int64())
	require.Less(t, seen["judge"].Int64(), seen["auditor"].Int64())
	for n := range 12 {
		require.Equal(t, "0", f.locked(n).String())
	}
}

// checkLocks checks what the parts of a chunk lock, and notes it.
func (f *fixture) checkLocks(job *types.Job, task *types.Chunk, seen map[string]math.Int) {
	f.t.Helper()
	p := f.params()
	require.Equal(f.t, p.ChunkLiability(job, task.Count), task.Liability)
	for r := range task.Rounds {
		samples := uint64(len(task.Rounds[r].Samples))
		for i, a := range task.Rounds[r].Replicas {
			want, role := task.Liability, fmt.Sprintf("replica of %d", task.Count)
			switch {
			case r > 0:
				want, role = p.JudgeLiability(job, task.Liability, samples), "judge"
			case i > 0 && samples < task.Count:
				want, role = p.AuditLiability(job, task.Liability, samples), "auditor"
			}
			require.Equal(f.t, want.String(), a.Locked.String(), role)
			seen[role] = a.Locked
		}
	}
}

// claimAsAnnounced claims all draws that nodes would win, and checks that a claim locks what
// the chain has said.
func (f *fixture) claimAsAnnounced(nodes int) {
	f.t.Helper()
	for n := range nodes {
		for _, c := range f.claimable(n) {
			if !c.Leading {
				continue
			}
			before := f.locked(n)
			require.NoError(f.t, f.claim(n, c.Ref))
			require.Equal(f.t, before.Add(c.Liability).String(), f.locked(n).String(), "what the chain has announced")
		}
	}
}

// TestARestUnlocksItsBond: a node that leaves a rest of its chunk to others keeps locked what
// its part requires.
func TestARestUnlocksItsBond(t *testing.T) {
	f := chunkNetwork(t, 6)
	players := f.everyone(6, honest)
	id := f.post(0, chunked(64, 64))
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) > 0 })
	job, n := f.job(id), f.drawn(id)[0]
	require.Equal(t, job.Liability, f.locked(n))
	players[n].chunk.first = 8
	f.until(players, func() bool { return f.task(id).Count == 8 })
	part := f.task(id)
	require.Equal(t, f.params().ChunkLiability(&job, 8), part.Liability)
	require.True(t, part.Liability.LT(job.Liability))
	require.Equal(t, part.Liability, part.Rounds[0].Replicas[0].Locked)
	f.checkInvariants()
	players[n].chunk.first = 0
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, id, 300).Status)
	for _, r := range f.receipts[id] {
		require.Equal(t, f.params().ChunkLiability(&job, r.Count).String(), r.Liability.String())
	}
}

// TestASilentAuditorDoesNotHideALie: a replica lies about the second half of its chunk and
// buys the silence of its auditor, which has locked less. Judges execute all samples, although
// the first one is right.
func TestASilentAuditorDoesNotHideALie(t *testing.T) {
	f := chunkNetwork(t, 12)
	f.setParams(func(p *types.Params) { p.HonestBps = 2_000 })
	for range 12 {
		players := f.everyone(12, honest)
		id := f.post(0, chunked(64, 64))
		f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) > 0 })
		liar := f.drawn(id)[0]
		players[liar].chunk.skips = func(task uint64) bool { return task >= 32 }
		f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) == 2 })
		samples, auditor := f.round(id).Samples, f.drawn(id)[1]
		if samples[0] >= 32 || samples[len(samples)-1] < 32 {
			f.play(players, id, 300)
			continue
		}
		lied, silenced := f.bond(liar), f.bond(auditor)
		locked := f.round(id).Replicas[1].Locked
		players[auditor].does = silent
		f.until(players, func() bool { return len(f.task(id).Rounds) == 2 })
		require.Equal(t, samples, f.round(id).Samples, "judges execute what the auditor has executed")
		job := f.play(players, id, 300)
		require.Equal(t, types.JOB_STATUS_FAILED, job.Status)
		require.Equal(t, lied.Sub(job.Liability), f.bond(liar), "the liability of the chunk")
		require.Equal(t, silenced.Sub(locked), f.bond(auditor))
		require.True(t, locked.LT(job.Liability))
		for _, o := range f.receipts[id][0].Outcomes[2:] {
			require.True(t, o.Share.GTE(math.NewInt(100*int64(len(samples)))), "a judge of %d tasks earned %s", len(samples), o.Share)
		}
		return
	}
	require.Fail(t, "no audit has sampled both halves")
}

// TestNodesWithOneSlotFinishAnAuditedArray: as many chunks are open as there are nodes, each
// node holds a replica, and each chunk is audited. The nodes audit each other's chunks.
func TestNodesWithOneSlotFinishAnAuditedArray(t *testing.T) {
	for _, n := range []int{3, 4, 7} {
		f := newFixture(t)
		for i := range n {
			f.register(i, 100_000, 1)
		}
		require.NoError(t, f.nodes.RollEpoch(f.ctx))
		f.finishArray(n, chunked(40, 4), func(state edgenodetypes.NodeState) { require.LessOrEqual(t, state.UsedSlots, uint32(2)) })
	}
}

// TestReplicasLeaveBondToAuditors: the nodes have slots for many chunks, and bond for two
// parts. Replicas do not take it all.
func TestReplicasLeaveBondToAuditors(t *testing.T) {
	f := newFixture(t)
	s, p := chunked(40, 4), f.params()
	s.Reward = coin(1_000)
	policy, slashed := p.Effective(&s)
	liability := p.Liability(s.Reward.Amount, policy, slashed, 4)
	for i := range 3 {
		f.register(i, 2*liability.Int64(), 20)
	}
	require.NoError(t, f.nodes.RollEpoch(f.ctx))
	f.finishArray(3, s, func(state edgenodetypes.NodeState) { require.LessOrEqual(t, state.UsedSlots, uint32(2)) })
}

// finishArray plays an array of ten chunks of which each is audited, and checks that all are
// accepted, without one that failed for lack of auditors.
func (f *fixture) finishArray(nodes int, s types.JobSpec, check func(edgenodetypes.NodeState)) {
	f.t.Helper()
	id, players := f.post(0, s), f.everyone(nodes, honest)
	for range 600 {
		if f.jobEnded(id) {
			break
		}
		f.turn(players)
		for n := range nodes {
			check(f.state(n))
		}
		f.checkInvariants()
	}
	job := f.job(id)
	require.Equal(f.t, types.JOB_STATUS_COMPLETED, job.Status, "%+v", job)
	require.EqualValues(f.t, 40, job.TasksAccepted)
}
