//go:build linux

package container

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
)

// TestDiskBehindTheEndOfAFileIsAnOutput: one call reserves it, and neither the size of the file nor its bound shows it.
func TestDiskBehindTheEndOfAFileIsAnOutput(t *testing.T) {
	e := opened(t, socket(t), nil)
	result := finished(t, e, taskOf(t, guestImage(t, "reserve").saved(t)))
	require.Equal(t, manifest.ReasonOutputTooBig, result.Reason, result.Detail)
	require.Contains(t, result.Detail, "on the disk")
}

// TestTasksEndBeforeTheDiskIsFull: files that a program has removed and still writes are seen nowhere else.
func TestTasksEndBeforeTheDiskIsFull(t *testing.T) {
	var full atomic.Bool
	e := opened(t, socket(t), func(c *Config) {
		c.Free = func(folder string) (uint64, error) {
			require.Equal(t, c.Dir, folder)
			if full.Load() {
				return 99, nil
			}
			return 100, nil
		}
		c.MinFree = 100
	})
	require.NoError(t, e.Start(waiting(t), taskOf(t, guestImage(t, "unlinked").saved(t))))
	running(t, e, "a")
	require.Equal(t, executor.Healthy, e.Fingerprint(waiting(t)).Health)
	full.Store(true)
	_, err := e.Wait(waiting(t), "a")
	require.ErrorIs(t, err, executor.ErrUnavailable)
	require.ErrorContains(t, err, "make room there")
	left, err := e.list(waiting(t))
	require.NoError(t, err)
	require.Empty(t, left)
	found := e.Fingerprint(waiting(t))
	require.Equal(t, executor.Unhealthy, found.Health)
	require.Contains(t, found.Detail, "99 bytes are free")
}

// asStranger calls a function as a user that is not root.
func asStranger(t *testing.T, do func() error) error {
	t.Helper()
	if os.Getuid() != 0 {
		return do()
	}
	said := make(chan error)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine
		if err := syscall.Setfsuid(otherUser); err != nil {
			said <- err
			return
		}
		said <- do()
	}()
	return <-said
}

// locked makes a folder as the program "locked" leaves it.
func locked(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o711))
	out := filepath.Join(dir, "out")
	require.NoError(t, os.MkdirAll(filepath.Join(out, "closed"), 0o755))
	file := filepath.Join(out, "closed", "inner.txt")
	require.NoError(t, os.WriteFile(file, []byte("inner\n"), 0o600))
	for name, mode := range map[string]os.FileMode{dir: 0o700, out: 0o700, file: 0, filepath.Dir(file): 0} {
		if os.Getuid() == 0 {
			require.NoError(t, os.Chown(name, otherUser, -1))
		}
		if mode != 0 {
			require.NoError(t, os.Chmod(name, mode))
		}
	}
	require.NoError(t, os.Chmod(file, 0))
	require.NoError(t, os.Chmod(filepath.Dir(file), 0))
	return out
}

// TestWhatAProgramClosesIsReadAndRemoved: a daemon that is not root would otherwise never be rid of it, and would
// find another result than one that is.
func TestWhatAProgramClosesIsReadAndRemoved(t *testing.T) {
	t.Run("by any user", func(t *testing.T) {
		out := locked(t)
		task := executor.Task{OutputBytes: 100, OutputFiles: 10, OutputDir: filepath.Join(filepath.Dir(out), "results"), Unsynced: true}
		var files []executor.File
		require.NoError(t, asStranger(t, func() error {
			root, err := os.OpenRoot(out)
			if err != nil {
				return err
			}
			defer root.Close()
			files, err = collect(context.Background(), root, &task, nil)
			return err
		}))
		require.Len(t, files, 1)
		require.Equal(t, "closed/inner.txt", files[0].Path)

		out = locked(t)
		require.NoError(t, asStranger(t, func() error { return removeTree(out) }))
		require.NoDirExists(t, out)
	})
	t.Run("in a container", func(t *testing.T) {
		e := opened(t, socket(t), nil)
		task := taskOf(t, guestImage(t, "locked").saved(t))
		require.Equal(t, []string{"closed/inner.txt"}, names(finished(t, e, task)))
		left, err := os.ReadDir(e.cfg.tasks())
		require.NoError(t, err)
		require.Empty(t, left)
	})
}

// TestCollectingEndsWithItsTask: the file may be a terabyte of holes, which the program has made in no time.
func TestCollectingEndsWithItsTask(t *testing.T) {
	out := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(out, "holes"), nil, 0o600))
	require.NoError(t, os.Truncate(filepath.Join(out, "holes"), 64<<20))
	root, err := os.OpenRoot(out)
	require.NoError(t, err)
	defer root.Close()
	task := executor.Task{OutputBytes: 64 << 20, OutputFiles: 1, OutputDir: filepath.Join(t.TempDir(), "results"), Unsynced: true}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = collect(ended, root, &task, nil)
	require.ErrorIs(t, err, context.Canceled)
	require.NoDirExists(t, task.OutputDir)
	require.NoDirExists(t, partialDir(task.OutputDir))
}

func TestImagesThatWereHalfFetchedAreRemoved(t *testing.T) {
	cfg := Config{Socket: "unix:///nowhere/sock", Dir: t.TempDir(), Home: "home", Slots: 1}
	half := filepath.Join(cfg.Dir, "fetch-1")
	require.NoError(t, os.MkdirAll(half, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(half, "layer.part"), []byte("x"), 0o600))
	e, err := New(cfg)
	require.NoError(t, err)
	require.NoError(t, e.Close())
	require.NoDirExists(t, half)
}

func TestTheNameOfTheMachineIsTheSameEverywhere(t *testing.T) {
	e := opened(t, socket(t), nil)
	task := taskOf(t, guestImage(t, "hostname").saved(t))
	finished(t, e, task)
	require.Equal(t, "container", strings.TrimSpace(readOutput(t, task, "hostname")))
}

func TestTheDocumentOfAProgramIsPartOfItsWork(t *testing.T) {
	task := executor.Task{ID: "a"}
	seen := map[string]bool{}
	for _, program := range []*Program{nil, {Entrypoint: []string{"/a"}}, {Entrypoint: []string{"/b"}}, {Env: map[string]string{"A": "b"}}} {
		seen[digest(&task, &lent{program: program})] = true
	}
	require.Len(t, seen, 4)
}
