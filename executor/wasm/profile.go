// Package wasm runs WebAssembly programs under the profile wasm/1.
//
// The profile is a specification, docs/profiles/wasm-1.md, that any correct engine
// can run: everything that could change a result is fixed here and in the packages
// below. They decide what a valid program is, what instructions and host calls cost,
// how deep calls nest, the bits of NaNs, the clock, the randomness and the file
// system. Any change to it is a new profile; another engine is not.
package wasm

import (
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm/internal/wasi"
)

const (
	// Profile is the versioned name of this executor's rules.
	Profile = "wasm/1"

	// MaxProgramBytes is the largest program.
	MaxProgramBytes = 32 << 20
	// MaxArgBytes is the most bytes that arguments and environment together may have.
	MaxArgBytes = 128 << 10
	// MaxFuel is the most fuel that a task may have.
	MaxFuel = 1 << 62
	// MaxMemoryBytes is the most memory that a task may have.
	MaxMemoryBytes = 1 << 32

	// MaxOutputBytes is the most that the output files of a task may hold.
	MaxOutputBytes = 4 << 30
	// MaxOutputFiles is the most output files and directories of a task; two
	// entries of the manifest are left for the streams.
	MaxOutputFiles = manifest.MaxFiles - 2

	// PageBytes is the size of a page of wasm memory.
	PageBytes = 1 << 16
)

// Environment is what every program finds in its environment; a task may not set these
// variables.
func Environment() []executor.Variable {
	var env []executor.Variable
	for _, v := range wasi.Environment() {
		env = append(env, executor.Variable{Name: v.Name, Value: v.Value})
	}
	return env
}
