//go:build !race

package worker

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
)

// asleep waits until a process has given up the memory of its tensors and is stopped.
func asleep(t *testing.T, pid int) {
	t.Helper()
	require.Eventually(t, func() bool { return stopped(pid) && residentOf(pid) < large }, patience, time.Millisecond)
}

// TestASuspendedProgramGivesUpTheMemoryOfItsTensors: again and again, and the result is the same.
func TestASuspendedProgramGivesUpTheMemoryOfItsTensors(t *testing.T) {
	const times = 1 << 12
	e, task := swapping(t, func(c *Config) { c.Swap = nil }, swapped(times))
	want, err := run(t, e, task)
	require.NoError(t, err)
	require.Equal(t, manifest.ReasonExited, want.Reason, want.Detail)
	e, task = swapping(t, unchanged, swapped(times))
	pid := begin(t, e, task)
	for cycle := range 4 {
		require.NoError(t, e.Suspend())
		asleep(t, pid)
		require.Greater(t, e.pool.suspension.quota.used(), uint64(large), "cycle %d", cycle)
		require.NoError(t, e.Resume())
		require.Eventually(t, func() bool { return residentOf(pid) > large }, patience, time.Millisecond, "cycle %d", cycle)
		require.Eventually(t, func() bool { return e.pool.suspension.quota.used() == 0 }, patience, time.Millisecond, "cycle %d", cycle)
	}
	got, err := e.Wait(waiting(t), task.ID)
	require.NoError(t, err)
	require.Equal(t, want.Manifest(), got.Manifest())
	require.Equal(t, want.FuelUsed, got.FuelUsed)
	require.Equal(t, want.Traces, got.Traces)
}

// evictedFor suspends a task that has to be ended, and returns why.
func evictedFor(t *testing.T, e *Executor, task executor.Task, pid int) string {
	t.Helper()
	require.NoError(t, e.Suspend())
	_, err := e.Wait(waiting(t), task.ID)
	require.ErrorIs(t, err, executor.ErrEvicted)
	require.NotErrorIs(t, err, executor.ErrWorkerDied, "the program is not to blame")
	require.True(t, gone(pid))
	require.Zero(t, e.pool.suspension.quota.used())
	require.NoError(t, e.Destroy(task.ID))
	require.NoError(t, os.RemoveAll(task.OutputDir))
	return err.Error()
}

// TestAProgramWhoseTensorsDoNotFitOnTheDiskIsEnded: the memory is the owner's.
func TestAProgramWhoseTensorsDoNotFitOnTheDiskIsEnded(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		says   string
	}{
		"a quota that is too small": {func(c *Config) { c.Swap.Bytes = large }, "of the 50331648 bytes of work.swap"},
		"a disk that is nearly full": {
			func(c *Config) { c.Swap.Free = func(string) (uint64, error) { return spareBytes + large, nil } }, "stay free",
		},
		"a disk that is too slow": {func(c *Config) { c.Swap.within = time.Microsecond }, "were not on the disk within 1µs"},
	} {
		t.Run(name, func(t *testing.T) {
			e, task := swapping(t, c.change, swapped(forever))
			pid := begin(t, e, task)
			require.Contains(t, evictedFor(t, e, task, pid), c.says)
			require.NoError(t, e.Resume())
			few := task
			few.ProgramPath = wasmOf(t, swapped(1))
			result, err := run(t, e, few)
			require.NoError(t, err)
			require.Equal(t, manifest.ReasonExited, result.Reason, result.Detail)
		})
	}
}

// TestTwoProgramsShareTheQuota: the one that comes second does not get more than is left.
func TestTwoProgramsShareTheQuota(t *testing.T) {
	e, first := swapping(t, func(c *Config) { c.Slots, c.Swap.Bytes = 2, large+large/2 }, swapped(forever))
	second := first
	second.ID, second.OutputDir = "second", filepath.Join(t.TempDir(), "out")
	begin(t, e, first)
	begin(t, e, second)
	require.NoError(t, e.Suspend())
	ended := make(chan error, 2)
	for _, task := range []executor.Task{first, second} {
		go func() {
			_, err := e.Wait(context.Background(), task.ID)
			ended <- err
		}()
	}
	require.ErrorIs(t, <-ended, executor.ErrEvicted)
	pids := childrenOf(t, os.Getpid(), e.cfg.Dir)
	require.Len(t, pids, 1)
	asleep(t, pids[0])
	require.Empty(t, ended)
	require.NoError(t, e.Resume())
	require.Eventually(t, func() bool { return residentOf(pids[0]) > large }, patience, time.Millisecond)
}

// storageOf returns the path under which the kernel shows the file for the tensors of a process.
func storageOf(t *testing.T, pid int) string {
	t.Helper()
	entries, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "fd", "*"))
	require.NoError(t, err)
	for _, path := range entries {
		if to, err := os.Readlink(path); err == nil && strings.Contains(to, "/tensors") {
			return path
		}
	}
	require.FailNow(t, "the process has no file for tensors")
	return ""
}

// TestAFileThatComesBackChangedIsNoResult: the task fails on this machine.
func TestAFileThatComesBackChangedIsNoResult(t *testing.T) {
	for name, damage := range map[string]func(f *os.File) error{
		"changed": func(f *os.File) error { _, err := f.WriteAt([]byte("something else"), large/2); return err },
		"shorter": func(f *os.File) error { return f.Truncate(large / 2) },
		"empty":   func(f *os.File) error { return f.Truncate(0) },
	} {
		t.Run(name, func(t *testing.T) {
			e, task := swapping(t, unchanged, swapped(forever))
			pid := begin(t, e, task)
			require.NoError(t, e.Suspend())
			asleep(t, pid)
			file, err := os.OpenFile(storageOf(t, pid), os.O_RDWR, 0)
			require.NoError(t, err)
			require.NoError(t, damage(file))
			require.NoError(t, file.Close())
			require.NoError(t, e.Resume())
			_, err = e.Wait(waiting(t), task.ID)
			require.ErrorContains(t, err, "could not run it")
			require.NotErrorIs(t, err, executor.ErrDevice)
			require.NotErrorIs(t, err, executor.ErrWorkerDied, "the program is not to blame")
		})
	}
}

// TestTheFileForTensorsHasNoName: no other program opens it, and nothing is left of it after a crash.
func TestTheFileForTensorsHasNoName(t *testing.T) {
	e, task := swapping(t, unchanged, swapped(forever))
	pid := begin(t, e, task)
	require.NoError(t, e.Suspend())
	asleep(t, pid)
	path := storageOf(t, pid)
	to, err := os.Readlink(path)
	require.NoError(t, err)
	require.Contains(t, to, "(deleted)")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Greater(t, info.Size(), int64(large))
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(content), strings.Repeat("\x4d\x00\x00\x00", 4), "no other program can read the tensors in it")
	require.NoError(t, e.Destroy(task.ID))
	require.True(t, gone(pid))
}
