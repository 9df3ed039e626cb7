package soak

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAWorkerIsFoundByItsFolderUntilItEnds(t *testing.T) {
	t.Parallel()
	home, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	folder := filepath.Join(home, "workers", "wasm", "1")
	require.NoError(t, os.MkdirAll(folder, 0o700))
	require.Empty(t, workersBelow(home))
	process := exec.CommandContext(t.Context(), "sleep", "600")
	process.Dir = folder
	require.NoError(t, process.Start())
	require.NoError(t, os.RemoveAll(filepath.Join(home, "workers")), "a folder that is gone hides no process")
	found := workersBelow(home)
	require.Len(t, found, 1)
	require.Equal(t, process.Process.Pid, found[0].pid)
	require.True(t, found[0].alive())
	require.NoError(t, process.Process.Kill())
	require.Eventually(t, func() bool { return !found[0].alive() }, 20*time.Second, 10*time.Millisecond, "a process that its parent has not noticed yet has ended")
	_ = process.Wait()
	require.Empty(t, workersBelow(home))
}
