package wasm

import (
	"fmt"
	"slices"
	"strings"
)

// These are the engines on which a program may run.
const (
	// EngineWazero is in every build.
	EngineWazero = "wazero"
	// EngineWasmtime is in builds with the tag wasmtime, where it is the default.
	EngineWasmtime = "wasmtime"
)

// newEngine returns the engine with a name, on which programs may import functions. If the name
// is empty, it returns the first engine.
func newEngine(name string, functions map[[2]string]hostFunction) (engine, error) {
	if name == "" {
		name = Engines()[0]
	}
	switch {
	case !slices.Contains(Engines(), name):
		return nil, fmt.Errorf("engine %q is not in this build, expected one of: %s", name, strings.Join(Engines(), ", "))
	case name == EngineWasmtime:
		return newWasmtime(functions)
	default:
		return newWazero(functions)
	}
}
