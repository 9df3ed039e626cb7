package executor

import (
	"time"

	"github.com/thetaedge/theta/executor/manifest"
)

// Reason says how a program ended.
type Reason = manifest.Reason

// File is one output of a program.
type File = manifest.File

// Result is the outcome of one execution. Every honest machine reproduces Profile, Reason,
// ExitCode, Outputs, FuelUsed and Traces. The rest describes the run on this machine.
type Result struct {
	// Profile is the executor profile that produced the result.
	Profile string
	// Reason says how the program ended. A program that fails has a result too.
	Reason Reason
	// ExitCode is the program's own exit code if Reason is exited, and manifest.NoExitCode
	// otherwise.
	ExitCode int32
	// Outputs are sorted by path. They are in the task's OutputDir.
	Outputs []File

	// FuelUsed is the used fuel, in the fuel of the profile. It is never more than the task's.
	FuelUsed uint64
	// Traces are the traces of the run, one for each of the task's keys, in their order. Every
	// honest machine finds the same trace under the same key.
	Traces []Trace
	// WallTime is how long the program ran on this machine, including set-up. The time in which it
	// was suspended does not count.
	WallTime time.Duration
	// PeakMemory is the largest amount of memory that the program held, in bytes.
	PeakMemory uint64
	// Detail explains a failed program to a person. It is not part of the
	// manifest and may differ between machines.
	Detail string
}

// Manifest returns the part that honest machines agree on.
func (r Result) Manifest() manifest.Manifest {
	return manifest.Manifest{
		Profile:  r.Profile,
		Reason:   r.Reason,
		ExitCode: r.ExitCode,
		Files:    r.Outputs,
	}.Sorted()
}

// Digest returns the result digest, as Manifest().Digest does.
func (r Result) Digest() ([32]byte, error) {
	return r.Manifest().Digest()
}
