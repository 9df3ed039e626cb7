package types

import "cosmossdk.io/math"

// Pending returns how many tasks are still to be unrolled.
func (j *Job) Pending() uint64 {
	if j.TasksDropped > 0 {
		return 0
	}
	return j.Tasks - j.TasksOpened
}

// Active returns how many tasks are open and have not ended.
func (j *Job) Active() uint64 { return j.TasksOpened - (j.TasksEnded - j.TasksDropped) }

// Room returns how many tasks may be opened now under a window: as many as it
// leaves, and no more wait for their first node than the job has shown to be taken
// up, or minOpenTasks. A job that nobody takes up stays small.
func (j *Job) Room(window uint64) uint64 {
	active := j.Active()
	may := max(minOpenTasks, j.takenUp())
	return min(window-min(window, active), may-min(may, j.TasksWaiting))
}

// takenUp counts the tasks that have found a node and run, or were accepted, less
// those that ended otherwise. The accepted ones have paid for it. Without them an
// array of short tasks would never grow: they are over before the next have found
// their nodes.
func (j *Job) takenUp() uint64 {
	active := j.Active()
	running := active - min(active, j.TasksWaiting)
	failed := j.TasksEnded - j.TasksDropped - j.TasksAccepted
	taken := running + j.TasksAccepted
	return taken - min(taken, failed)
}

// CountStarted counts an opened task that no longer waits for its first node:
// one has come, or the task has ended without.
func (j *Job) CountStarted() { j.TasksWaiting -= min(1, j.TasksWaiting) }

// CountEnded counts an opened task that has ended, with its receipt's leaf.
func (j *Job) CountEnded(accepted bool, leaf []byte) {
	j.Frontier = AppendLeaf(j.Frontier, j.TasksEnded-j.TasksDropped, leaf)
	j.TasksEnded++
	if accepted {
		j.TasksAccepted++
	}
}

// Drop ends all tasks that were never opened. It returns what they had reserved,
// in the reward's denom.
func (j *Job) Drop() math.Int {
	n := j.Pending()
	j.TasksDropped += n
	j.TasksEnded += n
	return j.TaskReserve.Mul(math.NewIntFromUint64(n))
}

// Excess returns what escrow holds beyond the reserves of tasks that have not
// ended, in the reward's denom.
func (j *Job) Excess() math.Int {
	owed := j.TaskReserve.Mul(math.NewIntFromUint64(j.Tasks - j.TasksEnded))
	return math.MaxInt(j.Reserved.Sub(owed), math.ZeroInt())
}

// UnrollWindow returns how many tasks of a job may be open at once in a class whose
// bonds fund a number of slots: as many as those slots can hold with four times the
// auditors to be expected, so that tasks which wait for an auditor do not hold the
// slots that he needs; and at least minOpenTasks.
func (p Params) UnrollWindow(policy Policy, slots uint64) uint64 {
	audited := uint64(min(BasisPoints, 4*policy.AuditBps)) * uint64(policy.Auditors)
	each := uint64(policy.Replicas)*BasisPoints + audited
	return min(max(slots*BasisPoints/max(1, each), minOpenTasks), uint64(p.MaxOpenTasks))
}

const minOpenTasks = 4

// Guarantee says what stands behind a result of the job that is accepted.
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

// TraceKeys returns the keys of the traces that a tag of a round of a task is made of: that
// of the first round, or of the task that the job judges, and where the node has to fold a
// trace of its own, that of its round. There are none before the round has drawn.
func TraceKeys(job *Job, task *Task, round uint32) [][]byte {
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
