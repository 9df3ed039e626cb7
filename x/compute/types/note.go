package types

import "cosmossdk.io/math"

// TaskChangeKind is one of the kinds of changes that a TaskChange may contain.
type TaskChangeKind = isTaskChange_Change

// NewTaskNote returns an empty note.
func NewTaskNote() TaskNote { return TaskNote{Spent: math.ZeroInt()} }

// Empty reports whether the note is empty.
func (n TaskNote) Empty() bool {
	return !n.Started && n.Ended == TASK_STATUS_UNSPECIFIED && n.Spent.IsZero() && n.Held == 0 && n.Posted == 0 && n.Opened == 0
}

// Merge adds a later note of the same task.
func (n TaskNote) Merge(later TaskNote) TaskNote {
	n.Started = n.Started || later.Started
	n.Idle = n.Idle || later.Idle
	n.Spent = n.Spent.Add(later.Spent)
	n.Held += later.Held
	n.Posted += later.Posted
	n.Opened += later.Opened
	if later.Ended != TASK_STATUS_UNSPECIFIED {
		n.Ended, n.Leaf, n.Count = later.Ended, later.Leaf, later.Count
	}
	return n
}
