//go:build !race

package worker

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/tensor/backend"
)

// swappingOn returns an executor of tensor/1 on a device, whose tensors leave the memory, and a task with large
// tensors that computes for some time.
func swappingOn(t testing.TB, choice string, bytes, times int, s *Swap) (*Executor, executor.Task) {
	t.Helper()
	parsed, err := backend.ParseChoice(choice)
	require.NoError(t, err)
	cfg := config(t)
	cfg.Profile, cfg.MemoryBytes, cfg.StreamBytes, cfg.Swap = "tensor/1", 2<<30, 1<<16, s
	cfg.Tensors = &Tensors{Choice: parsed, Bytes: uint64(2 * bytes)}
	e := open(t, cfg)
	task := taskOf(t, wasmOf(t, swappedBytes(times, bytes)))
	task.Fuel, task.DeviceBytes, task.TraceKeys, task.WallLimit = 1<<50, uint64(2*bytes), []executor.Trace{{1}, {2}}, 10*time.Minute
	return e, task
}

// family returns the memory of all processes of an executor together, in bytes, and whether all are stopped.
func family(t testing.TB, e *Executor) (bytes uint64, still bool) {
	t.Helper()
	still = true
	for _, pid := range childrenOf(t, os.Getpid(), e.cfg.Dir) {
		bytes += residentOf(pid)
		still = still && stopped(pid)
	}
	return bytes, still
}

// TestTheProcessOfADeviceGivesUpItsMemory: the tensors of a device are in the process of its driver, if that
// computes on the processor.
func TestTheProcessOfADeviceGivesUpItsMemory(t *testing.T) {
	const times = 1500
	vulkan := lavapipe(t)
	e, task := swappingOn(t, "cpu", large, times, nil)
	want, err := run(t, e, task)
	require.NoError(t, err)
	require.Equal(t, manifest.ReasonExited, want.Reason, want.Detail)
	e, task = swappingOn(t, vulkan, large, times, &Swap{Bytes: 1 << 30, still: patience, within: patience})
	_, err = e.Device(waiting(t))
	require.NoError(t, err)
	empty, _ := family(t, e)
	require.NoError(t, e.Start(waiting(t), task))
	full := func() bool { now, _ := family(t, e); return now > empty+large }
	for cycle := range 2 {
		require.Eventually(t, full, patience, time.Millisecond, "cycle %d", cycle)
		require.NoError(t, e.Suspend())
		require.Eventually(t, func() bool { now, still := family(t, e); return still && now < empty+large/2 }, patience, time.Millisecond, "cycle %d", cycle)
		require.NoError(t, e.Resume())
	}
	got, err := e.Wait(context.Background(), task.ID)
	require.NoError(t, err)
	require.Equal(t, want.Manifest(), got.Manifest())
	require.Equal(t, want.FuelUsed, got.FuelUsed)
	require.Equal(t, want.Traces, got.Traces)
}

// BenchmarkASuspensionWithTensors measures a suspension of a program with 512 MiB of tensors: the seconds until it
// stands still, until the memory is back, and from the resumption until the tensors are in memory again; and the
// memory of its processes in between.
func BenchmarkASuspensionWithTensors(b *testing.B) {
	const bytes = 512 << 20
	for _, device := range []struct{ name, choice string }{{"processor", "cpu"}, {"lavapipe", lavapipe(b)}} {
		b.Run(device.name, func(b *testing.B) {
			// On a machine that is too slow for the bounds, the figures say so.
			e, task := swappingOn(b, device.choice, bytes, 1<<30, &Swap{Bytes: 2 * bytes, still: patience, within: patience})
			_, err := e.Device(waiting(b))
			require.NoError(b, err)
			require.NoError(b, e.Start(waiting(b), task))
			full := func() bool { now, _ := family(b, e); return now > bytes }
			var still, back, on time.Duration
			var before, after uint64
			for b.Loop() {
				require.Eventually(b, func() bool { return full() || ended(e, task) != nil }, patience, time.Millisecond)
				require.NoError(b, ended(e, task))
				now, _ := family(b, e)
				before = max(before, now)
				asked := time.Now()
				require.NoError(b, e.Suspend())
				still = max(still, time.Since(asked))
				require.Eventually(b, func() bool { now, stand := family(b, e); after = now; return stand && now < bytes/2 }, patience, time.Millisecond)
				back = max(back, time.Since(asked))
				asked = time.Now()
				require.NoError(b, e.Resume())
				require.Eventually(b, func() bool { return full() && e.pool.suspension.quota.used() == 0 }, patience, time.Millisecond)
				on = max(on, time.Since(asked))
			}
			b.ReportMetric(still.Seconds(), "s-still")
			b.ReportMetric(back.Seconds(), "s-back")
			b.ReportMetric(on.Seconds(), "s-on")
			b.ReportMetric(float64(before>>20), "MiB-before")
			b.ReportMetric(float64(after>>20), "MiB-after")
			require.NoError(b, e.Stop(task.ID))
		})
	}
}

// ended returns why a task has ended, or nil while it runs.
func ended(e *Executor, task executor.Task) error {
	x, err := e.execution(task.ID)
	if err != nil {
		return err
	}
	select {
	case <-x.done:
		return x.err
	default:
		return nil
	}
}
