package wasm_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental/sysfs"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm"
)

// inputDir creates a directory with a few inputs of different shapes.
func inputDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.txt":        "the cat and the dog",
		"empty":        "",
		"deep/b.txt":   strings.Repeat("the dog sees the cat\n", 5000),
		"deep/z/c.txt": "ünï cödé",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

func inputs(t *testing.T, dir string) []executor.Input {
	t.Helper()
	var list []executor.Input
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		list = append(list, executor.Input{Name: filepath.ToSlash(name), Path: path})
		return err
	}))
	return list
}

func goTask(t *testing.T, program string, in []executor.Input) executor.Task {
	t.Helper()
	tk := task(t, program)
	tk.Fuel = 100_000_000_000
	tk.MemoryBytes = 256 << 20
	tk.Inputs = in
	tk.Args = []string{"one", "two words", ""}
	return tk
}

func TestGoProgramGivesTheSameResultTwiceAndUnderAnotherEngine(t *testing.T) {
	program, dir := goProgram(t, "files"), inputDir(t)
	first := goTask(t, program, inputs(t, dir))
	result := run(t, first)
	require.Equal(t, manifest.ReasonExited, result.Reason, result.Detail)
	require.Zero(t, result.ExitCode, "%v", result)
	require.Equal(t, "deep/counts.txt stdout", paths(result.Outputs))

	second := goTask(t, program, inputs(t, dir))
	again := run(t, second)
	require.Equal(t, result.Manifest(), again.Manifest())
	require.Equal(t, result.FuelUsed, again.FuelUsed)

	stdout, counts := underInterpreter(t, program, dir, first.Args)
	require.Equal(t, output(t, first, "stdout"), stdout)
	require.Equal(t, output(t, first, "deep/counts.txt"), counts)
}

// underInterpreter runs the program with an engine and a WASI that do not share any code with
// this executor.
func underInterpreter(t *testing.T, program, in string, arguments []string) (stdout, counts string) {
	t.Helper()
	ctx := context.Background()
	out := t.TempDir()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer func() { require.NoError(t, r.Close(ctx)) }()
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	binary, err := os.ReadFile(program)
	require.NoError(t, err)
	mounts, ok := wazero.NewFSConfig().WithReadOnlyDirMount(in, "/in").(sysfs.FSConfig)
	require.True(t, ok)
	var printed bytes.Buffer
	_, err = r.InstantiateWithConfig(ctx, binary, wazero.NewModuleConfig().
		WithArgs(append([]string{"program"}, arguments...)...).
		WithStdout(&printed).
		WithFSConfig(mounts.WithSysFSMount(sysfs.DirFS(out), "/out")))
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(out, "deep", "counts.txt"))
	require.NoError(t, err)
	return printed.String(), string(text)
}

func TestProgramSeesNothingOfTheHost(t *testing.T) {
	program := goProgram(t, "world")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data"), []byte("kept"), 0o600))
	t.Setenv("SECRET", "do not leak")
	look := func(seed byte) string {
		tk := goTask(t, program, inputs(t, dir))
		tk.Seed[0] = seed
		tk.Env = []executor.Variable{{Name: "TASK", Value: "7"}}
		r := run(t, tk)
		require.Equal(t, manifest.ReasonExited, r.Reason, r.Detail)
		require.Zero(t, r.ExitCode)
		require.Equal(t, "relative stdout", paths(r.Outputs))
		return output(t, tk, "stdout")
	}
	seen := look(1)
	for _, line := range []string{
		"now 2020-01-01T00:00:00Z",
		"slept an hour true",
		"environment [PWD=/out TMPDIR=/tmp HOME=/tmp TASK=7]",
		"here /out",
		"temporary /tmp",
		"draft \"x\" <nil>",
		"root [dev in out tmp]",
		"null 4 <nil> 0 EOF <nil>",
		"write \"/in/data\" open /in/data: Read-only file system",
		"write \"/in/new\" open /in/new: Read-only file system",
		"write \"/out/stdout\" open /out/stdout: Permission denied",
		`write "/out/bad\nname" open /out/bad`,
		"remove remove /in/data: Read-only file system",
		"rename rename /in/data /out/data: Read-only file system",
		"mkdir mkdir /in/dir: Read-only file system",
		"still \"kept\" <nil>",
		"stdin 0 EOF",
		"goroutine done",
	} {
		require.Contains(t, seen, line)
	}
	require.NotContains(t, seen, "root:")
	require.NotContains(t, seen, "leak")
	require.NotContains(t, seen, "dial <nil>")
	for _, line := range strings.Split(seen, "\n") {
		if strings.HasPrefix(line, "read ") || strings.HasPrefix(line, "dial ") || strings.HasPrefix(line, "write ") || strings.HasPrefix(line, "link ") {
			require.NotContains(t, line, "<nil>")
		}
	}
	kept, err := os.ReadFile(filepath.Join(dir, "data"))
	require.NoError(t, err)
	require.Equal(t, "kept", string(kept))

	require.Equal(t, seen, look(1), "the same seed shows the same world")
	require.NotEqual(t, seen, look(2), "randomness follows the seed")
}

func TestMissingInputIsAFailureOfTheMachine(t *testing.T) {
	tk := task(t, wat(t, `(func (export "_start"))`))
	tk.Inputs = []executor.Input{{Name: "gone", Path: filepath.Join(t.TempDir(), "gone")}}
	_, err := try(t, tk)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestBadTasksAreRefused(t *testing.T) {
	program := wat(t, `(func (export "_start"))`)
	e := newExecutor(t, 1)
	defer func() { require.NoError(t, e.Close()) }()
	for name, spoil := range map[string]func(*executor.Task){
		"no id":             func(tk *executor.Task) { tk.ID = "" },
		"no program":        func(tk *executor.Task) { tk.ProgramPath = "" },
		"no fuel":           func(tk *executor.Task) { tk.Fuel = 0 },
		"endless fuel":      func(tk *executor.Task) { tk.Fuel = 1<<64 - 1 },
		"no memory":         func(tk *executor.Task) { tk.MemoryBytes = 0 },
		"huge memory":       func(tk *executor.Task) { tk.MemoryBytes = 1 << 40 },
		"huge outputs":      func(tk *executor.Task) { tk.OutputBytes = 1 << 50 },
		"many outputs":      func(tk *executor.Task) { tk.OutputFiles = 1 << 20 },
		"zero in argument":  func(tk *executor.Task) { tk.Args = []string{"a\x00b"} },
		"zero in variable":  func(tk *executor.Task) { tk.Env = []executor.Variable{{Name: "A", Value: "a\x00b"}} },
		"nameless variable": func(tk *executor.Task) { tk.Env = []executor.Variable{{Value: "a"}} },
		"odd variable":      func(tk *executor.Task) { tk.Env = []executor.Variable{{Name: "A=B"}} },
		"variable twice":    func(tk *executor.Task) { tk.Env = []executor.Variable{{Name: "A"}, {Name: "A"}} },
		"own variable":      func(tk *executor.Task) { tk.Env = []executor.Variable{{Name: "PWD", Value: "/in"}} },
		"long variables":    func(tk *executor.Task) { tk.Env = []executor.Variable{{Name: "A", Value: strings.Repeat("a", 1<<20)}} },
		"long arguments":    func(tk *executor.Task) { tk.Args = []string{strings.Repeat("a", 1<<20)} },
		"escaping input":    func(tk *executor.Task) { tk.Inputs = []executor.Input{{Name: "../x", Path: program}} },
		"rooted input":      func(tk *executor.Task) { tk.Inputs = []executor.Input{{Name: "/x", Path: program}} },
		"input twice": func(tk *executor.Task) {
			tk.Inputs = []executor.Input{{Name: "x", Path: program}, {Name: "x", Path: program}}
		},
		"file as directory": func(tk *executor.Task) {
			tk.Inputs = []executor.Input{{Name: "x/y", Path: program}, {Name: "x", Path: program}}
		},
		"negative wall limit": func(tk *executor.Task) { tk.WallLimit = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			tk := task(t, program)
			spoil(&tk)
			require.ErrorIs(t, e.Start(context.Background(), tk), executor.ErrBadTask)
			require.ErrorIs(t, e.Recover(context.Background(), tk), executor.ErrBadTask)
		})
	}
}

func TestMissingProgramIsAFailureOfTheMachine(t *testing.T) {
	_, err := try(t, task(t, filepath.Join(t.TempDir(), "nothing.wasm")))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestTasksOfOneProgramRunSideBySide(t *testing.T) {
	program := wat(t, `(func (export "_start") (local $i i32) (loop $l
		(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000000)))))`)
	endless := wat(t, `(func (export "_start") (loop $l (br $l)))`)
	e := newExecutor(t, 4)
	defer func() { require.NoError(t, e.Close()) }()
	stuck := task(t, endless)
	stuck.ID, stuck.Fuel = "stuck", 1<<60
	require.NoError(t, e.Start(context.Background(), stuck))
	for _, id := range []string{"a", "b", "c"} {
		tk := task(t, program)
		tk.ID = id
		require.NoError(t, e.Start(context.Background(), tk))
	}
	// Stopping one task does not affect the others.
	require.NoError(t, e.Stop("stuck"))
	for _, id := range []string{"a", "b", "c"} {
		r, err := e.Wait(context.Background(), id)
		require.NoError(t, err)
		require.Equal(t, manifest.ReasonExited, r.Reason)
	}
}

// A program that makes one call after the other is never asked for its fuel.
func TestAProgramThatOnlyMakesCallsCanBeStopped(t *testing.T) {
	for _, engine := range wasm.Engines() {
		e, err := wasm.New(wasm.Config{Slots: 1, Engine: engine})
		require.NoError(t, err)
		tk := task(t, wat(t, `(func (export "_start") (loop $l (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 8))) (br $l)))`))
		tk.Fuel, tk.WallLimit = 1<<60, 100*time.Millisecond
		require.NoError(t, e.Start(context.Background(), tk))
		_, err = e.Wait(context.Background(), tk.ID)
		require.ErrorIs(t, err, executor.ErrWallLimit)
		require.NoError(t, e.Close())
	}
}

func TestATaskOfTheProfileHasNoTensors(t *testing.T) {
	e := newExecutor(t, 1)
	defer func() { require.NoError(t, e.Close()) }()
	tk := task(t, wat(t, `(func (export "_start"))`))
	tk.DeviceBytes = 1
	require.ErrorIs(t, e.Start(context.Background(), tk), executor.ErrBadTask)
}
