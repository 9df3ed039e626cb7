//go:build !race

package tensors_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
)

func TestAGoProgramMultipliesMatricesOfFiles(t *testing.T) {
	const m, n, k = 5, 12, 64
	dir := t.TempDir()
	a, w := make([]byte, m*k), make([]byte, n*k)
	for i := range a {
		a[i] = byte(i*i + 3)
	}
	for i := range w {
		w[i] = byte(i*77 + 1)
	}
	tk := task(t, goProgram(t, "multiply"))
	for name, content := range map[string][]byte{"a": a, "w": w} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		tk.Inputs = append(tk.Inputs, executor.Input{Name: name, Path: path})
	}
	tk.Args = []string{strconv.Itoa(m), strconv.Itoa(n), strconv.Itoa(k)}
	tk.TraceKeys = []executor.Trace{{1}, {2}}
	r := run(t, tk)
	require.Equal(t, manifest.ReasonExited, r.Reason, r.Detail)
	require.Zero(t, r.ExitCode, "%v", r)
	var want []byte
	for i := range m {
		for j := range n {
			var sum int32
			for l := range k {
				sum += int32(int8(a[i*k+l])) * int32(int8(w[j*k+l]))
			}
			want = binary.LittleEndian.AppendUint32(want, uint32(sum))
		}
	}
	require.Equal(t, want, output(t, tk, "product"))

	tk.Args[0] = "6"
	r = run(t, tk)
	require.EqualValues(t, 1, r.ExitCode)
	require.Equal(t, "expected 384 bytes in /in/a, found error 28\n", string(output(t, tk, "stderr")))
}
