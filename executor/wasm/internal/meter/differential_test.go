package meter

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/bytecodealliance/wasmtime-go/v44"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"
)

// The flag -modules makes the differential test run longer.
var modules = flag.Int("modules", 120, "random modules, of either kind, that the engines are compared on")

// fuelOfRun is the amount of fuel that a random module may use.
const fuelOfRun = 300_000

// outcome contains everything that can be observed of a run.
type outcome struct {
	End    string `json:"end"` // returned, trapped or empty
	Fuel   int64  `json:"fuel"`
	Memory string `json:"memory"`
	// Traces start with the numbers 1 and 2, and are written in decimal.
	Traces []string `json:"traces"`
}

// side runs rewritten modules on one engine.
type side struct {
	name string
	run  func(t *testing.T, wasm []byte) outcome
}

func digestOf(memory []byte) string { return fmt.Sprintf("%x", sha256.Sum256(memory)) }

func onWazero(name string, config wazero.RuntimeConfig) side {
	return side{name, func(t *testing.T, wasm []byte) outcome {
		ctx := t.Context()
		r := wazero.NewRuntimeWithConfig(ctx, config)
		defer r.Close(ctx)
		empty := func(context.Context, []uint64) { panic(sys.NewExitError(1)) }
		_, err := r.NewHostModuleBuilder(ImportModule).NewFunctionBuilder().WithGoFunction(api.GoFunc(empty), nil, nil).Export(ImportRefill).Instantiate(ctx)
		require.NoError(t, err)
		m, err := r.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithStartFunctions())
		require.NoError(t, err)
		fuel := m.ExportedGlobal(ExportFuel).(api.MutableGlobal)
		fuel.Set(fuelOfRun)
		for i := range MaxTraces {
			m.ExportedGlobal(ExportTrace(i)).(api.MutableGlobal).Set(uint64(i + 1))
		}
		_, err = m.ExportedFunction(Entry).Call(ctx)
		o := outcome{End: "returned", Fuel: int64(fuel.Get())}
		switch {
		case err == nil:
		case strings.HasPrefix(err.Error(), "wasm error: "):
			o.End = "trapped"
		default:
			require.ErrorAs(t, err, new(*sys.ExitError))
			o.End = "empty"
		}
		if o.End == "returned" {
			_, err = m.ExportedFunction(ExportTraceGlobals).Call(ctx)
			require.NoError(t, err)
		}
		for i := range MaxTraces {
			o.Traces = append(o.Traces, strconv.FormatUint(m.ExportedGlobal(ExportTrace(i)).Get(), 10))
		}
		memory, _ := m.Memory().Read(0, m.Memory().Size())
		o.Memory = digestOf(memory)
		return o
	}}
}

func onWasmtime() side {
	engine := newEngine()
	return side{"wasmtime", func(t *testing.T, wasm []byte) outcome {
		module, err := wasmtime.NewModule(engine, wasm)
		require.NoError(t, err)
		defer module.Close()
		store := wasmtime.NewStore(engine)
		defer store.Close()
		ran := false
		empty := wasmtime.NewFunc(store, wasmtime.NewFuncType(nil, nil), func(*wasmtime.Caller, []wasmtime.Val) ([]wasmtime.Val, *wasmtime.Trap) {
			ran = true
			return nil, wasmtime.NewTrap("empty")
		})
		m, err := wasmtime.NewInstance(store, module, []wasmtime.AsExtern{empty})
		require.NoError(t, err)
		fuel := m.GetExport(store, ExportFuel).Global()
		require.NoError(t, fuel.Set(store, wasmtime.ValI64(fuelOfRun)))
		for i := range MaxTraces {
			require.NoError(t, m.GetExport(store, ExportTrace(i)).Global().Set(store, wasmtime.ValI64(int64(i+1))))
		}
		_, err = m.GetFunc(store, Entry).Call(store)
		o := outcome{End: "returned", Fuel: fuel.Get(store).I64(), Memory: digestOf(m.GetExport(store, ExportMemory).Memory().UnsafeData(store))}
		switch {
		case ran:
			o.End = "empty"
		case err != nil:
			o.End = "trapped"
		}
		if o.End == "returned" {
			_, err = m.GetFunc(store, ExportTraceGlobals).Call(store)
			require.NoError(t, err)
		}
		for i := range MaxTraces {
			o.Traces = append(o.Traces, strconv.FormatUint(uint64(m.GetExport(store, ExportTrace(i)).Global().Get(store).I64()), 10))
		}
		return o
	}}
}

// onNode runs all modules of a folder with V8. It returns nil if Node is not installed.
func onNode(t *testing.T, dir string) []outcome {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Log("V8 is left out: node is not installed")
		return nil
	}
	text, err := exec.CommandContext(t.Context(), node, "testdata/run.js", dir, fmt.Sprint(fuelOfRun)).Output()
	require.NoError(t, err)
	var outcomes []outcome
	require.NoError(t, json.Unmarshal(text, &outcomes))
	return outcomes
}

// TestEnginesAgreeOnRandomModules checks that the rewriting leaves nothing to the engine:
// fuel, end, memory and traces are the same on every engine, with and without SIMD.
func TestEnginesAgreeOnRandomModules(t *testing.T) {
	compiler := onWazero("wazero", wazero.NewRuntimeConfigCompiler())
	others := []side{onWazero("wazero's interpreter", wazero.NewRuntimeConfigInterpreter()), onWasmtime()}
	dir := t.TempDir()
	var first []outcome
	ends := map[string]int{}
	for i := range 2 * *modules {
		wasm := generate(uint64(i), i%2 == 1)
		metered, err := rewrite(wasm)
		require.NoError(t, err, "module %d", i)
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%06d.wasm", i)), metered.Wasm, 0o600))
		o := compiler.run(t, metered.Wasm)
		first = append(first, o)
		ends[o.End]++
		for _, other := range others {
			require.Equal(t, o, other.run(t, metered.Wasm), "module %d on %s", i, other.name)
		}
	}
	node := onNode(t, dir)
	for i, o := range node {
		require.Equal(t, first[i], o, "module %d on V8", i)
	}
	t.Logf("%d modules, %d of them on V8, no difference; they ended as %v", len(first), len(node), ends)
	require.Greater(t, ends["returned"], len(first)/10)
	require.NotZero(t, ends["trapped"])
}

func FuzzEnginesAgreeOnRandomModules(f *testing.F) {
	f.Add(uint64(1), false)
	f.Add(uint64(1), true)
	compiler, second := onWazero("wazero", wazero.NewRuntimeConfigCompiler()), onWasmtime()
	f.Fuzz(func(t *testing.T, seed uint64, simd bool) {
		metered, err := rewrite(generate(seed, simd))
		require.NoError(t, err)
		require.Equal(t, compiler.run(t, metered.Wasm), second.run(t, metered.Wasm))
	})
}
