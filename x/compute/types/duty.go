package types

import (
	"fmt"
)

// Duty is an item of a worker's message that its task waits for now.
type Duty struct {
	// Action of the message: commit, reveal, open, release or claim.
	Action string
	// Operator of the node.
	Operator string
	// Ref names the task.
	Ref TaskRef
	// Deadline is the last height at which it counts.
	Deadline int64
}

// Key names what is due: the same action of a node for a task is due once.
func (d Duty) Key() string {
	return fmt.Sprintf("%s/%s/%s/%d", d.Action, d.Operator, d.Ref.JobId, d.Ref.Task)
}
