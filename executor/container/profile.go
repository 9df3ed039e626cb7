// Package container runs container images under the profile container/1, with an engine that
// serves the Docker Engine API: Docker, or Podman's socket.
//
// Results are not exact. Two honest machines may reach different results, so the profile is only
// for jobs that need no equal results, or that a majority decides. The package isolates a program as
// far as the engine can; the kernel is shared. See docs/profiles/container-1.md.
package container

import (
	"crypto/sha256"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
)

const (
	// Profile is the versioned name of this executor's rules.
	Profile = "container/1"

	// FuelPerSecond is the fuel of one second. One fuel is a nanosecond in which the container
	// runs, so that the fuel of a task is the longest time that its program may take.
	FuelPerSecond = 1_000_000_000
	// MaxFuel is the highest amount of fuel that a task may have.
	MaxFuel = 1 << 62
	// MinMemoryBytes is the least memory of a task. Engines refuse less.
	MinMemoryBytes = 8 << 20
	// MaxMemoryBytes is the highest amount of memory that a task may have.
	MaxMemoryBytes = 1 << 40
	// MaxOutputBytes is the highest number of bytes in the output files of a task.
	MaxOutputBytes = 1 << 40
	// MaxOutputFiles is the highest number of output files and directories of a task. The two
	// remaining entries of the manifest are for the streams.
	MaxOutputFiles = manifest.MaxFiles - 2
	// MaxArgBytes is the highest number of bytes of arguments and environment together.
	MaxArgBytes = 128 << 10
	// StreamBytes is what is kept of stdout and of stderr, each: the first bytes.
	StreamBytes = 1 << 20

	// InputDir is the folder of the inputs in the container.
	InputDir = "/in"
	// OutputDir is the folder of the outputs in the container.
	OutputDir = "/out"

	streamStdout = "stdout"
	streamStderr = "stderr"
)

// seedVariable contains the seed of the task in hex.
const seedVariable = "THETA_SEED"

// cardsVariable names the cards that the runtime of NVIDIA gives to a container, whatever the request says.
const cardsVariable = "NVIDIA_VISIBLE_DEVICES"

// Environment returns the names of the variables that the profile sets. A task may not set these variables.
func Environment() []string { return []string{"HOME", "TMPDIR", seedVariable, cardsVariable} }

// traceOf returns the trace of a run. It depends on the key alone and proves no work: the profile
// has no way to trace what a container does.
func traceOf(key executor.Trace) executor.Trace {
	return sha256.Sum256(append([]byte("theta/container-1/no-trace"), key[:]...))
}
