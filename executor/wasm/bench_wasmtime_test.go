//go:build wasmtime

package wasm_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bytecodealliance/wasmtime-go/v44"
	"github.com/stretchr/testify/require"
)

// BenchmarkProgramAsWritten runs the same programs without rewriting, with the fuel, the
// interruption, the NaNs and the WASI of wasmtime. The rewritten programs are compared with
// these figures.
func BenchmarkProgramAsWritten(b *testing.B) {
	cfg := wasmtime.NewConfig()
	cfg.SetCraneliftNanCanonicalization(true)
	cfg.SetConsumeFuel(true)
	cfg.SetEpochInterruption(true)
	cfg.SetWasmRelaxedSIMD(false)
	engine := wasmtime.NewEngineWithConfig(cfg)
	for name, tk := range computeBound(b) {
		b.Run(name+"/wasmtime's own fuel", func(b *testing.B) {
			text, err := os.ReadFile(tk.ProgramPath)
			require.NoError(b, err)
			module, err := wasmtime.NewModule(engine, text)
			require.NoError(b, err)
			in, out := b.TempDir(), b.TempDir()
			for _, input := range tk.Inputs {
				content, err := os.ReadFile(input.Path)
				require.NoError(b, err)
				require.NoError(b, os.WriteFile(filepath.Join(in, input.Name), content, 0o600))
			}
			linker := wasmtime.NewLinker(engine)
			require.NoError(b, linker.DefineWasi())
			for range b.N {
				store := wasmtime.NewStore(engine)
				store.SetEpochDeadline(1)
				require.NoError(b, store.SetFuel(tk.Fuel))
				wasi := wasmtime.NewWasiConfig()
				wasi.SetArgv(append([]string{"program"}, tk.Args...))
				require.NoError(b, wasi.PreopenDir(in, "/in", wasmtime.DIR_READ, wasmtime.FILE_READ))
				require.NoError(b, wasi.PreopenDir(out, "/out", wasmtime.DIR_READ|wasmtime.DIR_WRITE, wasmtime.FILE_READ|wasmtime.FILE_WRITE))
				store.SetWasi(wasi)
				instance, err := linker.Instantiate(store, module)
				require.NoError(b, err)
				started := time.Now()
				_, err = instance.GetFunc(store, "_start").Call(store)
				if err != nil {
					code, exited := err.(*wasmtime.Error).ExitStatus() //nolint:errorlint // as the binding gives it
					require.True(b, exited, err)
					require.Zero(b, code)
				}
				b.ReportMetric(float64(time.Since(started).Milliseconds()), "ms")
				left, err := store.GetFuel()
				require.NoError(b, err)
				b.ReportMetric(float64(tk.Fuel-left), "fuel")
				store.Close()
			}
		})
	}
}
