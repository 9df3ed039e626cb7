package types

import "cosmossdk.io/math"

// Pending returns the number of tasks that are not unrolled yet.
func (j *Job) Pending() uint64 {
	if j.TasksDropped > 0 {
		return 0
	}
	return j.Tasks - j.TasksOpened
}

// Active returns the number of tasks that are open and have not ended.
func (j *Job) Active() uint64 { return j.TasksOpened - (j.TasksEnded - j.TasksDropped) }

// NextChunk returns the number of tasks of the next chunk that is unrolled.
func (j *Job) NextChunk() uint64 { return min(j.ChunkTasks, j.Pending()) }

// PendingChunks returns the number of chunks that are not unrolled yet.
func (j *Job) PendingChunks() uint64 { return (j.Pending() + j.ChunkTasks - 1) / j.ChunkTasks }

// Room returns how many chunks may be unrolled now: at most as many as the window leaves. In
// addition, the number of chunks that wait for their first node stays at or below the number
// that nodes have taken up, or minOpenTasks if that is more. A job that no node takes up
// therefore stays small.
func (j *Job) Room(window uint64) uint64 {
	may := max(minOpenTasks, j.takenUp())
	return min(window-min(window, j.ChunksOpen), may-min(may, j.ChunksWaiting))
}

// takenUp counts the chunks that run on a node or were accepted, less those that ended
// otherwise. The accepted tasks have paid for their results. If they did not count, an array
// of short chunks would never grow, because its chunks end before the next ones find their
// nodes.
func (j *Job) takenUp() uint64 {
	running := j.ChunksOpen - min(j.ChunksOpen, j.ChunksWaiting)
	failed := j.TasksEnded - j.TasksDropped - j.TasksAccepted
	taken := running + j.TasksAccepted/j.ChunkTasks
	return taken - min(taken, failed/j.ChunkTasks)
}

// CountOpened counts chunks that have been opened and wait for their first node.
func (j *Job) CountOpened(chunks uint64) {
	j.ChunksOpen += chunks
	j.ChunksWaiting += chunks
}

// CountStarted counts an open chunk that no longer waits for its first node: a node has come,
// or the chunk has ended without one.
func (j *Job) CountStarted() { j.ChunksWaiting -= min(1, j.ChunksWaiting) }

// CountEnded counts an open chunk of so many tasks that has ended, with its receipt's leaf.
func (j *Job) CountEnded(tasks uint64, accepted bool, leaf []byte) {
	j.Frontier = AppendLeaf(j.Frontier, j.ChunksEnded, leaf)
	j.ChunksEnded++
	j.ChunksOpen -= min(1, j.ChunksOpen)
	j.TasksEnded += tasks
	if accepted {
		j.TasksAccepted += tasks
	}
}

// Drop ends all tasks that were never unrolled. It returns their reserves, in the reward's
// denom.
func (j *Job) Drop() math.Int {
	n := j.Pending()
	j.TasksDropped += n
	j.TasksEnded += n
	return j.TaskReserve.Mul(math.NewIntFromUint64(n))
}

// Excess returns the amount that escrow holds beyond the reserves of tasks that have not
// ended, in the reward's denom.
func (j *Job) Excess() math.Int {
	owed := j.TaskReserve.Mul(math.NewIntFromUint64(j.Tasks - j.TasksEnded))
	return math.MaxInt(j.Reserved.Sub(owed), math.ZeroInt())
}

// UnrollWindow returns how many chunks of a job may be open at once in a class whose bonds
// fund this many slots. It is the number that fits into those slots with four times the
// expected number of auditors, so that chunks that wait for an auditor do not occupy the slots
// that the auditor needs; and at least minOpenTasks.
func (p Params) UnrollWindow(policy Policy, slots uint64) uint64 {
	audited := uint64(min(BasisPoints, 4*policy.AuditBps)) * uint64(policy.Auditors)
	each := uint64(policy.Replicas)*BasisPoints + audited
	return min(max(slots*BasisPoints/max(1, each), minOpenTasks), uint64(p.MaxOpenTasks))
}

const minOpenTasks = 4

// Guarantee returns what backs an accepted result of the job.
func (j *Job) Guarantee() Guarantee {
	switch {
	case j.Policy.Kind == POLICY_KIND_TRUST:
		return GUARANTEE_TRUSTED
	case j.Slashable:
		return GUARANTEE_EXACT
	default:
		return GUARANTEE_MAJORITY
	}
}

// TraceKeys returns the keys of the traces that a tag of a round of a task contains. The
// first is the key of the task's first round, or of the task that the job judges. If the node
// has to fold a trace of its own, the key of its round follows. Before the round has drawn,
// there are none.
func TraceKeys(job *Job, task *Chunk, round uint32) [][]byte {
	own := task.Rounds[round].TraceKey
	switch {
	case len(own) == 0:
		return nil
	case job.Challenged != nil:
		return [][]byte{job.Challenged.TraceKey, own}
	case round > 0:
		return [][]byte{task.Rounds[0].TraceKey, own}
	default:
		return [][]byte{own}
	}
}
