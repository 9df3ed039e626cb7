//go:build !race

package worker

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/executortest"
)

// checked contains devices that have given the published vectors, by choice. A driver that compiles for the processor
// takes seconds for that, in every executor anew.
var checked = map[string]Device{} //nolint:gochecknoglobals // compared once for all tests

// checkedDevice returns the device of a choice after it has given the published vectors.
func checkedDevice(t testing.TB, choice string) Device {
	t.Helper()
	if d, known := checked[choice]; known {
		return d
	}
	e := onDevice(t, choice, 0)
	d, err := e.Device(waiting(t))
	require.NoError(t, err)
	_, vectors := e.pool.devices.known()
	require.True(t, vectors)
	checked[choice] = d
	return d
}

// onChecked is onDevice for a device that has given the published vectors.
func onChecked(t testing.TB, choice string, limit time.Duration) *Executor {
	t.Helper()
	e := onDevice(t, choice, limit)
	e.pool.devices.settle(checkedDevice(t, choice), true)
	return e
}

func TestADeviceInItsProcessKeepsTheExecutorContract(t *testing.T) {
	vulkan := lavapipe(t)
	executortest.Run(t, executortest.Subject{
		New: func(t *testing.T, slots int) executor.Executor {
			t.Helper()
			cfg := onDevice(t, vulkan, 0).cfg
			cfg.Slots = slots
			e, err := New(cfg)
			require.NoError(t, err)
			e.pool.devices.settle(checkedDevice(t, vulkan), true)
			return e
		},
		Quick: multiply(t, 2), Endless: multiply(t, endless), DeviceBytes: 1 << 20,
	})
}

func TestADeviceThatEndsOrHangsInMidRunGivesNoResult(t *testing.T) {
	vulkan := lavapipe(t)
	for name, end := range map[string]struct {
		signal syscall.Signal
		told   string
		died   bool
	}{
		"killed": {syscall.SIGKILL, "signal: killed", true},
		"hangs":  {syscall.SIGSTOP, "does not answer", false},
	} {
		t.Run(name, func(t *testing.T) {
			e := onChecked(t, vulkan, 3*time.Second)
			task := tensorTask(t, multiply(t, endless))
			require.NoError(t, e.Start(waiting(t), task))
			before := devicesOf(t, e)
			require.Len(t, before, 1)
			require.NoError(t, syscall.Kill(before[0], end.signal))
			_, err := e.Wait(waiting(t), task.ID)
			require.NoError(t, e.Destroy(task.ID))
			require.ErrorIs(t, err, executor.ErrDevice)
			require.ErrorContains(t, err, end.told)
			require.Equal(t, end.died, errors.Is(err, executor.ErrWorkerDied), "the program may be to blame for the end of a process")
			require.NoDirExists(t, task.OutputDir)
			require.Eventually(t, func() bool { return gone(before[0]) }, patience, time.Millisecond, "its memory is given back")

			_, err = run(t, e, tensorTask(t, multiply(t, 3)))
			require.NoError(t, err, "the next task has another device")
			require.Len(t, devicesOf(t, e), 1)
			require.Equal(t, executor.Healthy, e.Fingerprint(waiting(t)).Health)
		})
	}
}

func TestADeviceThatEndsBetweenTasksIsReplaced(t *testing.T) {
	e := onChecked(t, lavapipe(t), 0)
	program := multiply(t, 2)
	_, err := run(t, e, tensorTask(t, program))
	require.NoError(t, err)
	before := devicesOf(t, e)
	require.Len(t, before, 1)
	require.NoError(t, syscall.Kill(before[0], syscall.SIGKILL))
	require.Eventually(t, func() bool { return idleDevicesAreGone(e.pool) }, patience, time.Millisecond)
	_, err = run(t, e, tensorTask(t, program))
	require.NoError(t, err)
}

func TestEachProgramHasADeviceProcessOfItsOwn(t *testing.T) {
	e := onChecked(t, lavapipe(t), 0)
	_, err := run(t, e, tensorTask(t, multiply(t, 2)))
	require.NoError(t, err)
	before := devicesOf(t, e)
	_, err = run(t, e, tensorTask(t, multiply(t, 2)))
	require.NoError(t, err)
	after := devicesOf(t, e)
	require.Len(t, after, 1)
	require.NotEqual(t, before, after)
	require.Eventually(t, func() bool { return gone(before[0]) }, patience, time.Millisecond)
}

func TestWhatAProgramFindsOutAboutADeviceSurvivesRestarts(t *testing.T) {
	vulkan, dir := lavapipe(t), t.TempDir()
	program, other := multiply(t, 2), multiply(t, 3)
	kept := func() (files []string) {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
		require.NoError(t, err)
		return files
	}
	start := func() *Executor {
		e := onChecked(t, vulkan, 3*time.Second)
		e.cfg.Tensors.Dir, e.pool.devices.kinds = dir, newKinds(dir)
		return e
	}
	e := start()
	_, err := run(t, e, tensorTask(t, program))
	require.NoError(t, err)
	require.Len(t, kept(), 1)
	first, err := os.ReadFile(kept()[0])
	require.NoError(t, err)
	_, err = run(t, e, tensorTask(t, other))
	require.NoError(t, err)
	require.Len(t, kept(), 2, "each program has a file of its own")

	// Nothing is compared again, so that nothing is written.
	for _, file := range kept() {
		require.NoError(t, os.Chtimes(file, time.Unix(1, 0), time.Unix(1, 0)))
	}
	e = start()
	_, err = run(t, e, tensorTask(t, program))
	require.NoError(t, err)
	_, err = run(t, e, tensorTask(t, other))
	require.NoError(t, err)
	for _, file := range kept() {
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.Equal(t, time.Unix(1, 0), info.ModTime())
	}

	// A broken file counts for nothing.
	require.NoError(t, os.WriteFile(kept()[0], first[:40], 0o600))
	e = start()
	_, err = run(t, e, tensorTask(t, program))
	require.NoError(t, err)
	_, err = run(t, e, tensorTask(t, other))
	require.NoError(t, err)
	require.Len(t, kept(), 2)
	again, err := os.ReadFile(kept()[0])
	require.NoError(t, err)
	require.Len(t, again, len(first))

	// After a failure of the device nothing that was found out counts any more.
	task := tensorTask(t, multiply(t, endless))
	require.NoError(t, e.Start(waiting(t), task))
	for _, pid := range devicesOf(t, e) {
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	}
	_, err = e.Wait(waiting(t), task.ID)
	require.ErrorIs(t, err, executor.ErrDevice)
	require.Empty(t, kept())
}
