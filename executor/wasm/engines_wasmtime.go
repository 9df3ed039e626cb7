//go:build wasmtime

package wasm

// Engine is the name of the engine on which programs run unless Config says otherwise.
const Engine = wasmtimeName

// Engines lists the engines of this build.
func Engines() []string { return []string{EngineWasmtime, EngineWazero} }
