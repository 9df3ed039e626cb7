//go:build linux

package worker

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bytecodealliance/wasmtime-go/v44"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/tensors"
)

// loads is a program that loads 8 bytes of /in/w into a tensor and writes them to its output, and
// then a word of its own.
func loads(t *testing.T, word string) string {
	t.Helper()
	binary, err := wasmtime.Wat2Wasm(`(module
		(import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
		(import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
		(import "theta_tensor_1" "alloc" (func $alloc (param i32 i64) (result i32)))
		(import "theta_tensor_1" "read" (func $read (param i32 i64 i32 i32)))
		(import "theta_tensor_1" "load" (func $load (param i32 i64 i32 i64 i64) (result i32)))
		(memory (export "memory") 1)
		(data (i32.const 64) "w") (data (i32.const 136) "` + word + `")
		(func (export "_start")
			(if (call $path_open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 8)) (then unreachable))
			(drop (call $alloc (i32.const 2) (i64.const 8)))
			(if (call $load (i32.load (i32.const 8)) (i64.const 0) (i32.const 1) (i64.const 0) (i64.const 8)) (then unreachable))
			(call $read (i32.const 1) (i64.const 0) (i32.const 128) (i32.const 8))
			(i32.store (i32.const 0) (i32.const 128)) (i32.store (i32.const 4) (i32.const 12))
			(if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))))`)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "program.wasm")
	require.NoError(t, os.WriteFile(path, binary, 0o600))
	return path
}

// TestWeightsStayInTheWorkerOfAProgram: weights that were kept are known from what is loaded under a
// digest that is wrong. No daemon gives such a digest.
func TestWeightsStayInTheWorkerOfAProgram(t *testing.T) {
	for name, c := range map[string]struct {
		keep         uint64
		second, last string
	}{
		"kept":     {1 << 20, "weights1same", "weights2same"},
		"not kept": {0, "weights2same", "weights2same"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t)
			cfg.Profile, cfg.KeepBytes = tensors.Profile, c.keep
			e := open(t, cfg)
			says := func(program, content string) string {
				task := taskOf(t, program)
				task.Fuel, task.DeviceBytes = 1_000_000, 1<<20
				input := filepath.Join(t.TempDir(), "w")
				require.NoError(t, os.WriteFile(input, []byte(content), 0o600))
				task.Inputs = []executor.Input{{Name: "w", Path: input, Digest: [32]byte{1}}}
				result, err := run(t, e, task)
				require.NoError(t, err)
				require.Zero(t, result.ExitCode, result.Detail)
				out, err := os.ReadFile(filepath.Join(task.OutputDir, "stdout"))
				require.NoError(t, err)
				return string(out)
			}
			same := loads(t, "same")
			require.Equal(t, "weights1same", says(same, "weights1"))
			require.Equal(t, c.second, says(same, "weights2"))
			require.Equal(t, "weights3else", says(loads(t, "else"), "weights3"), "another program has a worker of its own")
			require.Equal(t, c.last, says(same, "weights2"), "and the weights of this one have given way")
		})
	}
}

func TestInputsAreLinkedAndNotCopied(t *testing.T) {
	e := open(t, config(t))
	input := filepath.Join(t.TempDir(), "model")
	require.NoError(t, os.WriteFile(input, []byte("weights"), 0o600))
	task := taskOf(t, script(t, "endless"))
	task.Inputs = []executor.Input{{Name: "model", Path: input}}
	require.NoError(t, e.Start(waiting(t), task))
	found, err := filepath.Glob(filepath.Join(e.cfg.Dir, "worker-*", inFolder, "0"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	in, err := os.Stat(input)
	require.NoError(t, err)
	brought, err := os.Stat(found[0])
	require.NoError(t, err)
	require.True(t, os.SameFile(in, brought))
	require.NoError(t, e.Destroy(task.ID))
}
