// Package wasm runs WebAssembly programs under the profile wasm/1.
//
// The profile is a specification, docs/profiles/wasm-1.md, that any correct engine can run.
// Everything that could change a result is fixed here and in the packages below. They
// determine which programs are valid, what instructions and host calls cost, how deep calls
// may nest, the bits of NaNs, the clock, the randomness and the file system. Any change of
// these is a new profile; a change of the engine is not.
package wasm

import (
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm/internal/wasi"
)

const (
	// Profile is the versioned name of this executor's rules.
	Profile = "wasm/1"

	// MaxProgramBytes is the size of the largest program.
	MaxProgramBytes = 32 << 20
	// MaxArgBytes is the highest number of bytes of arguments and environment together.
	MaxArgBytes = 128 << 10
	// MaxFuel is the highest amount of fuel that a task may have.
	MaxFuel = 1 << 62
	// MaxMemoryBytes is the highest amount of memory that a task may have.
	MaxMemoryBytes = 1 << 32

	// MaxOutputBytes is the highest number of bytes in the output files of a task.
	MaxOutputBytes = 4 << 30
	// MaxOutputFiles is the highest number of output files and directories of a task. The two
	// remaining entries of the manifest are for the streams.
	MaxOutputFiles = manifest.MaxFiles - 2

	// PageBytes is the size of a page of wasm memory.
	PageBytes = 1 << 16
)

// Environment returns the variables that every program finds in its environment. A task may
// not set these variables.
func Environment() []executor.Variable {
	var env []executor.Variable
	for _, v := range wasi.Environment() {
		env = append(env, executor.Variable{Name: v.Name, Value: v.Value})
	}
	return env
}
