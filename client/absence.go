package client

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/blob/transfer"
)

// AbsenceKind says why a result is missing from a relay.
type AbsenceKind int

// The reasons why a requester cannot get a result.
const (
	// AbsentRelay means that the relay gives no usable answer.
	AbsentRelay AbsenceKind = iota + 1
	// AbsentTrust means that the relay's certificate is not trusted.
	AbsentTrust
	// AbsentToken means that the relay does not accept the token.
	AbsentToken
	// AbsentAll means that the box is empty.
	AbsentAll
	// AbsentResult means that the box has items, and none of them is the result.
	AbsentResult
	// AbsentFile means that the box has the manifest, and lacks a file that the manifest
	// names.
	AbsentFile
)

// Absence says why the relay does not have an accepted result. It is ErrNotDelivered.
type Absence struct {
	Kind AbsenceKind
	// Relay is the base URL of the relay.
	Relay string
	// JobID and Task name the result.
	JobID string
	Task  uint64
	// Items is the number of items in the box.
	Items int
	// File is the missing file of a result whose other files are there.
	File string
	// Err is the relay's error; nil if it answered without one.
	Err error
}

// Error says what was found.
func (e *Absence) Error() string {
	result := fmt.Sprintf("%s: task %d of job %s", ErrNotDelivered, e.Task, e.JobID)
	switch e.Kind {
	case AbsentRelay:
		return fmt.Sprintf("%s: relay %s does not answer (%s)", result, e.Relay, e.Err)
	case AbsentTrust:
		return fmt.Sprintf("%s: relay %s has a certificate that is not trusted here, and probably not by nodes (%s)", result, e.Relay, e.Err)
	case AbsentToken:
		return fmt.Sprintf("%s: relay %s does not accept the token of the box, which is kept in %s (%s)", result, e.Relay, StateFile, e.Err)
	case AbsentAll:
		return fmt.Sprintf("%s: relay %s answers, and its box of this task is empty", result, e.Relay)
	case AbsentResult:
		return fmt.Sprintf("%s: relay %s has %d items in the box of this task, and none of them is the accepted result, because no trace there gives its tag", result, e.Relay, e.Items)
	case AbsentFile:
		return fmt.Sprintf("%s: relay %s has the manifest of the result and lacks its file %s (%s)", result, e.Relay, e.File, e.Err)
	}
	return result
}

// Unwrap returns ErrNotDelivered and the relay's error.
func (e *Absence) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrNotDelivered}
	}
	return []error{ErrNotDelivered, e.Err}
}

// Answers reports whether the relay answered and accepts the token, so that nodes can be
// asked to deliver there.
func (e *Absence) Answers() bool {
	return e.Kind == AbsentAll || e.Kind == AbsentResult || e.Kind == AbsentFile
}

// absent returns err with what it says about a relay. It returns other errors, such as a
// full disk, unchanged.
func absent(e Absence, err error) error {
	e.Err = err
	switch {
	case errors.Is(err, transfer.ErrUntrusted):
		e.Kind = AbsentTrust
	case errors.Is(err, transfer.ErrForbidden):
		e.Kind = AbsentToken
	case errors.Is(err, transfer.ErrGone) && e.File != "":
		e.Kind = AbsentFile
	case transfer.Retryable(err), errors.Is(err, transfer.ErrGone), errors.Is(err, transfer.ErrRefused), errors.Is(err, transfer.ErrBadRequest):
		e.Kind = AbsentRelay
	default:
		return err
	}
	return &e
}
