//go:build wasmtime

package wasm

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/bytecodealliance/wasmtime-go/v44"

	"github.com/thetaedge/theta/executor/wasm/internal/bigstack"
	"github.com/thetaedge/theta/executor/wasm/internal/meter"
)

const (
	wasmtimeName = "wasmtime 44.0.0"

	// threadStackBytes is the size of the stack of the thread on which a program runs, and
	// programStackBytes is the part that the program may use. That part is more than ordinary
	// programs use within the counted stack; a loop of many values that do not change in it can
	// use more. Only the used part takes memory.
	threadStackBytes  = 1024 << 20
	programStackBytes = 896 << 20
)

// wasmtimeEngine is the second engine. The first engine is tested against it, and it can
// replace the first one if that has to be changed quickly.
type wasmtimeEngine struct {
	engine    *wasmtime.Engine
	functions map[[2]string]hostFunction
}

func newWasmtime(functions map[[2]string]hostFunction) (engine, error) {
	cfg := wasmtime.NewConfig()
	cfg.SetStrategy(wasmtime.StrategyCranelift)
	cfg.SetCraneliftOptLevel(wasmtime.OptLevelSpeed)
	// The only field of the configuration is the one of the C library.
	if !bigstack.Allow(*(*unsafe.Pointer)(unsafe.Pointer(cfg)), threadStackBytes) {
		return nil, errors.New("this build of wasmtime cannot be told the size of its stack")
	}
	cfg.SetMaxWasmStack(programStackBytes)
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
	return &wasmtimeEngine{engine: wasmtime.NewEngineWithConfig(cfg), functions: functions}, nil
}

func (w *wasmtimeEngine) name() string { return wasmtimeName }

func (w *wasmtimeEngine) usable() error { return nil }

func (w *wasmtimeEngine) compile(metered meter.Metered) (code, error) {
	module, err := wasmtime.NewModule(w.engine, metered.Wasm)
	if err != nil {
		return nil, fmt.Errorf("compile program: %w", err)
	}
	return &wasmtimeCode{engine: w, module: module, size: int64(len(metered.Wasm))}, nil
}

type wasmtimeCode struct {
	engine *wasmtimeEngine
	module *wasmtime.Module
	size   int64
}

func (c *wasmtimeCode) bytes() int64 { return c.size * codeGrowth }

// close leaves the module to the garbage collector, because a run may still need it.
func (c *wasmtimeCode) close() {}

func (c *wasmtimeCode) run(_ context.Context, g *guest, entries []string) ending {
	var end ending
	if err := bigstack.Run(threadStackBytes, func() { end = c.runHere(g, entries) }); err != nil {
		return ending{err: err}
	}
	return end
}

func (c *wasmtimeCode) runHere(g *guest, entries []string) ending {
	store := wasmtime.NewStore(c.engine.engine)
	defer store.Close()
	store.Limiter(int64(min(g.memoryBytes, uint64(meter.MaxPages)*PageBytes)), meter.MaxTableElements, 1, meter.MaxTables, 1)
	w := &wasmtimeGuest{guest: g, store: store}
	instance, err := wasmtime.NewInstance(store, c.module, w.imports(c.engine.functions, c.module))
	if err != nil {
		return ending{err: fmt.Errorf("load the program: %w", err)}
	}
	global := func(name string) *wasmtime.Global { return instance.GetExport(store, name).Global() }
	fuel := global(meter.ExportFuel)
	g.start(func() int64 { return fuel.Get(store).I64() }, func(v int64) { _ = fuel.Set(store, wasmtime.ValI64(v)) })
	defer g.tank.freeze()
	traces := make([]uint64, len(g.keys))
	for i, first := range g.unfolded() {
		_ = global(meter.ExportTrace(i)).Set(store, wasmtime.ValI64(int64(first)))
	}
	var end ending
	for _, name := range entries {
		if _, err := instance.GetFunc(store, name).Call(store); err != nil {
			end = endingOfWasmtime(err)
			break
		}
	}
	mark := func(name string) uint32 { return uint32(global(name).Get(store).I32()) }
	end.overflow, end.outOfMemory, end.wanted = mark(meter.ExportOverflow) != 0, mark(meter.ExportOutOfMemory) != 0, mark(meter.ExportWanted)
	var memory []byte
	if export := instance.GetExport(store, meter.ExportOwnMemory); export != nil {
		if end.memory = uint64(export.Memory().DataSize(store)); end.memory > 0 {
			memory = export.Memory().UnsafeData(store)
		}
	}
	exited := g.exited(end)
	if exited && len(traces) > 0 {
		if _, err := instance.GetFunc(store, meter.ExportTraceGlobals).Call(store); err != nil {
			return ending{err: fmt.Errorf("trace the program's globals: %w", err)}
		}
	}
	for i := range traces {
		traces[i] = uint64(global(meter.ExportTrace(i)).Get(store).I64())
	}
	end.traces = g.traced(exited, traces, memory)
	return end
}

func endingOfWasmtime(err error) ending {
	var caught *wasmtime.Trap
	if !errors.As(err, &caught) {
		return ending{err: err}
	}
	defer caught.Close()
	// After the error is closed, nothing can be read from it.
	unknown := ending{err: errors.New(err.Error())}
	number := caught.Code()
	if number == nil {
		return unknown
	}
	// The numbers are those of the engine's C interface, because the Go binding's own
	// constants lack one in the middle.
	switch *number {
	case 1:
		return ending{trap: trapMemory}
	case 3, 4:
		return ending{trap: trapTable}
	case 5:
		return ending{trap: trapSignature}
	case 6:
		return ending{trap: trapOverflow}
	case 7:
		return ending{trap: trapDivision}
	case 8:
		return ending{trap: trapConversion}
	case 9:
		return ending{trap: trapUnreachable}
	default:
		return unknown
	}
}

type wasmtimeGuest struct {
	*guest

	store *wasmtime.Store
}

// imports returns one host function for each import of the module, in order.
func (g *wasmtimeGuest) imports(functions map[[2]string]hostFunction, module *wasmtime.Module) []wasmtime.AsExtern {
	var externs []wasmtime.AsExtern
	for _, imported := range module.Imports() {
		serve := g.serve(functions[[2]string{imported.Module(), *imported.Name()}])
		if imported.Module() == meter.ImportModule {
			serve = g.fetch
		}
		externs = append(externs, wasmtime.NewFunc(g.store, imported.Type().FuncType(), serve))
	}
	return externs
}

type wasmtimeFunction func(*wasmtime.Caller, []wasmtime.Val) ([]wasmtime.Val, *wasmtime.Trap)

func (g *wasmtimeGuest) fetch(*wasmtime.Caller, []wasmtime.Val) ([]wasmtime.Val, *wasmtime.Trap) {
	if !g.refill() {
		return nil, wasmtime.NewTrap("the program was ended")
	}
	return nil, nil
}

func (g *wasmtimeGuest) serve(f hostFunction) wasmtimeFunction {
	return func(caller *wasmtime.Caller, vals []wasmtime.Val) ([]wasmtime.Val, *wasmtime.Trap) {
		params := make([]uint64, len(vals))
		for i, v := range vals {
			if f.params[i] == 'i' {
				params[i] = uint64(uint32(v.I32()))
			} else {
				params[i] = uint64(v.I64())
			}
		}
		result, goesOn := f.serve(g.guest, exportedMemory(caller), params)
		switch {
		case !goesOn:
			return nil, wasmtime.NewTrap("the program was ended by a host call")
		case !f.returns:
			return nil, nil
		default:
			return []wasmtime.Val{wasmtime.ValI32(int32(result))}, nil
		}
	}
}

// exportedMemory returns the memory that host calls use. It is empty if the program does not
// export a memory.
func exportedMemory(caller *wasmtime.Caller) []byte {
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
