package types

import (
	"fmt"
)

// Duty is an item of a worker's message for which its task waits now.
type Duty struct {
	// Action of the message: commit, reveal, open, release or claim. A yield is a release here.
	Action string
	// Operator of the node.
	Operator string
	// Ref is the reference to the task and its round.
	Ref ChunkRef
	// Position is that of the task in its chunk that an opening shows.
	Position uint32
	// Deadline is the last height at which the item counts.
	Deadline int64
}

// Key identifies the duty: a node owes each action for a chunk at most once, and an opening for
// each task that is judged.
func (d Duty) Key() string {
	return fmt.Sprintf("%s/%s/%s/%d", d.Action, d.Operator, d.Ref.JobId, d.Ref.Task+uint64(d.Position))
}
