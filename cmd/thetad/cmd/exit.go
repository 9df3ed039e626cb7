package cmd

import (
	"errors"
	"fmt"

	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/cmd/thetad/watchdog"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm"
)

// The exit codes of the commands for jobs tell a script how the job ended; docs/requesters
// lists them. 0 means that the program exited with 0, and 1 means any other failure. The
// codes from 10 on are the watchdog's and are used by a node.
const (
	// exitProgram means that the program ended with an exit code other than 0.
	exitProgram = 20
	// exitTrapped means that the program trapped.
	exitTrapped = 21
	// exitOutOfFuel, exitOutOfMemory and exitOutputTooBig mean that the program used up
	// what the job allows.
	exitOutOfFuel    = 22
	exitOutOfMemory  = 23
	exitOutputTooBig = 24
	// exitInvalidProgram means that the profile cannot run the program. A command also ends
	// with it when it refuses the program before it sends anything.
	exitInvalidProgram = 25
	// exitNoResult means that the job ended without an accepted result.
	exitNoResult = 26
	// exitUndelivered means that a result was accepted and the relay does not have it.
	exitUndelivered = 27
	// exitUnderWay means that the job or its transaction continues; come back with
	// --resume.
	exitUnderWay = 28
)

// errGoesOn means that the command ends while the job or its transaction continues.
var errGoesOn = errors.New("it continues without this command")

// goesOn marks an error after which the job or its transaction continues. The text of the
// error stays the same.
func goesOn(err error) error { return &goesOnError{err} }

type goesOnError struct{ err error }

// Error implements error.
func (e *goesOnError) Error() string { return e.err.Error() }

// Unwrap returns both.
func (e *goesOnError) Unwrap() []error { return []error{e.err, errGoesOn} }

// outcomeError is a verified result of a program that did not exit with 0. The result is
// saved all the same.
type outcomeError struct {
	code int
	text string
}

// Error implements error.
func (e *outcomeError) Error() string { return e.text }

// outcome returns nil when the program exited with 0, and otherwise an error that carries
// the exit code of the command.
func outcome(m manifest.Manifest) error {
	switch m.Reason {
	case manifest.ReasonExited:
		if m.ExitCode == 0 {
			return nil
		}
		return &outcomeError{exitProgram, fmt.Sprintf("the program exited with %d", m.ExitCode)}
	case manifest.ReasonTrapped:
		return &outcomeError{exitTrapped, "the program trapped"}
	case manifest.ReasonOutOfFuel:
		return &outcomeError{exitOutOfFuel, "the program used up its fuel; raise resources.fuel"}
	case manifest.ReasonOutOfMemory:
		return &outcomeError{exitOutOfMemory, "the program asked for more memory than the job allows; raise resources.memory"}
	case manifest.ReasonOutputTooBig:
		return &outcomeError{exitOutputTooBig, "the program wrote more than the job allows; raise resources.output or write less, in fewer files"}
	case manifest.ReasonInvalidProgram:
		return &outcomeError{exitInvalidProgram, "the profile cannot run the program"}
	default:
		return fmt.Errorf("expected a known reason in the result, found %q; use a newer thetad", m.Reason)
	}
}

// ExitCode returns the code with which thetad exits after a command has failed with err.
func ExitCode(err error) int {
	var ended *outcomeError
	var refusal *wasm.Refusal
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended):
		return ended.code
	case errors.As(err, &refusal):
		return exitInvalidProgram
	case errors.Is(err, requester.ErrNoResult):
		return exitNoResult
	case errors.Is(err, requester.ErrNotDelivered), errors.Is(err, errUnverified):
		return exitUndelivered
	case errors.Is(err, errGoesOn), errors.Is(err, requester.ErrUncertain), errors.Is(err, requester.ErrRefused), errors.Is(err, requester.ErrOverdue):
		return exitUnderWay
	default:
		return watchdog.CodeOf(err)
	}
}
