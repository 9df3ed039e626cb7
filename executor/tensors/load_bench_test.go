//go:build linux

package tensors_test

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
)

// BenchmarkLoad loads a model of 1 GiB in 64 tensors, as each task does, on a processor that keeps
// weights and on one that does not. Where it does not say "from disk", the file is in the memory of
// the operating system.
func BenchmarkLoad(b *testing.B) {
	const parts, size = 64, 16 << 20
	path := filepath.Join(b.TempDir(), "model")
	file, err := os.Create(path)
	require.NoError(b, err)
	h := sha256.New()
	_, err = io.CopyN(io.MultiWriter(file, h), rand.Reader, parts*size)
	require.NoError(b, err)
	require.NoError(b, file.Close())
	tk := task(b, wat(b, `(data (i32.const 64) "model")`, fmt.Sprintf(`(local $i i32) (local $fd i32)
		(local.set $fd (call $open (i32.const 64) (i32.const 5)))
		(loop $l
			(if (call $load (local.get $fd) (i64.mul (i64.extend_i32_u (local.get $i)) (i64.const %[1]d)) (call $alloc (i32.const 2) (i64.const %[1]d)) (i64.const 0) (i64.const %[1]d)) (then unreachable))
			(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const %[2]d))))`, size, parts)))
	tk.Inputs = []executor.Input{{Name: "model", Path: path, Digest: [32]byte(h.Sum(nil))}}
	tk.DeviceBytes = 2 * parts * size
	forget := func() {
		f, err := os.Open(path)
		require.NoError(b, err)
		require.NoError(b, errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED), f.Close()))
	}
	for _, c := range []struct {
		name   string
		keep   uint64
		before func()
	}{{"from disk", 0, forget}, {"each time", 0, func() {}}, {"kept", tk.DeviceBytes, func() {}}} {
		b.Run(c.name, func(b *testing.B) {
			m := newMachine(b, c.keep, func() tensor.Device { return cpu.New() })
			_, err := m.run(tk)
			require.NoError(b, err)
			b.SetBytes(parts * size)
			for b.Loop() {
				b.StopTimer()
				c.before()
				b.StartTimer()
				_, err := m.run(tk)
				require.NoError(b, err)
			}
		})
	}
}
