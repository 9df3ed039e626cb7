package store

import "errors"

var (
	// ErrNotFound: there is no such assignment.
	ErrNotFound = errors.New("no such assignment")
	// ErrTransition: the phase does not follow, or is not the expected one.
	ErrTransition = errors.New("phase does not follow")
	// ErrFixed: a commit has fixed this value.
	ErrFixed = errors.New("value is fixed by a commit")
	// ErrIncomplete: a commit would fix a value that is missing.
	ErrIncomplete = errors.New("assignment is incomplete")
	// ErrLocked: another process holds the journal.
	ErrLocked = errors.New("journal is in use")
	// ErrNewerSchema: a newer version wrote the journal.
	ErrNewerSchema = errors.New("journal is of a newer version")
	// ErrOtherChain: the unfinished work in the journal is of another chain.
	ErrOtherChain = errors.New("journal is of another chain")
	// ErrDamaged: the file or a record cannot be read.
	ErrDamaged = errors.New("journal is damaged")
)
