package watchdog

import (
	"errors"
	"fmt"
	"strings"
)

// Exit codes of a node that the watchdog has ended. 1 means any other error, 2 a crash.
const (
	// ExitHalted means that the node has reached the halt-height or halt-time that its
	// operator set.
	ExitHalted = 10
	// ExitUpgrade means that the chain has reached an upgrade that this binary does not
	// know, or has not reached one that the binary already has.
	ExitUpgrade = 11
	// ExitConsensus means that consensus has failed for another reason.
	ExitConsensus = 12
	// ExitDisk means that the disk is full.
	ExitDisk = 13
)

// Failure is why the consensus of a node has stopped.
type Failure struct {
	// Code is the exit code of the process.
	Code int
	// Reason is what consensus or the application reported.
	Reason string
}

// Error implements error: it says what has happened and what to do.
func (f *Failure) Error() string {
	const stopped = "consensus has stopped"
	switch f.Code {
	case ExitHalted:
		return fmt.Sprintf("%s as planned by halt-height or halt-time: %s; clear both in app.toml before the next start (exit code %d)", stopped, f.Reason, f.Code)
	case ExitUpgrade:
		return fmt.Sprintf("%s, because this binary does not fit the chain's upgrade: %s; start the binary that the upgrade names (exit code %d)", stopped, f.Reason, f.Code)
	case ExitDisk:
		return fmt.Sprintf("%s, because the disk is full: %s; make room and start the node again, nothing else needs repair (exit code %d)", stopped, f.Reason, f.Code)
	default:
		return fmt.Sprintf("%s: %s; start the node again, and if the failure repeats, compare the node's version and state with those of other validators (exit code %d)", stopped, f.Reason, f.Code)
	}
}

// OfStart returns the error of a start of the node as a Failure if it has one of the causes that a
// restart does not mend: while a node starts, it runs the last block again, and may fail as it did
// then. Other errors are returned as they are.
func OfStart(err error) error {
	if err == nil || errors.As(err, new(*Failure)) {
		return err
	}
	if failure := classify(err.Error()); failure.Code != ExitConsensus {
		return failure
	}
	return err
}

// classify finds out which kind of failure a text describes. The texts are those of the
// SDK's baseapp and upgrade module and of the operating system.
func classify(reason string) *Failure {
	code := ExitConsensus
	has := func(texts ...string) bool {
		for _, text := range texts {
			if strings.Contains(reason, text) {
				return true
			}
		}
		return false
	}
	switch {
	case has("no space left on device", "disk quota exceeded"):
		code = ExitDisk
	case has("halt per configuration"):
		code = ExitHalted
	case has("BINARY UPDATED BEFORE TRIGGER") || has("UPGRADE \"") && has("NEEDED at"):
		code = ExitUpgrade
	}
	return &Failure{Code: code, Reason: reason}
}
