//go:build !wasmtime

package wasm

import "errors"

// Engine names the engine that programs run on unless Config says otherwise.
const Engine = wazeroName

// Engines lists the engines of this build.
func Engines() []string { return []string{EngineWazero} }

func newWasmtime() (engine, error) { return nil, errors.New("wasmtime is not in this build") }
