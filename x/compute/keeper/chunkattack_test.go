package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// Attacks on chunks by their own nodes.

// drawnQuorum posts a quorum chunk and waits until its three replicas are drawn.
func drawnQuorum(f *fixture, players []player, s types.JobSpec) (string, []int) {
	f.t.Helper()
	id := f.post(0, s)
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) == 3 })
	return id, f.drawn(id)
}

// TestASilentReplicaOfAQuorumDoesNotConvictTheOthers: one of three commits and never reveals.
// The other two are honest, agree, and must not lose anything.
func TestASilentReplicaOfAQuorumDoesNotConvictTheOthers(t *testing.T) {
	f := chunkNetwork(t, 14)
	players := f.everyone(14, honest)
	id, drawn := drawnQuorum(f, players, quorumChunk(16))
	players[drawn[0]].does = silent
	before := []string{f.bond(drawn[1]).String(), f.bond(drawn[2]).String()}
	job := f.play(players, id, 200)
	require.Equal(t, before, []string{f.bond(drawn[1]).String(), f.bond(drawn[2]).String()}, "two honest replicas")
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
}

// TestAnAuditorOfAQuorumIsNotConvictedForATaskThatItDidNotExecute: replicas disagree about a
// task that is not a sample. The auditor agrees with all of them about the samples.
func TestAnAuditorOfAQuorumIsNotConvictedForATaskThatItDidNotExecute(t *testing.T) {
	f := chunkNetwork(t, 16)
	players := f.everyone(16, honest)
	s := quorumChunk(32)
	s.Policy.AuditBps, s.Policy.Auditors, s.Policy.Samples = 10_000, 1, 4
	id, drawn := drawnQuorum(f, players, s)
	players[drawn[0]].chunk.skips = func(task uint64) bool { return task == 17 }
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) == 4 })
	samples := f.round(id).Samples
	require.NotContains(t, samples, uint32(17), "the beacon of this test draws others")
	auditor := f.drawn(id)[3]
	before := f.bond(auditor).String()
	job := f.play(players, id, 200)
	require.Equal(t, before, f.bond(auditor).String(), "the auditor told the truth about all samples %v", samples)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
}

// TestASilentReplicaOfAnAuditedQuorumDoesNotConvictTheOthers: as above, but one replica is silent in the reveal.
func TestASilentReplicaOfAnAuditedQuorumDoesNotConvictTheOthers(t *testing.T) {
	f := chunkNetwork(t, 16)
	players := f.everyone(16, honest)
	s := quorumChunk(32)
	s.Policy.AuditBps, s.Policy.Auditors, s.Policy.Samples = 10_000, 1, 4
	id, drawn := drawnQuorum(f, players, s)
	players[drawn[0]].does = silent
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) == 4 })
	bonds := func() (out []string) {
		for _, n := range f.drawn(id)[1:] {
			out = append(out, f.bond(n).String())
		}
		return out
	}
	all := f.drawn(id)
	before := bonds()
	job := f.play(players, id, 200)
	var after []string
	for _, n := range all[1:] {
		after = append(after, f.bond(n).String())
	}
	require.Equal(t, before, after)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
}

// TestAnOpeningBeyondTheChunkIsRefused: a node that has shown all results of its chunk opens
// a position that the chunk does not have. The inspection of the lane runs the same code
// when blocks are proposed and judged, and before a tx enters the pool.
func TestAnOpeningBeyondTheChunkIsRefused(t *testing.T) {
	f := chunkNetwork(t, 14)
	players := f.everyone(14, honest)
	_, drawn := drawnQuorum(f, players, quorumChunk(16))
	players[drawn[0]].chunk.skips = func(task uint64) bool { return task == 5 }
	p := players[drawn[0]]
	f.until(players, func() bool { return f.held(p.n).MustOpen })
	item := f.held(p.n)
	bad := types.NewOpenItem(item.Ref, p.result(item.Ref, 16))
	msg := &types.MsgOpen{Worker: worker(p.n).String(), Items: []types.OpenItem{bad}}
	require.NotPanics(t, func() {
		due, err := f.keeper.Duties(f.ctx, msg)
		require.NoError(t, err)
		require.Empty(t, due)
	}, "inspection of the lane")
}

// TestAnOpeningBeyondTheChunkDoesNotPanic: the handler itself, of a chunk under AUDIT of
// which all tasks are sampled.
func TestAnOpeningBeyondTheChunkDoesNotPanic(t *testing.T) {
	f := chunkNetwork(t, 14)
	players := f.everyone(14, honest)
	s := chunked(4, 4)
	id := f.post(0, s)
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) > 0 })
	n := f.drawn(id)[0]
	players[n].chunk.skips = func(task uint64) bool { return task == 2 }
	players[n].does = closed // it has not opened anything yet
	p := players[n]
	f.until(players, func() bool { return f.held(n).MustOpen })
	item := f.held(n)
	bad := types.NewOpenItem(item.Ref, p.result(item.Ref, 4_000_000_000))
	require.NotPanics(t, func() {
		_, err := f.msgs.Open(f.ctx, &types.MsgOpen{Worker: worker(n).String(), Items: []types.OpenItem{bad}})
		require.ErrorIs(t, err, types.ErrNotOpening)
	})
}

// TestACommitmentThatIsRefusedIsNoDuty: as reveals and openings, a commitment uses the lane
// only if the chain would take it.
func TestACommitmentThatIsRefusedIsNoDuty(t *testing.T) {
	f := chunkNetwork(t, 6)
	players := f.everyone(6, honest)
	id := f.post(0, chunked(100, 100))
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) > 0 })
	p := player{f: f, n: f.drawn(id)[0]}
	bad := p.commitChunk(f.held(p.n))
	bad.Fuel = 4_000_000
	require.ErrorIs(t, p.sendCommit(bad), types.ErrTooManySamples)
	due, err := f.keeper.Duties(f.ctx, &types.MsgCommit{Worker: worker(p.n).String(), Items: []types.CommitItem{bad}})
	require.NoError(t, err)
	require.Empty(t, due)
}

// TestAnAuditorIsPaidIfTheReplicaFallsSilent: the auditor has done its work and revealed. A
// replica that sees that it is caught must not be able to take the auditor's pay away.
func TestAnAuditorIsPaidIfTheReplicaFallsSilent(t *testing.T) {
	f := chunkNetwork(t, 9)
	players := f.everyone(9, honest)
	id := f.post(0, chunked(16, 16))
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) > 0 })
	players[f.drawn(id)[0]].does = silent
	f.play(players, id, 300)
	r := f.receipts[id][0]
	require.Len(t, r.Outcomes, 2)
	paid := r.Outcomes[1].Paid.Add(r.Outcomes[1].Share)
	require.True(t, paid.GTE(math.NewInt(4*100)), "the auditor executed at least 4 tasks of 100 each and earned %s", paid)
}

// TestASplitThatWasNotForcedPaysForItsAudit: a node commits to 100 of 200 tasks although it
// may commit to all: the audit of any part samples exactly 64.
func TestASplitThatWasNotForcedPaysForItsAudit(t *testing.T) {
	f := chunkNetwork(t, 6)
	f.setParams(func(p *types.Params) { p.MinSamples = 1 })
	players := f.everyone(6, honest)
	s := chunked(200, 200)
	s.Policy.Samples = 58 // tasks use nine tenths and more: ceil(58/0.9125) = 64
	id := f.post(0, s)
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) > 0 })
	early := f.drawn(id)[0]
	players[early].chunk.first = 100
	f.until(players, func() bool { return f.task(id).Count == 100 })
	players[early].chunk.first = 0
	f.play(players, id, 300)
	for _, r := range f.receipts[id] {
		n := types.SampleSize(r.Count, 58, 1_000_000, r.Fuel)
		if r.Task == 0 {
			require.EqualValues(t, 64, n)
			require.Equal(t, math.NewInt(10_000-6_400).String(), r.Outcomes[0].Paid.String(), "it might have committed to all 200 tasks")
		}
	}
}

// TestNoChunkIsDrawnAfterTheLifetime: a node that commits to parts must not keep a job open
// beyond its lifetime.
func TestNoChunkIsDrawnAfterTheLifetime(t *testing.T) {
	f := chunkNetwork(t, 6)
	players := f.everyone(6, honest)
	s := chunked(20, 20)
	s.Policy.AuditBps, s.CommitBlocks, s.LifetimeBlocks = 1_000, 30, 20
	id := f.post(0, s)
	for i := range players { // every node commits to one task, in the last block of its deadline
		players[i].chunk.first = 1
	}
	expires := f.job(id).ExpiresHeight
	late := 0
	for range 1_000 {
		for _, p := range players {
			claimable, err := f.queries.Claimable(f.ctx, &types.QueryClaimableRequest{Operator: operator(p.n).String()})
			require.NoError(t, err)
			for _, c := range claimable.Tasks {
				p.claim(c)
			}
			held, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(p.n).String()})
			require.NoError(t, err)
			for _, item := range held.Items {
				if item.Assignment.Status == types.ASSIGNMENT_STATUS_ASSIGNED {
					if f.ctx.BlockHeight() < item.Assignment.CommitDeadline {
						continue
					}
					if item.Assignment.AssignedHeight > expires {
						late++
					}
				}
				p.serve(item)
			}
		}
		f.next()
		if j := f.job(id); j.Ended() {
			break
		}
	}
	j := f.job(id)
	require.Zero(t, late, "chunks that were assigned after the lifetime, which ended at height %d; the job closed at height %d", expires, j.ClosedHeight)
}

// TestSeveralOpeningsOfATaskAreDifferentDuties: a node opens one result for each judged
// position, in one message. app/lane.go refuses a tx in which two duties have the same key.
func TestSeveralOpeningsOfATaskAreDifferentDuties(t *testing.T) {
	f := chunkNetwork(t, 14)
	players := f.everyone(14, honest)
	_, drawn := drawnQuorum(f, players, quorumChunk(16))
	players[drawn[0]].chunk.skips = func(task uint64) bool { return task == 5 }
	players[drawn[1]].chunk.skips = func(task uint64) bool { return task == 9 }
	var items []types.OpenItem
	p := players[drawn[2]]
	f.until(players, func() bool {
		item := f.held(drawn[2])
		if !item.MustOpen {
			return false
		}
		for _, position := range item.Opens {
			items = append(items, types.NewOpenItem(item.Ref, p.result(item.Ref, position)))
		}
		return true
	})
	require.Len(t, items, 2)
	due, err := f.keeper.Duties(f.ctx, &types.MsgOpen{Worker: worker(p.n).String(), Items: items})
	require.NoError(t, err)
	require.Len(t, due, 2)
	require.NotEqual(t, due[0].Key(), due[1].Key(), "both belong into the lane")
}

// TestReplicasOfChunksLeaveASlotToAuditors: more chunks are open than the class has slots. If
// replicas took them all, no chunk would find its auditor.
func TestReplicasOfChunksLeaveASlotToAuditors(t *testing.T) {
	f := newFixture(t)
	for i := range 3 {
		f.register(i, 100_000, 2)
	}
	require.NoError(t, f.nodes.RollEpoch(f.ctx))
	id := f.post(0, chunked(40, 4))
	players := f.everyone(3, honest)
	for range 400 {
		if f.jobEnded(id) {
			break
		}
		f.turn(players)
		for n := range 3 {
			node, err := f.nodes.Node(f.ctx, operator(n))
			require.NoError(t, err)
			require.LessOrEqual(t, node.State.UsedSlots, uint32(2))
		}
	}
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(id).Status, "%+v", f.job(id))
}
