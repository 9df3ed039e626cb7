package wasm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm"
)

// TestProgramsNestAsDeepAsOnAStackOf8MiB checks that the counted stack allows at least the
// depth of calls that 8 MiB of native stack allow, so that programs that run elsewhere also
// run here.
func TestProgramsNestAsDeepAsOnAStackOf8MiB(t *testing.T) {
	program := goProgram(t, "depth")
	for _, c := range []struct{ what, n, want string }{
		{"calls", "27000", "27000\n"},
		{"calls", "100000", "100000\n"},
		{"document", "10000", "<nil>\n"},
	} {
		for _, engine := range wasm.Engines() {
			tk := goTask(t, program, nil)
			tk.Args = []string{c.what, c.n}
			r := runOn(t, engine, tk)
			require.Equal(t, manifest.ReasonExited, r.Reason, "%s %s on %s: %s", c.what, c.n, engine, r.Detail)
			require.Equal(t, c.want, output(t, tk, "stdout"))
		}
	}
}

func TestEndlessRecursionTrapsOnEveryEngine(t *testing.T) {
	program := goProgram(t, "depth")
	var results []manifest.Manifest
	var fuel []uint64
	for _, engine := range wasm.Engines() {
		tk := goTask(t, program, nil)
		tk.Args = []string{"calls", "1000000"}
		r := runOn(t, engine, tk)
		require.Equal(t, manifest.ReasonTrapped, r.Reason, engine)
		require.Contains(t, r.Detail, "too deeply")
		results, fuel = append(results, r.Manifest()), append(fuel, r.FuelUsed)
	}
	for i := range results {
		require.Equal(t, results[0], results[i])
		require.Equal(t, fuel[0], fuel[i])
	}
}
