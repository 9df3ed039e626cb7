// Package wasm runs WebAssembly programs under the profile wasm/1, on wasmtime.
//
// Everything that could change a result is fixed here and in the packages
// below: the features of the engine, what instructions and host calls cost, how
// deep calls nest, the clock, the randomness and the file system. The profile is
// described in docs/profiles/wasm-1.md; any change to it is a new profile.
package wasm

import (
	"github.com/bytecodealliance/wasmtime-go/v40"

	"github.com/thetaedge/theta/sidecar/executor"
	"github.com/thetaedge/theta/sidecar/executor/manifest"
	"github.com/thetaedge/theta/sidecar/executor/wasm/internal/wasi"
)

const (
	// Profile is the versioned name of this executor's rules.
	Profile = "wasm/1"
	// Engine names the engine that decides fuel and code generation.
	Engine = "wasmtime 40.0.0"

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

	// nativeStackBytes is what the engine may use of the thread's stack. The
	// counted stack of the profile is used up long before it.
	nativeStackBytes = 5 << 20
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

// newEngine returns an engine with the features of the profile. The caller
// closes it.
func newEngine() *wasmtime.Engine {
	cfg := wasmtime.NewConfig()
	cfg.SetStrategy(wasmtime.StrategyCranelift)
	cfg.SetCraneliftOptLevel(wasmtime.OptLevelSpeed)
	cfg.SetCraneliftNanCanonicalization(true)
	cfg.SetConsumeFuel(true)
	cfg.SetEpochInterruption(true)
	cfg.SetMaxWasmStack(nativeStackBytes)
	cfg.SetDebugInfo(false)

	cfg.SetWasmBulkMemory(true)
	cfg.SetWasmMultiValue(true)
	cfg.SetWasmReferenceTypes(true)
	cfg.SetWasmSIMD(true)

	cfg.SetWasmRelaxedSIMD(false)
	cfg.SetWasmThreads(false)
	cfg.SetWasmTailCall(false)
	cfg.SetWasmMultiMemory(false)
	cfg.SetWasmMemory64(false)
	cfg.SetWasmFunctionReferences(false)
	cfg.SetWasmGC(false)
	cfg.SetWasmWideArithmetic(false)
	return wasmtime.NewEngineWithConfig(cfg)
}

// Trap codes as the engine's C interface numbers them. The Go binding's own
// constants miss one in the middle, so those from the tenth on are wrong there.
const (
	trapStackOverflow wasmtime.TrapCode = 0
	trapInterrupt     wasmtime.TrapCode = 10
	trapOutOfFuel     wasmtime.TrapCode = 12
)
