package keeper_test

import (
	"bytes"
	"slices"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// drawChunks makes a job an array that nodes take in chunks. Its reward is so low that many
// nodes have a bond that carries a chunk.
func drawChunks(t *rapid.T, s *types.JobSpec) {
	s.Tasks = rapid.Uint64Range(2, 20).Draw(t, "tasks of an array")
	s.ChunkTasks = rapid.Uint64Range(1, min(16, s.Tasks)).Draw(t, "tasks of a chunk")
	s.Reward.Amount = math.NewInt(rapid.Int64Range(10, 60).Draw(t, "reward of a task"))
	if s.Policy.Auditors > 0 {
		s.Policy.Samples = rapid.Uint32Range(0, 8).Draw(t, "samples")
	}
}

// drawChunkBehaviour draws how a node treats chunks: some leave a rest to others, and those that
// lie do so about one task, half of the tasks, those that use most fuel, or all, and may not
// show what they have stated.
func drawChunkBehaviour(t *rapid.T, notes *chunkNotes, does behaviour) chunkBehaviour {
	b := chunkBehaviour{notes: notes, first: rapid.SampledFrom([]uint64{0, 0, 1, 2, 5}).Draw(t, "first tasks")}
	if does != liar && does != colluder && does != closedLiar {
		return b
	}
	b.skips = rapid.SampledFrom([]func(uint64) bool{
		func(task uint64) bool { return task == 3 },
		func(task uint64) bool { return task%2 == 0 },
		func(task uint64) bool { return taskFuel(task) == 1_000_000 },
		func(uint64) bool { return true },
	}).Draw(t, "skips")
	b.fuel = rapid.SampledFrom([]uint64{0, 1, 1_000_000}).Draw(t, "fuel of what is skipped")
	b.hides = rapid.IntRange(0, 3).Draw(t, "hides") == 0
	return b
}

// judged reports whether judges have ended a chunk, which then has no result if its replica
// was wrong.
func judged(job *types.Job, r types.Receipt) bool {
	return r.Count > 1 && !job.Challenged.Whole() && slices.ContainsFunc(r.Outcomes, func(o types.Outcome) bool { return o.Round > 0 })
}

// replicaOf reports whether an outcome is that of a replica of a first round, not of an
// auditor: the replicas are drawn first.
func replicaOf(job *types.Job, r types.Receipt, o types.Outcome) bool {
	left := job.Policy.Replicas
	for _, x := range r.Outcomes {
		if x.Round > 0 || x.Status == types.ASSIGNMENT_STATUS_RELEASED || x.Status == types.ASSIGNMENT_STATUS_MISSED || x.Status == types.ASSIGNMENT_STATUS_YIELDED {
			continue
		}
		if left == 0 {
			return false
		}
		if left--; x.Operator == o.Operator {
			return true
		}
	}
	return false
}

// earns returns what a replica or an auditor that was right earns: the reward of each task that
// it has executed. A replica that has left a rest to others does not earn the pay of its
// auditors.
func (m *market) earns(job *types.Job, r types.Receipt, o types.Outcome) math.Int {
	if !job.Guarantee().PaysFailures() && r.FailedTasks > 0 {
		failed := m.params().AttemptFee(job.Pay(r.FailedTasks))
		if bytes.Equal(o.Tag, r.Tags[0]) {
			return job.Pay(r.Count - r.FailedTasks).Add(failed)
		}
		return failed
	}
	if job.ChunkTasks == 1 || job.Challenged.Whole() {
		return job.Pay(r.Count)
	}
	sampled := uint64(1)
	if r.Count > 1 {
		sampled = types.SampleSize(r.Count, job.Policy.Samples, job.Fuel, m.notes.fuel[chunkKey(r.JobId, r.Task)])
	}
	if !replicaOf(job, r, o) {
		return job.Pay(sampled)
	}
	return math.MaxInt(job.Pay(r.Count).Sub(m.handover(job, r, sampled)), math.ZeroInt())
}

// handover returns what a replica does not earn because it has left a rest to others.
func (m *market) handover(job *types.Job, r types.Receipt, sampled uint64) math.Int {
	if !r.Audited || !m.notes.left[chunkKey(r.JobId, r.Task)] {
		return math.ZeroInt()
	}
	return job.Pay(sampled).MulRaw(int64(job.Policy.Auditors))
}

// checkChunkResult checks that the accepted result of a chunk under a quorum is right in all its
// tasks: at least one of its replicas is honest, and judges find each node wrong that disagrees
// with that one. Runs with nodes that do not open their results are left out, because these
// leave the verdict to others.
func (m *market) checkChunkResult(t *rapid.T, job *types.Job, r types.Receipt) {
	if r.Status != types.CHUNK_STATUS_ACCEPTED || r.Count == 1 || job.Policy.Replicas == 1 || !job.Slashable || m.liarsWin || !m.vouched {
		return
	}
	if slices.ContainsFunc(m.players, func(p player) bool { return p.does == closed }) {
		return
	}
	leaves := player{f: m.fixture}.leaves(types.WorkItem{Ref: types.ChunkRef{JobId: r.JobId, Task: r.Task}}, r.Count)
	require.Equal(t, types.ChunkRoot(leaves).Hash, r.Tags[0], "job %s: chunk %d has a false result", job.Id, r.Task)
}

// checkChunks checks that every task of a job has ended once: in one chunk, or because it was
// never opened.
func (m *market) checkChunks(t *rapid.T, job *types.Job) {
	receipts := slices.Clone(m.receipts[job.Id])
	slices.SortFunc(receipts, func(a, b types.Receipt) int { return int(a.Task) - int(b.Task) })
	next, accepted := uint64(0), map[uint64]bool{}
	for _, r := range receipts {
		require.Equal(t, next, r.Task, "job %s: chunks follow each other", job.Id)
		require.True(t, r.Count >= 1 && r.Count <= job.ChunkTasks, "job %s: a chunk of %d tasks of at most %d", job.Id, r.Count, job.ChunkTasks)
		for next = r.Task; next < r.Task+r.Count; next++ {
			accepted[next] = r.Status == types.CHUNK_STATUS_ACCEPTED
		}
	}
	require.Equal(t, job.Tasks, next+job.TasksDropped, "job %s: every task has ended, or was never opened", job.Id)
	require.Equal(t, job.ChunksEnded, uint64(len(receipts)), "job %s", job.Id)
	if job.Tasks == 1 {
		return
	}
	bits := types.NewTaskBits()
	if stored := m.taskBits(job.Id); len(stored) > 0 {
		bits = stored[0].Bits
	}
	for task := range job.Tasks {
		_, ended := accepted[task]
		require.Equal(t, []bool{ended, accepted[task]}, []bool{bits.HasEnded(task), bits.HasAccepted(task)}, "job %s: task %d", job.Id, task)
	}
}

// restart exports the state after a block, and continues with what the export restores.
func (m *market) restart(t *rapid.T) {
	m.turn(t)
	if rapid.IntRange(0, 3).Draw(t, "restarts") > 0 {
		return // it takes long
	}
	g := restored(m.fixture)
	require.Equal(t, m.export(), g.export())
	g.receipts, g.excused, g.exit, g.fails = m.receipts, m.excused, m.exit, m.fails
	g.claimed, g.model = m.claimed, m.model
	*m.fixture = *g
}
