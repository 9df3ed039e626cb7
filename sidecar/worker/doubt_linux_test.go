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
	"github.com/thetaedge/theta/tensor/backend"
)

// TestATaskThatWaitsForTheChoiceOfADeviceCanBeStopped: a suspension may come while the device is being chosen, and last.
func TestATaskThatWaitsForTheChoiceOfADeviceCanBeStopped(t *testing.T) {
	e := onDevice(t, "cpu", 0)
	e.pool.devices.choosing <- struct{}{}
	defer func() { <-e.pool.devices.choosing }()
	task := tensorTask(t, multiply(t, 1))
	began := make(chan error, 1)
	go func() { began <- e.Start(waiting(t), task) }()
	require.Eventually(t, func() bool { return e.Stop(task.ID) == nil }, patience, time.Millisecond)
	require.ErrorIs(t, <-began, executor.ErrStopped)
}

// TestWeightsThatAreKeptFitIntoTheDevice: the memory of the machine may be larger than that of its card.
func TestWeightsThatAreKeptFitIntoTheDevice(t *testing.T) {
	c := &Config{Slots: 2, KeepBytes: 96 << 30, Tensors: &Tensors{Bytes: 96 << 30}}
	for memory, want := range map[uint64]uint64{0: 96 << 30, 24 << 30: (24 << 30) / 100 * 45, 400 << 30: 96 << 30} {
		own, _ := c.withDevice(&attached{device: backend.Device{Backend: backend.Vulkan, MemoryBytes: memory}})
		require.InDelta(t, float64(want), float64(own.KeepBytes), 100)
	}
}

// TestManyTasksOnADeviceLeaveNothing counts descriptors, processes and folders.
func TestManyTasksOnADeviceLeaveNothing(t *testing.T) {
	e := onFaulty(t, "none")
	e.cfg.MaxTasks = 10 // a process of a worker and one of its device for ten tasks each
	program := multiply(t, 1)
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		return len(entries)
	}
	count := 0
	for i := range 100 {
		task := tensorTask(t, program)
		_, err := run(t, e, task)
		require.NoError(t, err)
		require.NoError(t, os.RemoveAll(task.OutputDir))
		if i == 14 {
			count = open()
		}
	}
	require.Eventually(t, func() bool {
		folders, err := os.ReadDir(e.cfg.Dir)
		return err == nil && len(folders) <= 2 && len(childrenOf(t, os.Getpid(), e.cfg.Dir)) <= 2 && open() <= count+2
	}, patience, 10*time.Millisecond)
}

// TestSuspensionsAtAnyMomentEndNoTaskAndLeaveNothing suspends and resumes while tasks on a device begin, run, are
// stopped, and lose their device.
func TestSuspensionsAtAnyMomentEndNoTaskAndLeaveNothing(t *testing.T) {
	cfg := onFaulty(t, "none").cfg
	cfg.Dir, cfg.Slots, cfg.MaxTasks = filepath.Join(t.TempDir(), "workers"), 2, 3
	e := open(t, cfg)
	e.pool.devices.settle(Device{Device: backend.Device{Backend: backend.Vulkan, UUID: faultPrefix + "none"}}, true)
	over, toggled := make(chan struct{}), make(chan error, 1)
	go func() {
		var err error
		for i := 0; ; i++ {
			select {
			case <-over:
				toggled <- err
				return
			case <-time.After(time.Duration(i%7) * 3 * time.Millisecond):
				// A process that does not stop in time on a busy machine is told again by the next turn.
				if failed := e.Suspend(); !errors.Is(failed, errRunsOn) {
					err = errors.Join(err, failed)
				}
			}
			time.Sleep(time.Duration(i%5) * 3 * time.Millisecond)
			err = errors.Join(err, e.Resume())
		}
	}()
	quick, endlessly := multiply(t, 20), multiply(t, endless)
	for i := range 40 {
		task := tensorTask(t, quick)
		switch i % 4 {
		case 0, 1:
			_, err := run(t, e, task)
			require.NoError(t, err, i)
		case 2: // it is stopped
			task.ProgramPath = endlessly
			require.NoError(t, e.Start(waiting(t), task))
			require.NoError(t, e.Destroy(task.ID))
		case 3: // its device ends
			task.ProgramPath = endlessly
			require.NoError(t, e.Start(waiting(t), task))
			for _, pid := range devicesOf(t, e) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
			_, err := e.Wait(waiting(t), task.ID)
			require.ErrorIs(t, err, executor.ErrDevice)
			require.NoError(t, e.Destroy(task.ID))
		}
	}
	close(over)
	require.NoError(t, <-toggled)
	require.NoError(t, e.Close())
	require.Eventually(t, func() bool { return len(childrenOf(t, os.Getpid(), e.cfg.Dir)) == 0 }, patience, 10*time.Millisecond)
}
