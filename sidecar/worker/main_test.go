//go:build linux

package worker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/executortest"
	"github.com/thetaedge/theta/executor/manifest"
)

// patience is the time for which a test waits for an event that must happen.
const patience = time.Minute

// TestMain lets the test binary also be a worker process, in the same way as the daemon's main
// function. With another first argument, the binary is a worker process that lies, or a
// daemon.
func TestMain(m *testing.M) {
	switch {
	case Invoked(os.Args):
		os.Exit(serveAs(os.Args, openForTests, openDeviceForTests))
	case len(os.Args) > 1 && strings.HasPrefix(os.Args[1], liarPrefix):
		lie(strings.TrimPrefix(os.Args[1], liarPrefix))
		os.Exit(0)
	case len(os.Args) > 2 && os.Args[1] == daemonArgument:
		beDaemon(os.Args[2], len(os.Args) > 3)
	}
	os.Exit(m.Run())
}

const profile = "script/1"

// config returns the configuration of a small machine.
func config(t testing.TB) Config {
	t.Helper()
	return Config{
		Profile: profile, Slots: 1, Dir: filepath.Join(t.TempDir(), "workers"),
		MemoryBytes: 512 << 20, FileBytes: 1 << 20, StreamBytes: 1 << 10,
	}
}

// open returns an executor that is closed when the test ends.
func open(t testing.TB, cfg Config) *Executor {
	t.Helper()
	e, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

func waiting(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// script writes a program with one line per step, see scripts_test.go.
func script(t testing.TB, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600))
	return path
}

func taskOf(t testing.TB, program string) executor.Task {
	t.Helper()
	return executor.Task{
		ID: "task", ProgramPath: program, Fuel: 1000, MemoryBytes: 64 << 20, OutputBytes: 1 << 20, OutputFiles: 16,
		OutputDir: filepath.Join(t.TempDir(), "out"), WallLimit: patience,
	}
}

// run runs a task and then destroys it.
func run(t testing.TB, e *Executor, task executor.Task) (executor.Result, error) {
	t.Helper()
	if err := e.Start(waiting(t), task); err != nil {
		return executor.Result{}, err
	}
	result, err := e.Wait(waiting(t), task.ID)
	require.NoError(t, e.Destroy(task.ID))
	return result, err
}

// outcome runs a script and returns what it has written into a file.
func outcome(t testing.TB, e *Executor, name string, lines ...string) string {
	t.Helper()
	task := taskOf(t, script(t, lines...))
	_, err := run(t, e, task)
	require.NoError(t, err)
	content, err := os.ReadFile(filepath.Join(task.OutputDir, name))
	require.NoError(t, err)
	return string(content)
}

func TestExecutorContract(t *testing.T) {
	executortest.Run(t, executortest.Subject{
		New: func(t *testing.T, slots int) executor.Executor {
			cfg := config(t)
			cfg.Slots = slots
			e, err := New(cfg)
			require.NoError(t, err)
			return e
		},
		Quick:   script(t, "write a/b hello", "stdout hello"),
		Endless: script(t, "endless"),
	})
}

func TestATaskReachesTheWorkerWhole(t *testing.T) {
	e := open(t, config(t))
	input := script(t, "what it reads")
	task := taskOf(t, script(t, "echo"))
	task.Args = []string{"plain", "two words", "no \xff UTF-8", ""}
	task.Inputs = []executor.Input{{Name: "in/put.txt", Path: input, Digest: [32]byte{5}}}
	task.Env = []executor.Variable{{Name: "MODE", Value: "fast"}, {Name: "EMPTY"}, {Name: "RAW", Value: "no \xff UTF-8"}}
	task.Seed = [32]byte{1, 2, 255}
	task.TraceKeys = []executor.Trace{{3}, {4}}
	task.Unsynced, task.DeviceBytes = true, 77
	requireFilled(t, task)
	result, err := run(t, e, task)
	require.NoError(t, err)
	require.Equal(t, uint64(7), result.FuelUsed)
	require.Equal(t, []executor.Trace{{3, 31: 1}, {4, 31: 1}}, result.Traces)
	content, err := os.ReadFile(filepath.Join(task.OutputDir, "echo"))
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("%q %x %q in/put.txt=%q %x 1000 67108864 77 1048576 16 true", task.Args, task.Seed, task.Env, "what it reads", task.Inputs[0].Digest), string(content))
}

// requireFilled fails if a task has a field that this test does not set. A field that is
// missing in the order is lost without an error, and the program runs without it.
func requireFilled(t *testing.T, task executor.Task) {
	t.Helper()
	fields := reflect.ValueOf(task)
	for i := range fields.NumField() {
		require.False(t, fields.Field(i).IsZero(), "give %s a value, and look for it in what the worker got", fields.Type().Field(i).Name)
	}
}

func TestAFailedProgramIsAResult(t *testing.T) {
	e := open(t, config(t))
	result, err := run(t, e, taskOf(t, script(t, "stderr oh", "trap")))
	require.NoError(t, err)
	require.Equal(t, manifest.ReasonTrapped, result.Reason)
	require.Equal(t, manifest.NoExitCode, result.ExitCode)
	require.Len(t, result.Outputs, 1)
	require.Equal(t, "stderr", result.Outputs[0].Path)
}

func TestATaskThatTheExecutorRefusesIsNotStarted(t *testing.T) {
	e := open(t, config(t))
	task := taskOf(t, script(t, "stdout hello"))
	task.Fuel = refusedFuel
	require.ErrorIs(t, e.Start(waiting(t), task), executor.ErrBadTask)
	_, err := e.Wait(waiting(t), task.ID)
	require.ErrorIs(t, err, executor.ErrUnknownTask)
	task.Fuel = 1000
	_, err = run(t, e, task)
	require.NoError(t, err)
}

func TestTroubleOfTheWorkerIsNoResult(t *testing.T) {
	e := open(t, config(t))
	_, err := run(t, e, taskOf(t, script(t, "fail")))
	require.ErrorContains(t, err, "no disk")
	require.NotErrorIs(t, err, executor.ErrWorkerDied)
}
