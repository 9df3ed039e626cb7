package wasm_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/executor"
	"github.com/thetaedge/theta/sidecar/executor/manifest"
	"github.com/thetaedge/theta/sidecar/executor/wasm"
)

// computeBound lists programs that do nothing but compute, with their tasks: the
// example and three others.
func computeBound(b *testing.B) map[string]executor.Task {
	b.Helper()
	root := "../../.."
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

// BenchmarkProgram runs each program on each engine of the build, one after the
// other, and says how long a run takes without compiling, and what it uses.
func BenchmarkProgram(b *testing.B) {
	for name, tk := range computeBound(b) {
		for _, engine := range wasm.Engines() {
			b.Run(name+"/"+engine, func(b *testing.B) {
				e, err := wasm.New(wasm.Config{Slots: 1, Engine: engine})
				require.NoError(b, err)
				defer func() { require.NoError(b, e.Close()) }()
				run := func(i int) executor.Result {
					tk := tk
					tk.ID, tk.OutputDir = fmt.Sprint(i), filepath.Join(b.TempDir(), "out")
					require.NoError(b, e.Start(context.Background(), tk))
					r, err := e.Wait(context.Background(), tk.ID)
					require.NoError(b, err)
					require.Equal(b, manifest.ReasonExited, r.Reason, r.Detail)
					require.Zero(b, r.ExitCode)
					return r
				}
				run(-1) // compiles
				for i := range b.N {
					r := run(i)
					b.ReportMetric(float64(r.FuelUsed), "fuel")
					b.ReportMetric(float64(r.WallTime.Milliseconds()), "ms")
				}
			})
		}
	}
}
