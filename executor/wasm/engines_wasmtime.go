//go:build wasmtime

package wasm

// Engine names the engine that programs run on unless Config says otherwise.
const Engine = wasmtimeName

// Engines lists the engines of this build.
func Engines() []string { return []string{EngineWasmtime, EngineWazero} }
