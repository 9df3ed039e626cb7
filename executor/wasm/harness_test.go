package wasm_test

import (
	"context"
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
	"github.com/thetaedge/theta/executor/wasm"
)

// preamble imports the functions that the hand-written programs use, and gives the programs a
// memory.
const preamble = `
	(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
	(import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
	(import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
	(memory (export "memory") 2)
	;; put writes len bytes at ptr to a descriptor and traps if that fails
	(func $put (param $fd i32) (param $ptr i32) (param $len i32)
		(i32.store (i32.const 0) (local.get $ptr))
		(i32.store (i32.const 4) (local.get $len))
		(if (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable)))
	;; create opens a new file below /out under the name at ptr
	(func $create (param $ptr i32) (param $len i32) (result i32)
		(if (call $path_open (i32.const 4) (i32.const 0) (local.get $ptr) (local.get $len)
			(i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 8)) (then unreachable))
		(i32.load (i32.const 8)))
`

// wat writes a program that consists of the preamble and body.
func wat(t *testing.T, body string) string {
	t.Helper()
	return watModule(t, "(module "+preamble+body+")")
}

func watModule(t testing.TB, text string) string {
	t.Helper()
	binary, err := wasmtime.Wat2Wasm(text)
	require.NoError(t, err)
	return binaryFile(t, binary)
}

func binaryFile(t testing.TB, binary []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program.wasm")
	require.NoError(t, os.WriteFile(path, binary, 0o600))
	return path
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

func newExecutor(t *testing.T, slots int) executor.Executor {
	t.Helper()
	e, err := wasm.New(wasm.Config{Slots: slots})
	require.NoError(t, err)
	return e
}

// task returns a task with enough room for ordinary programs.
func task(t testing.TB, program string) executor.Task {
	t.Helper()
	return executor.Task{
		ID:          "task",
		ProgramPath: program,
		Fuel:        10_000_000_000,
		MemoryBytes: 64 << 20,
		OutputBytes: 1 << 20,
		OutputFiles: 16,
		OutputDir:   filepath.Join(t.TempDir(), "out"),
		WallLimit:   time.Minute,
	}
}

// try runs a task in a separate executor.
func try(t *testing.T, task executor.Task) (executor.Result, error) {
	t.Helper()
	e := newExecutor(t, 1)
	defer func() { require.NoError(t, e.Close()) }()
	require.NoError(t, e.Start(context.Background(), task))
	return e.Wait(context.Background(), task.ID)
}

// run runs a task that must have a result.
func run(t *testing.T, task executor.Task) executor.Result {
	t.Helper()
	result, err := try(t, task)
	require.NoError(t, err)
	_, err = result.Digest()
	require.NoError(t, err)
	return result
}

// runOn runs a task on one of the engines of the build.
func runOn(t *testing.T, engine string, task executor.Task) executor.Result {
	t.Helper()
	e, err := wasm.New(wasm.Config{Slots: 1, Engine: engine})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	require.NoError(t, e.Start(context.Background(), task))
	result, err := e.Wait(context.Background(), task.ID)
	require.NoError(t, err)
	return result
}

// output reads an output of a task.
func output(t *testing.T, task executor.Task, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(task.OutputDir, filepath.FromSlash(path)))
	require.NoError(t, err)
	return string(content)
}

func paths(files []executor.File) string {
	var list []string
	for _, f := range files {
		list = append(list, f.Path)
	}
	return strings.Join(list, " ")
}

func TestExecutorContract(t *testing.T) {
	executortest.Run(t, executortest.Subject{
		New:     newExecutor,
		Quick:   wat(t, `(data (i32.const 64) "hello") (func (export "_start") (call $put (i32.const 1) (i32.const 64) (i32.const 5)))`),
		Endless: wat(t, `(func (export "_start") (loop $l (br $l)))`),
	})
}
