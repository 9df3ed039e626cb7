package store

import "errors"

var (
	// ErrNotFound means that the journal does not contain the assignment.
	ErrNotFound = errors.New("no such assignment")
	// ErrTransition means that an assignment cannot enter the phase from its current one, or
	// that its current phase is not the expected one.
	ErrTransition = errors.New("phase does not follow")
	// ErrFixed means that a commitment has fixed this value.
	ErrFixed = errors.New("value is fixed by a commit")
	// ErrIncomplete means that a value which the commitment would fix is missing.
	ErrIncomplete = errors.New("assignment is incomplete")
	// ErrLocked means that another process uses the journal.
	ErrLocked = errors.New("journal is in use")
	// ErrNewerSchema means that a newer version of the program wrote the journal.
	ErrNewerSchema = errors.New("journal is of a newer version")
	// ErrOtherChain means that the unfinished work in the journal belongs to another chain.
	ErrOtherChain = errors.New("journal is of another chain")
	// ErrDamaged means that the file or a record cannot be read.
	ErrDamaged = errors.New("journal is damaged")
)
