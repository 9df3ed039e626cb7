package wasm

import (
	"github.com/bytecodealliance/wasmtime-go/v40"

	"github.com/thetaedge/theta/sidecar/executor/wasm/internal/meter"
	"github.com/thetaedge/theta/sidecar/executor/wasm/internal/wasi"
)

// imports returns a host function for each import of the module, in order.
// checkImports has passed them all.
func (g *guest) imports(module *wasmtime.Module) []wasmtime.AsExtern {
	functions := wasi.Functions()
	var externs []wasmtime.AsExtern
	for _, imported := range module.Imports() {
		f := functions[*imported.Name()]
		externs = append(externs, wasmtime.NewFunc(g.store, imported.Type().FuncType(), g.hostFunction(f)))
	}
	return externs
}

func (g *guest) hostFunction(f wasi.Function) func(*wasmtime.Caller, []wasmtime.Val) ([]wasmtime.Val, *wasmtime.Trap) {
	return func(caller *wasmtime.Caller, vals []wasmtime.Val) ([]wasmtime.Val, *wasmtime.Trap) {
		params := make([]uint64, len(vals))
		for i, v := range vals {
			if f.Params[i] == 'i' {
				params[i] = uint64(uint32(v.I32()))
			} else {
				params[i] = uint64(v.I64())
			}
		}
		errno, halt := g.host.Call(f, guestMemory(caller), g, params)
		if halt != wasi.HaltNone {
			g.halt = halt
			return nil, wasmtime.NewTrap("the program was ended by a host call")
		}
		if !f.Returns {
			return nil, nil
		}
		return []wasmtime.Val{wasmtime.ValI32(int32(errno))}, nil
	}
}

// guestMemory returns the exported memory, empty if there is none: every access
// then answers with a fault.
func guestMemory(caller *wasmtime.Caller) []byte {
	export := caller.GetExport(meter.ExportMemory)
	if export == nil {
		return nil
	}
	memory := export.Memory()
	if memory == nil || memory.DataSize(caller) == 0 {
		return nil
	}
	return memory.UnsafeData(caller)
}

// Charge takes fuel for a host call out of the store.
func (g *guest) Charge(fuel uint64) bool {
	left, err := g.store.GetFuel()
	if err != nil {
		return false
	}
	if left < fuel {
		return false
	}
	return g.store.SetFuel(left-fuel) == nil
}
