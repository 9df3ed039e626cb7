package client

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client/jobfile"
	"github.com/thetaedge/theta/executor"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// printenv writes its environment, each variable with a zero at its end.
const printenv = `(module
	(import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
	(import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
	(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
	(memory (export "memory") 1)
	(func (export "_start")
		(drop (call $sizes (i32.const 0) (i32.const 4)))
		(drop (call $get (i32.const 1024) (i32.const 4096)))
		(i32.store (i32.const 0) (i32.const 4096))
		(drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))`

func TestTheEnvironmentGoesFromTheJobFileToTheProgram(t *testing.T) {
	job := localJob(t, printenv, roomy, nil)
	job.Relay = "http://127.0.0.1:1"
	job.Env = jobfile.Environment{"TASK": "n{task}", "LANG": "C.UTF-8", "A": ""}
	packed, err := Pack(job)
	require.NoError(t, err)
	require.Equal(t, []computetypes.Variable{{Name: "A"}, {Name: "LANG", Value: "C.UTF-8"}, {Name: "TASK", Value: "n{task}"}}, packed.Spec.Env)
	packed.Spec.FirstTask = 40
	require.Equal(t, []executor.Variable{{Name: "A"}, {Name: "LANG", Value: "C.UTF-8"}, {Name: "TASK", Value: "n42"}}, ExecutorTask(&packed.Spec, 2).Env)
	local, err := RunLocal(t.Context(), job, 0, filepath.Join(t.TempDir(), "result"))
	require.NoError(t, err)
	printed, err := os.ReadFile(filepath.Join(local.Dir, "stdout"))
	require.NoError(t, err)
	require.Equal(t, "PWD=/out\x00TMPDIR=/tmp\x00HOME=/tmp\x00A=\x00LANG=C.UTF-8\x00TASK=n0\x00", string(printed))
	for _, name := range []string{"PWD", "TMPDIR", "HOME", "1", "A-B", ""} {
		job.Env = jobfile.Environment{name: "x"}
		_, err := Pack(job)
		require.ErrorIs(t, err, computetypes.ErrInvalidSpec, name)
	}
}
