//go:build !race

package worker

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor/backend"
)

// TestWhatWasFoundOutBeforeADoubtIsNotKept: the worker process of another program has compared its calls before
// the device was in doubt, and goes on until its task ends.
func TestWhatWasFoundOutBeforeADoubtIsNotKept(t *testing.T) {
	vulkan, dir := lavapipe(t), t.TempDir()
	cfg := onDevice(t, vulkan, 0).cfg
	cfg.Slots = 2
	cfg.Dir = filepath.Join(t.TempDir(), "workers")
	cfg.Tensors.Dir = dir
	e := open(t, cfg)
	e.pool.devices.settle(checkedDevice(t, vulkan), true)
	long := tensorTask(t, multiply(t, 3000))
	long.ID = "long"
	require.NoError(t, e.Start(waiting(t), long))
	before := devicesOf(t, e)
	require.Len(t, before, 1)
	// The process of another program says so.
	e.pool.devices.doubt(&attached{device: backend.Device{Backend: backend.CPU}})
	_, err := e.Wait(waiting(t), long.ID)
	require.NoError(t, err)
	require.NoError(t, e.Destroy(long.ID))
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	require.NoError(t, err)
	require.Empty(t, files)
	require.Eventually(t, func() bool { return gone(before[0]) }, patience, time.Millisecond, "the next task has a process that was opened after the doubt")
	_, err = run(t, e, tensorTask(t, multiply(t, 3)))
	require.NoError(t, err)
	files, err = filepath.Glob(filepath.Join(dir, "*", "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
}
