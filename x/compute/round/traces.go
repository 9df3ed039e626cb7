package round

import "github.com/thetaedge/theta/x/compute/types"

// List is one of the lists of draws.
type List int

const (
	// Unlisted is a task that does not draw.
	Unlisted List = iota
	// ListedCall is a draw of auditors, escalation replicas or challenge judges: somebody's bond or pay waits for it.
	ListedCall
	// ListedDraw is a draw of the replicas that a requester asks for.
	ListedDraw
)

// Traces is what a task leaves outside of its own record, in the keeper's indexes.
type Traces struct {
	// Due is the height under which it is queued, 0 when it is not; Urgent says in which
	// queue.
	Due    int64
	Urgent bool
	// Listed is the list of draws under which it looks for nodes, Pinned the height of
	// the draw's seed.
	Listed List
	Pinned int64
	// Board is the name under which nodes look for its draws: its class, or the one node
	// that may take it.
	Board string
	// Held is how many replicas nodes hold.
	Held int
	// Holders are the operators under whom it is listed: those of its replicas and of
	// the candidates of its draw.
	Holders []string
}

// TracesOf returns what a task leaves outside of its record as it was last saved.
func TracesOf(job *types.Job, record types.Task) Traces {
	t := Task{job: *job, record: record}
	return t.traces(record.DueHeight)
}

// traces returns what the task should leave outside of its record, when it is
// queued under a height.
func (t *Task) traces(due int64) Traces {
	left := Traces{Due: due, Board: t.board()}
	if t.Ended() {
		return left
	}
	for _, a := range t.replicas() {
		left.Holders = append(left.Holders, a.Operator)
	}
	left.Held = len(left.Holders)
	if draw := t.current().Draw; draw != nil {
		left.Listed, left.Pinned = t.list(), draw.SeedHeight
		for i := range draw.Candidates {
			left.Holders = append(left.Holders, draw.Candidates[i].Operator)
		}
	}
	left.Urgent = len(left.Holders) > 0 || t.calls()
	return left
}

// calls reports whether the task looks for auditors, escalation replicas or challenge
// judges, or did last.
func (t *Task) calls() bool { return !t.drawsReplicas() || t.job.Challenged != nil }

// list is the list that a draw of the task belongs to.
func (t *Task) list() List {
	if t.calls() {
		return ListedCall
	}
	return ListedDraw
}

// board is under what nodes look for the task's draws.
func (t *Task) board() string {
	if t.job.Policy.NamesNode() {
		return t.job.Policy.Node
	}
	return t.job.Class
}

// Update is what a handler leaves to be written.
type Update struct {
	// Record is the task's, and Note what changed of its job.
	Record types.Task
	Note   types.TaskNote
	// Before and After are what the indexes said of the task, and what they should say.
	Before, After Traces
}

// Update fixes the height at which the task is next due, and hands over what is to be
// written. What follows begins a new note.
func (t *Task) Update() Update {
	t.record.DueHeight = t.NextDue()
	u := Update{Before: t.loaded, After: t.traces(t.record.DueHeight)}
	t.note.Held += int64(u.After.Held - u.Before.Held)
	u.Record, u.Note = t.record, t.note
	t.loaded, t.note = u.After, types.NewTaskNote()
	return u
}
