package client

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/sidecar/blob"
)

// AbsenceKind says what was found where a result should be.
type AbsenceKind int

// What keeps a result from its requester.
const (
	// AbsentRelay: the relay gives no usable answer.
	AbsentRelay AbsenceKind = iota + 1
	// AbsentTrust: the relay's certificate is not trusted.
	AbsentTrust
	// AbsentToken: the relay does not take the token.
	AbsentToken
	// AbsentAll: the box is empty.
	AbsentAll
	// AbsentResult: the box has items, and none is the result.
	AbsentResult
	// AbsentFile: the box has the manifest, and not all files that it names.
	AbsentFile
)

// Absence says why an accepted result could not be had from a relay. It is
// ErrNotDelivered.
type Absence struct {
	Kind AbsenceKind
	// Relay is the base URL of the relay.
	Relay string
	// JobID and Task name the result.
	JobID string
	Task  uint64
	// Items are how many the box holds.
	Items int
	// File is what is missing of a result of which the rest is there.
	File string
	// Err is what the relay answered, nil for an answer without an error.
	Err error
}

// Error says what was found, and guesses nothing.
func (e *Absence) Error() string {
	result := fmt.Sprintf("%s: task %d of job %s", ErrNotDelivered, e.Task, e.JobID)
	switch e.Kind {
	case AbsentRelay:
		return fmt.Sprintf("%s: relay %s does not answer (%s)", result, e.Relay, e.Err)
	case AbsentTrust:
		return fmt.Sprintf("%s: relay %s has a certificate that is not trusted, here and most likely by nodes (%s)", result, e.Relay, e.Err)
	case AbsentToken:
		return fmt.Sprintf("%s: relay %s does not take the token of the box, which %s keeps (%s)", result, e.Relay, StateFile, e.Err)
	case AbsentAll:
		return fmt.Sprintf("%s: relay %s answers, and its box of this task is empty", result, e.Relay)
	case AbsentResult:
		return fmt.Sprintf("%s: relay %s has %d items in the box of this task, and none of them is the accepted result: no trace there gives its tag", result, e.Relay, e.Items)
	case AbsentFile:
		return fmt.Sprintf("%s: relay %s has the manifest of the result, and not its file %s (%s)", result, e.Relay, e.File, e.Err)
	}
	return result
}

// Unwrap makes it ErrNotDelivered and what the relay answered.
func (e *Absence) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrNotDelivered}
	}
	return []error{ErrNotDelivered, e.Err}
}

// Answers tells whether the relay answered and takes the token, so that nodes can be
// asked to deliver there.
func (e *Absence) Answers() bool {
	return e.Kind == AbsentAll || e.Kind == AbsentResult || e.Kind == AbsentFile
}

// absent returns err with what it says of a relay. Others, as of a disk that is full, it
// leaves as they are.
func absent(e Absence, err error) error {
	e.Err = err
	switch {
	case errors.Is(err, blob.ErrUntrusted):
		e.Kind = AbsentTrust
	case errors.Is(err, blob.ErrForbidden):
		e.Kind = AbsentToken
	case errors.Is(err, blob.ErrGone) && e.File != "":
		e.Kind = AbsentFile
	case blob.Retryable(err), errors.Is(err, blob.ErrGone), errors.Is(err, blob.ErrRefused), errors.Is(err, blob.ErrBadRequest):
		e.Kind = AbsentRelay
	default:
		return err
	}
	return &e
}
