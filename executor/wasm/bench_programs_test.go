package wasm_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm"
)

// computeBound returns programs that only compute, with their tasks: the example and three
// others.
func computeBound(b *testing.B) map[string]executor.Task {
	b.Helper()
	root := "../.."
	program := func(name string) executor.Task {
		return executor.Task{
			ProgramPath: compiled(b, name), Fuel: 1 << 60, MemoryBytes: 1 << 30, OutputBytes: 1 << 20, OutputFiles: 16,
		}
	}
	sha, matrix, sorting := program("./testdata/compute"), program("./testdata/compute"), program("./testdata/compute")
	sha.Args, matrix.Args, sorting.Args = []string{"hash"}, []string{"matrix"}, []string{"sort"}
	text := program(root + "/examples/textgen/cmd/textgen")
	text.Args = []string{"--tokens", "1000"}
	for _, name := range []string{"model.bin", "prompt.txt"} {
		text.Inputs = append(text.Inputs, executor.Input{Name: name, Path: root + "/examples/textgen/" + name})
	}
	return map[string]executor.Task{"textgen": text, "hash": sha, "matrix": matrix, "sort": sorting}
}

// compiled builds a Go program for wasip1.
func compiled(t testing.TB, source string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "program.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-o", out, source)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, string(text))
	return out
}

// BenchmarkProgram runs each program on each engine of the build without a trace, with one
// trace and with two traces, in turn. It reports how long the fastest run took without
// compilation, and how much fuel it used.
func BenchmarkProgram(b *testing.B) {
	for name, tk := range computeBound(b) {
		for _, engine := range wasm.Engines() {
			b.Run(name+"/"+engine, func(b *testing.B) {
				e, err := wasm.New(wasm.Config{Slots: 1, Engine: engine})
				require.NoError(b, err)
				defer func() { require.NoError(b, e.Close()) }()
				run := func(i, traces int) executor.Result {
					tk := tk
					tk.ID, tk.OutputDir = fmt.Sprintf("%d-%d", i, traces), filepath.Join(b.TempDir(), "out")
					tk.TraceKeys = make([]executor.Trace, traces)
					require.NoError(b, e.Start(context.Background(), tk))
					r, err := e.Wait(context.Background(), tk.ID)
					require.NoError(b, err)
					require.Equal(b, manifest.ReasonExited, r.Reason, r.Detail)
					require.Zero(b, r.ExitCode)
					return r
				}
				fastest := make([]time.Duration, executor.MaxTraceKeys+1)
				for i := -1; i < b.N; i++ {
					for traces := range fastest {
						r := run(i, traces)
						if i < 0 { // this run compiles the program
							continue
						}
						if fastest[traces] == 0 || r.WallTime < fastest[traces] {
							fastest[traces] = r.WallTime
						}
						b.ReportMetric(float64(r.FuelUsed), "fuel")
					}
				}
				for traces, took := range fastest {
					b.ReportMetric(float64(took.Milliseconds()), fmt.Sprintf("ms/%d-traces", traces))
				}
			})
		}
	}
}
