//go:build unix

package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/executortest"
)

// left creates a folder as a worker process leaves it, and collects it.
func left(t *testing.T, whole bool, leave func(dir string) error) ([]executor.File, executor.Task, error) {
	t.Helper()
	base := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(base, "worker", "out"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(base, "secret"), []byte("key"), 0o600))
	require.NoError(t, leave(filepath.Join(base, "worker", "out")))
	root, err := os.OpenRoot(base)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, root.Close()) })
	task := executor.Task{OutputBytes: 10, OutputFiles: 3, OutputDir: filepath.Join(t.TempDir(), "out")}
	files, err := collect(root, "worker/out", &task, whole, 4)
	return files, task, err
}

func put(dir, name, content string) error {
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o600)
}

func TestTheDaemonListsWhatItHasCopied(t *testing.T) {
	files, task, err := left(t, true, func(dir string) error {
		for name, content := range map[string]string{"b": "12345", "a/c": "67890", "stdout": "four", "stderr": ""} {
			if err := put(dir, name, content); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)
	onDisk, err := executortest.FilesIn(task.OutputDir)
	require.NoError(t, err)
	require.Equal(t, onDisk, files)
	require.Len(t, files, 4)
	require.NoDirExists(t, partial(task.OutputDir))
}

func TestWhatAWorkerMayNotLeaveIsRefusedWhole(t *testing.T) {
	for name, leave := range map[string]func(dir string) error{
		"a link to a file":        func(dir string) error { return os.Symlink("../../secret", filepath.Join(dir, "x")) },
		"a link to a folder":      func(dir string) error { return os.Symlink("/etc", filepath.Join(dir, "x")) },
		"a link to nothing":       func(dir string) error { return os.Symlink("nowhere", filepath.Join(dir, "x")) },
		"a link in a folder":      func(dir string) error { _ = put(dir, "a/b", "1"); return os.Symlink("b", filepath.Join(dir, "a", "x")) },
		"a named pipe":            func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "x"), 0o600) },
		"one byte too much":       func(dir string) error { return put(dir, "x", "12345678901") },
		"too much together":       func(dir string) error { _ = put(dir, "x", "123456"); return put(dir, "y", "123456") },
		"a stream too long":       func(dir string) error { return put(dir, "stdout", "fives") },
		"a sparse giant":          func(dir string) error { _ = put(dir, "x", ""); return os.Truncate(filepath.Join(dir, "x"), 1<<40) },
		"a name of no manifest":   func(dir string) error { return put(dir, "a\nb", "") },
		"a name that is no UTF-8": func(dir string) error { return put(dir, "a\xff", "") },
		"a backslash":             func(dir string) error { return put(dir, `a\b`, "") },
		"many files": func(dir string) (err error) {
			for n := range 6 {
				err = put(dir, fmt.Sprint(n), "")
			}
			return err
		},
		"many folders": func(dir string) (err error) {
			for n := range 6 {
				err = os.Mkdir(filepath.Join(dir, fmt.Sprint(n)), 0o700)
			}
			return err
		},
		"deep folders": func(dir string) error { return os.MkdirAll(filepath.Join(dir, strings.Repeat("d/", 20)), 0o700) },
		"a file in the place of the folder": func(dir string) error {
			_ = os.Remove(dir)
			return os.WriteFile(dir, nil, 0o600)
		},
		"a link in the place of the folder": func(dir string) error {
			_ = os.Remove(dir)
			return os.Symlink("/etc", dir)
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, task, err := left(t, true, leave)
			require.ErrorIs(t, err, errOutputs)
			require.NoDirExists(t, task.OutputDir)
			require.NoDirExists(t, partial(task.OutputDir))
		})
	}
}

func TestAProgramThatDidNotExitLeavesItsStreamsOnly(t *testing.T) {
	files, _, err := left(t, false, func(dir string) error { return put(dir, "stderr", "oh") })
	require.NoError(t, err)
	require.Len(t, files, 1)
	_, _, err = left(t, false, func(dir string) error { return put(dir, "a", "1") })
	require.ErrorIs(t, err, errOutputs)
	_, _, err = left(t, false, func(dir string) error { return put(dir, "a/stdout", "1") })
	require.ErrorIs(t, err, errOutputs)
}
