package wasm

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"
	"golang.org/x/sys/cpu"

	"github.com/thetaedge/theta/executor/wasm/internal/bigstack"
	"github.com/thetaedge/theta/executor/wasm/internal/linear"
	"github.com/thetaedge/theta/executor/wasm/internal/meter"
)

const wazeroName = "wazero 1.12.0"

// wazeroEngine is the compiler of wazero. The interpreter of wazero is not used, because it is
// some hundred times slower than the deadlines of tasks assume.
type wazeroEngine struct {
	runtime wazero.Runtime
}

// newWazero returns an engine. If the compiler does not support the machine, only name and
// usable may be called.
func newWazero(functions map[[2]string]hostFunction) (*wazeroEngine, error) {
	w := &wazeroEngine{}
	if w.usable() != nil {
		return w, nil
	}
	// The configuration must not use WithCloseOnContextDone, which makes programs several
	// times slower. Instead, a run is given up when the program asks for fuel.
	w.runtime = wazero.NewRuntimeWithConfig(context.Background(), wazero.NewRuntimeConfigCompiler().
		WithCoreFeatures(api.CoreFeaturesV2).WithDebugInfoEnabled(false))
	if err := w.link(functions); err != nil {
		return nil, fmt.Errorf("set up wazero: %w", err)
	}
	return w, nil
}

func (w *wazeroEngine) name() string { return wazeroName }

func (w *wazeroEngine) usable() error {
	switch {
	case runtime.GOARCH == "arm64":
	case runtime.GOARCH == "amd64" && cpu.X86.HasSSE41:
	default:
		return fmt.Errorf("profile %s needs a 64-bit processor: x86-64 with SSE4.1, or arm64; this is %s", Profile, runtime.GOARCH)
	}
	switch runtime.GOOS {
	case "linux", "darwin", "freebsd", "netbsd", "windows":
		return nil
	default:
		return fmt.Errorf("profile %s needs Linux, macOS, Windows, FreeBSD or NetBSD, this is %s", Profile, runtime.GOOS)
	}
}

// nativeStackBytes is the size of a program's native stack. The counted stack ends first (see
// internal/meter). Only the used part takes memory, except on Windows, which commits all of it.
const nativeStackBytes = 256 << 20

// guestKey is the key of the guest in the context of a call.
type guestKey struct{}

// link registers the host functions. Each of them finds its guest in the context.
func (w *wazeroEngine) link(functions map[[2]string]hostFunction) error {
	ctx := context.Background()
	builders := map[string]wazero.HostModuleBuilder{}
	for _, f := range functions {
		params := make([]api.ValueType, len(f.params))
		for i := range f.params {
			if params[i] = api.ValueTypeI64; f.params[i] == 'i' {
				params[i] = api.ValueTypeI32
			}
		}
		var results []api.ValueType
		if f.returns {
			results = []api.ValueType{api.ValueTypeI32}
		}
		if builders[f.module] == nil {
			builders[f.module] = w.runtime.NewHostModuleBuilder(f.module)
		}
		builders[f.module].NewFunctionBuilder().WithGoModuleFunction(serve(f), params, results).Export(f.name)
	}
	for _, builder := range builders {
		if _, err := builder.Instantiate(ctx); err != nil {
			return err
		}
	}
	refill := api.GoFunc(func(ctx context.Context, _ []uint64) {
		if !guestOf(ctx).refill() {
			leave()
		}
	})
	_, err := w.runtime.NewHostModuleBuilder(meter.ImportModule).
		NewFunctionBuilder().WithGoFunction(refill, nil, nil).Export(meter.ImportRefill).Instantiate(ctx)
	return err
}

// leave ends the program from inside of a host function.
func leave() { panic(sys.NewExitError(0)) }

func guestOf(ctx context.Context) *wazeroGuest { return ctx.Value(guestKey{}).(*wazeroGuest) }

func serve(f hostFunction) api.GoModuleFunc {
	return func(ctx context.Context, _ api.Module, stack []uint64) {
		g := guestOf(ctx)
		params := append([]uint64(nil), stack[:len(f.params)]...)
		for i := range params {
			if f.params[i] == 'i' {
				params[i] = uint64(uint32(params[i]))
			}
		}
		result, goesOn := f.serve(g.guest, g.shared(), params)
		if !goesOn {
			leave()
		}
		if f.returns {
			stack[0] = uint64(result)
		}
	}
}

func (w *wazeroEngine) compile(metered meter.Metered) (code, error) {
	module, err := w.runtime.CompileModule(context.Background(), metered.Wasm)
	if err != nil {
		return nil, fmt.Errorf("compile program: %w", err)
	}
	return &wazeroCode{engine: w, module: module, size: int64(len(metered.Wasm))}, nil
}

type wazeroCode struct {
	engine *wazeroEngine
	module wazero.CompiledModule
	size   int64
}

// codeGrowth is the number of bytes of machine code and tables per byte of wasm.
const codeGrowth = 6

func (c *wazeroCode) bytes() int64 { return c.size * codeGrowth }

func (c *wazeroCode) close() { _ = c.module.Close(context.Background()) }

// wazeroGuest is a guest with its memory.
type wazeroGuest struct {
	*guest

	memory   *linear.Memory
	exported bool // the program exports its memory
}

// shared returns the memory that host calls use. It is empty if the program does not export a
// memory.
func (g *wazeroGuest) shared() []byte {
	if !g.exported {
		return nil
	}
	return g.memory.Bytes()
}

func (c *wazeroCode) run(ctx context.Context, inner *guest, entries []string) ending {
	memory, err := linear.Reserve(min(inner.memoryBytes, uint64(inner.maxPages)*PageBytes))
	if err != nil {
		return ending{err: fmt.Errorf("reserve memory for the program: %w", err)}
	}
	defer memory.Free()
	g := &wazeroGuest{guest: inner, memory: memory}
	ctx = context.WithValue(context.WithoutCancel(ctx), guestKey{}, g)
	ctx = experimental.WithMemoryAllocator(ctx, memory)
	instance, err := c.engine.runtime.InstantiateModule(ctx, c.module, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return ending{err: fmt.Errorf("load the program: %w", err)}
	}
	defer instance.Close(ctx) //nolint:errcheck // nothing is held except memory
	g.exported = instance.ExportedMemory(meter.ExportMemory) != nil
	fuel, mutable := instance.ExportedGlobal(meter.ExportFuel).(api.MutableGlobal)
	if !mutable {
		return ending{err: errors.New("the compiled program has no fuel")}
	}
	g.start(func() int64 { return int64(fuel.Get()) }, func(v int64) { fuel.Set(uint64(v)) })
	defer g.tank.freeze()
	traces := make([]uint64, len(g.keys))
	globals := make([]api.MutableGlobal, len(g.keys))
	for i, first := range g.unfolded() {
		if globals[i], mutable = instance.ExportedGlobal(meter.ExportTrace(i)).(api.MutableGlobal); !mutable {
			return ending{err: errors.New("the compiled program folds too few traces")}
		}
		globals[i].Set(first)
	}
	stack, err := linear.Reserve(nativeStackBytes)
	if err != nil {
		return ending{err: fmt.Errorf("reserve a stack for the program: %w", err)}
	}
	defer stack.Free()
	var end ending
	for _, name := range entries {
		entry := instance.ExportedFunction(name)
		if err := bigstack.Give(entry, stack.Reallocate(nativeStackBytes)); err != nil {
			return ending{err: err}
		}
		if _, err = entry.Call(ctx); err != nil {
			end = endingOfWazero(err)
			break
		}
	}
	mark := func(name string) uint32 { return uint32(instance.ExportedGlobal(name).Get()) }
	end.overflow, end.outOfMemory, end.wanted = mark(meter.ExportOverflow) != 0, mark(meter.ExportOutOfMemory) != 0, mark(meter.ExportWanted)
	end.memory = uint64(len(memory.Bytes()))
	exited := g.exited(end)
	if exited && len(traces) > 0 {
		if _, err := instance.ExportedFunction(meter.ExportTraceGlobals).Call(ctx); err != nil {
			return ending{err: fmt.Errorf("trace the program's globals: %w", err)}
		}
	}
	for i := range traces {
		traces[i] = globals[i].Get()
	}
	end.traces = g.traced(exited, traces, memory.Bytes())
	return end
}

// endingOfWazero uses the text of an error to distinguish traps from failures of the machine,
// because wazero does not export the error values.
func endingOfWazero(err error) ending {
	text, isTrap := strings.CutPrefix(err.Error(), "wasm error: ")
	if !isTrap {
		return ending{err: err}
	}
	text, _, _ = strings.Cut(text, "\n")
	known := map[string]trap{
		"unreachable":                   trapUnreachable,
		"out of bounds memory access":   trapMemory,
		"invalid table access":          trapTable,
		"indirect call type mismatch":   trapSignature,
		"integer divide by zero":        trapDivision,
		"integer overflow":              trapOverflow,
		"invalid conversion to integer": trapConversion,
	}
	if found, is := known[text]; is {
		return ending{trap: found}
	}
	return ending{err: err}
}
