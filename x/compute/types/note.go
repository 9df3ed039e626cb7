package types

import "cosmossdk.io/math"

// ChunkChangeKind is one of the kinds of changes that a ChunkChange may contain.
type ChunkChangeKind = isChunkChange_Change

// NewChunkNote returns an empty note.
func NewChunkNote() ChunkNote { return ChunkNote{Spent: math.ZeroInt(), Granted: math.ZeroInt()} }

// Empty reports whether the note is empty.
func (n ChunkNote) Empty() bool {
	return !n.Started && n.Ended == CHUNK_STATUS_UNSPECIFIED && n.Spent.IsZero() && n.Held == 0 && n.Posted == 0 && n.Opened == 0
}

// Merge adds a later note of the same task.
func (n ChunkNote) Merge(later ChunkNote) ChunkNote {
	n.Started = n.Started || later.Started
	n.Idle = n.Idle || later.Idle
	n.Spent = n.Spent.Add(later.Spent)
	n.Granted = n.Granted.Add(later.Granted)
	n.Held += later.Held
	n.Posted += later.Posted
	n.Opened += later.Opened
	if later.Ended != CHUNK_STATUS_UNSPECIFIED {
		n.Ended, n.Leaf, n.Count, n.Energy = later.Ended, later.Leaf, later.Count, later.Energy
	}
	return n
}
