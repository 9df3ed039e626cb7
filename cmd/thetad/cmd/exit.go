package cmd

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/cmd/thetad/watchdog"
	"github.com/thetaedge/theta/sidecar/executor/manifest"
	"github.com/thetaedge/theta/sidecar/executor/wasm"
)

// Exit codes of thetad: how the program of a job ended, for scripts. 0 is a program
// that exited with 0, 1 any other failure of the command. Those of the watchdog, from
// 10 on, are a node's.
const (
	exitProgram        = 20 // the program exited with another code than 0
	exitTrapped        = 21
	exitOutOfFuel      = 22
	exitOutOfMemory    = 23
	exitOutputTooBig   = 24
	exitInvalidProgram = 25 // also when it is refused before anything is sent
)

// outcomeError says that a program has a result, and that it is none of success.
type outcomeError struct {
	code int
	text string
}

// Error implements error.
func (e *outcomeError) Error() string { return e.text }

// outcome is nil when a program exited with 0, else an error that carries the exit
// code of the command. The result is verified and here all the same.
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
	if err == nil {
		return 0
	}
	var ended *outcomeError
	if errors.As(err, &ended) {
		return ended.code
	}
	var refusal *wasm.Refusal
	if errors.As(err, &refusal) {
		return exitInvalidProgram
	}
	return watchdog.CodeOf(err)
}
