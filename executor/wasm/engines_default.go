//go:build !wasmtime

package wasm

import "errors"

// Engine is the name of the engine on which programs run unless Config says otherwise.
const Engine = wazeroName

// Engines lists the engines of this build.
func Engines() []string { return []string{EngineWazero} }

func newWasmtime(map[[2]string]hostFunction) (engine, error) {
	return nil, errors.New("wasmtime is not in this build")
}
