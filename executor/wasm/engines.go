package wasm

import (
	"fmt"
	"slices"
	"strings"
)

// The engines that a program may run on.
const (
	// EngineWazero is in every build.
	EngineWazero = "wazero"
	// EngineWasmtime is in builds with the tag wasmtime, and the first one there.
	EngineWasmtime = "wasmtime"
)

// newEngine returns the engine of a name, the first one for none.
func newEngine(name string) (engine, error) {
	if name == "" {
		name = Engines()[0]
	}
	switch {
	case !slices.Contains(Engines(), name):
		return nil, fmt.Errorf("engine %q is not in this build, expected one of: %s", name, strings.Join(Engines(), ", "))
	case name == EngineWasmtime:
		return newWasmtime()
	default:
		return newWazero()
	}
}
