package tensor

import (
	"errors"
	"fmt"
)

// ErrOutOfMemory says that a run asked for more memory than its task allows.
var ErrOutOfMemory = errors.New("out of memory")

// Trap is an error of the program. It depends on records and shapes, never on the elements of
// tensors, and nothing of the call that trapped has run.
type Trap struct {
	// Record is the place of the record in its submission, from 0 on.
	Record int
	Reason string
}

func (t *Trap) Error() string { return fmt.Sprintf("record %d: %s", t.Record, t.Reason) }
