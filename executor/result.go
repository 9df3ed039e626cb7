package executor

import (
	"time"

	"github.com/thetaedge/theta/executor/manifest"
)

// Reason says how a program ended.
type Reason = manifest.Reason

// File is one output of a program.
type File = manifest.File

// Result is the outcome of one execution. Profile, Reason, ExitCode, Outputs, FuelUsed
// and Traces are what every honest machine reproduces; the rest is this machine's report.
type Result struct {
	// Profile is the executor profile that produced the result.
	Profile string
	// Reason says how the program ended. A failing program is a result too.
	Reason Reason
	// ExitCode is the program's own if Reason is exited, else
	// manifest.NoExitCode.
	ExitCode int32
	// Outputs are sorted by path. They lie in the task's OutputDir.
	Outputs []File

	// FuelUsed is in the fuel of the profile, never more than the task's.
	FuelUsed uint64
	// Traces of the run, one for each of the task's keys, in their order. Every honest
	// machine finds the same under the same key.
	Traces []Trace
	// WallTime is how long the program ran on this machine, set-up included.
	WallTime time.Duration
	// PeakMemory is the most memory the program held, in bytes.
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
