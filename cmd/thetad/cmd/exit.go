package cmd

import (
	"errors"
	"fmt"

	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/cmd/thetad/watchdog"
	"github.com/thetaedge/theta/sidecar/executor/manifest"
	"github.com/thetaedge/theta/sidecar/executor/wasm"
)

// The exit codes of the commands for jobs, which tell a script what came of the job;
// docs/requesters has them. 0 is a program that exited with 0, 1 any other failure.
// Those of the watchdog, from 10 on, are a node's.
const (
	// exitProgram: the program ended with an exit code other than 0.
	exitProgram = 20
	// exitTrapped: the program trapped.
	exitTrapped = 21
	// exitOutOfFuel, exitOutOfMemory, exitOutputTooBig: the program used up what the
	// job allows.
	exitOutOfFuel    = 22
	exitOutOfMemory  = 23
	exitOutputTooBig = 24
	// exitInvalidProgram: the program cannot be run under its profile. A command ends
	// with it also when it refuses the program before anything is sent.
	exitInvalidProgram = 25
	// exitNoResult: the job ended without an accepted result.
	exitNoResult = 26
	// exitUndelivered: a result was accepted, and the relay does not have it.
	exitUndelivered = 27
	// exitUnderWay: the job or its transaction goes on; come back with --resume.
	exitUnderWay = 28
)

// errGoesOn: the command ends, and what it has begun does not.
var errGoesOn = errors.New("it goes on without this command")

// goesOn marks an error after which the job or its transaction goes on, and reads as
// the error does.
func goesOn(err error) error { return &goesOnError{err} }

type goesOnError struct{ err error }

// Error implements error.
func (e *goesOnError) Error() string { return e.err.Error() }

// Unwrap returns both.
func (e *goesOnError) Unwrap() []error { return []error{e.err, errGoesOn} }

// outcomeError is a verified result of a program that did not end well. The result is
// here all the same.
type outcomeError struct {
	code int
	text string
}

// Error implements error.
func (e *outcomeError) Error() string { return e.text }

// outcome is nil when a program exited with 0, else an error that carries the exit
// code of the command.
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
		return &outcomeError{exitInvalidProgram, "the program is not one that the profile can run"}
	default:
		return fmt.Errorf("expected a known reason in the result, found %q; use a newer thetad", m.Reason)
	}
}

// ExitCode is what thetad exits with when a command has failed with err.
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
	case errors.Is(err, errGoesOn), errors.Is(err, requester.ErrUncertain), errors.Is(err, requester.ErrRefused):
		return exitUnderWay
	default:
		return watchdog.CodeOf(err)
	}
}
