package tensors_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytecodealliance/wasmtime-go/v44"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/executortest"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/ref"
)

// imports are the calls on tensors, and those of WASI that the hand-written programs use.
const imports = `
	(import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
	(import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
	(import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
	(import "theta_tensor_1" "alloc" (func $alloc (param i32 i64) (result i32)))
	(import "theta_tensor_1" "free" (func $free (param i32)))
	(import "theta_tensor_1" "write" (func $write (param i32 i64 i32 i32)))
	(import "theta_tensor_1" "read" (func $read (param i32 i64 i32 i32)))
	(import "theta_tensor_1" "load" (func $load (param i32 i64 i32 i64 i64) (result i32)))
	(import "theta_tensor_1" "submit" (func $submit (param i32 i32)))
	(memory (export "memory") 2)
	;; put writes len bytes at ptr to standard output and traps if that fails
	(func $put (param $ptr i32) (param $len i32)
		(i32.store (i32.const 0) (local.get $ptr))
		(i32.store (i32.const 4) (local.get $len))
		(if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable)))
	;; open opens a file below /in for reading, whose name is at ptr
	(func $open (param $ptr i32) (param $len i32) (result i32)
		(if (call $path_open (i32.const 3) (i32.const 0) (local.get $ptr) (local.get $len)
			(i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 8)) (then unreachable))
		(i32.load (i32.const 8)))
`

// wat writes a program of the imports, further items and a body of _start.
func wat(t testing.TB, items, body string) string {
	t.Helper()
	return program(t, module(t, "(module "+imports+items+`(func (export "_start") `+body+"))"))
}

func module(t testing.TB, text string) []byte {
	t.Helper()
	binary, err := wasmtime.Wat2Wasm(text)
	require.NoError(t, err)
	return binary
}

func program(t testing.TB, binary []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program.wasm")
	require.NoError(t, os.WriteFile(path, binary, 0o600))
	return path
}

// bytesAt returns a data segment.
func bytesAt(at int, bytes []byte) string {
	var text strings.Builder
	for _, b := range bytes {
		fmt.Fprintf(&text, `\%02x`, b)
	}
	return fmt.Sprintf(`(data (i32.const %d) "`, at) + text.String() + `")`
}

// goProgram compiles testdata/name for wasip1.
func goProgram(t *testing.T, name string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), name+".wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-o", out, "./testdata/"+name)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, string(text))
	return out
}

// task returns a task with enough room for ordinary programs.
func task(t testing.TB, program string) executor.Task {
	t.Helper()
	return executor.Task{
		ID:          "task",
		ProgramPath: program,
		Fuel:        100_000_000_000,
		MemoryBytes: 64 << 20,
		DeviceBytes: 64 << 20,
		OutputBytes: 1 << 20,
		OutputFiles: 16,
		OutputDir:   filepath.Join(t.TempDir(), "out"),
		WallLimit:   time.Minute,
	}
}

func onReference() (tensor.Device, error) { return ref.NewDevice(), nil }

func onCores() (tensor.Device, error) { return cpu.New(cpu.WithCores(2)), nil }

// try runs a task in a separate executor.
func try(t testing.TB, cfg tensors.Config, task executor.Task) (executor.Result, error) {
	t.Helper()
	cfg.Slots = 1
	e, err := tensors.New(cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	require.NoError(t, e.Start(context.Background(), task))
	return e.Wait(context.Background(), task.ID)
}

// run runs a task on every engine and on two devices, and checks that the results are the same.
func run(t *testing.T, task executor.Task) executor.Result {
	t.Helper()
	var first *executor.Result
	for _, engine := range wasm.Engines() {
		for name, open := range map[string]func() (tensor.Device, error){"reference": onReference, "cores": onCores} {
			result, err := try(t, tensors.Config{Engine: engine, Unguarded: true, Open: open}, task)
			require.NoError(t, err)
			require.NoError(t, os.RemoveAll(task.OutputDir+".kept"))
			require.NoError(t, os.Rename(task.OutputDir, task.OutputDir+".kept"))
			if first == nil {
				first = &result
				continue
			}
			require.Equal(t, first.Manifest(), result.Manifest(), "%s, %s", engine, name)
			require.Equal(t, first.FuelUsed, result.FuelUsed, "%s, %s", engine, name)
			require.Equal(t, first.Traces, result.Traces, "%s, %s", engine, name)
		}
	}
	return *first
}

// output reads an output of a task that run has run.
func output(t *testing.T, task executor.Task, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(task.OutputDir+".kept", path))
	require.NoError(t, err)
	return content
}

func TestExecutorContract(t *testing.T) {
	quick := wat(t, `(data (i32.const 64) "hello")`, `(drop (call $alloc (i32.const 2) (i64.const 8))) (call $write (i32.const 1) (i64.const 0) (i32.const 64) (i32.const 8))
		(call $read (i32.const 1) (i64.const 0) (i32.const 128) (i32.const 8)) (call $put (i32.const 128) (i32.const 5))`)
	endless := wat(t, ``, `(loop $l (br $l))`)
	submits := wat(t, ``, `(loop $l (call $submit (i32.const 0) (i32.const 0)) (br $l))`)
	for _, engine := range wasm.Engines() {
		for kind, program := range map[string]string{"computes": endless, "submits": submits} {
			t.Run(engine+" "+kind, func(t *testing.T) {
				executortest.Run(t, executortest.Subject{
					New: func(t *testing.T, slots int) executor.Executor {
						t.Helper()
						e, err := tensors.New(tensors.Config{Slots: slots, Engine: engine, Unguarded: true, Open: onCores})
						require.NoError(t, err)
						return e
					},
					Quick: quick, Endless: program, DeviceBytes: 1 << 20,
				})
			})
		}
	}
}
