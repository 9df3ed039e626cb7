package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/tensor"
)

// large is the memory of the tensors of swapped, in bytes.
const large = 48 << 20

// swapped is a program with a large tensor that only the device fills. It multiplies matrices some times, and
// prints a part of their product and of the large tensor.
func swapped(times int) string { return swappedBytes(times, large) }

func swappedBytes(times, large int) string {
	at := func(handle tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: handle} }
	records := tensor.Encode(
		&tensor.Fill{Out: at(3), Count: uint32(large) / 4, Value: 77},
		&tensor.Gemm{A: at(1), W: at(1), Out: at(2), Batch: 1, M: 256, N: 256, K: 256},
		&tensor.Binary{A: at(2), B: tensor.Operand{Tensor: 3, Offset: uint64(large)/4 - 65536}, Out: tensor.Operand{Tensor: 3, Offset: uint64(large)/4 - 65536}, Rows: 1, Cols: 65536, Kind: tensor.Plus},
	)
	return fmt.Sprintf(`(module %s
		(import "theta_tensor_1" "alloc" (func $alloc (param i32 i64) (result i32)))
		(import "theta_tensor_1" "write" (func $write (param i32 i64 i32 i32)))
		(import "theta_tensor_1" "read" (func $read (param i32 i64 i32 i32)))
		(import "theta_tensor_1" "submit" (func $submit (param i32 i32)))
		(memory (export "memory") 2) (data (i32.const 1024) "%s")
		(func (export "_start") (local $n i32)
			(drop (call $alloc (i32.const 2) (i64.const 65536))) (drop (call $alloc (i32.const 4) (i64.const 65536)))
			(drop (call $alloc (i32.const 4) (i64.const %d)))
			(call $write (i32.const 1) (i64.const 0) (i32.const 1024) (i32.const 65536))
			(call $submit (i32.const 1024) (i32.const 1))
			(loop $l
				(call $submit (i32.const 1184) (i32.const 2))
				(br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const %d))))
			(call $read (i32.const 3) (i64.const %d) (i32.const 16) (i32.const 8)) %s))`, writes, escaped(records), large/4, times, large-1024, printed)
}

// swapping returns an executor of tensor/1 whose tensors leave the memory, on a loaded machine too, and a task.
func swapping(t *testing.T, change func(*Config), text string) (*Executor, executor.Task) {
	t.Helper()
	cfg := config(t)
	cfg.Profile, cfg.MemoryBytes = tensors.Profile, 1<<30
	cfg.Swap = &Swap{Bytes: 1 << 30, still: patience, within: patience}
	change(&cfg)
	task := taskOf(t, wasmOf(t, text))
	task.Fuel, task.DeviceBytes, task.TraceKeys = 1<<50, 2*large, []executor.Trace{{1}, {2}}
	return open(t, cfg), task
}

func unchanged(*Config) {}

// begin starts a task and waits until its tensors are in the memory of its process.
func begin(t *testing.T, e *Executor, task executor.Task) (pid int) {
	t.Helper()
	before := childrenOf(t, os.Getpid(), e.cfg.Dir)
	require.NoError(t, e.Start(waiting(t), task))
	for _, child := range childrenOf(t, os.Getpid(), e.cfg.Dir) {
		pid = child
		for _, other := range before {
			if other == child {
				pid = 0
			}
		}
		if pid != 0 {
			break
		}
	}
	require.NotZero(t, pid)
	require.Eventually(t, func() bool { return residentOf(pid) > large }, patience, time.Millisecond)
	return pid
}

// residentOf returns the anonymous memory of a process, in bytes.
func residentOf(pid int) uint64 {
	now, _ := usageOf(pid, nil)
	return now.memory
}

// stopped reports whether a process has been stopped.
func stopped(pid int) bool { return (&part{pid: pid, cage: &cage{}}).frozen() }

const forever = 1 << 30

// TestSuspensionsAtAnyMomentChangeNoResult: a resumption may come while tensors leave the memory, and a suspension
// while they come back.
func TestSuspensionsAtAnyMomentChangeNoResult(t *testing.T) {
	times := 1 << 11
	if testing.Short() {
		times = 1 << 8
	}
	e, task := swapping(t, func(c *Config) { c.Swap = nil }, swapped(times))
	want, err := run(t, e, task)
	require.NoError(t, err)
	e, task = swapping(t, unchanged, swapped(times))
	begin(t, e, task)
	for moment := range 24 {
		// On a busy machine, a process that is idle after its task may stop late.
		if err := e.Suspend(); !errors.Is(err, errRunsOn) {
			require.NoError(t, err)
		}
		time.Sleep(time.Duration(moment*7%50) * time.Millisecond)
		require.NoError(t, e.Resume())
		time.Sleep(time.Duration(moment*11%50) * time.Millisecond)
	}
	got, err := e.Wait(waiting(t), task.ID)
	require.NoError(t, err)
	require.Equal(t, want.Manifest(), got.Manifest())
	require.Equal(t, want.FuelUsed, got.FuelUsed)
	require.Equal(t, want.Traces, got.Traces)
}

// TestAProgramThatDoesNotStandStillIsStopped: it may be in the middle of a long operation. The memory of its
// tensors is then given back by its end.
func TestAProgramThatDoesNotStandStillIsStopped(t *testing.T) {
	e, task := swapping(t, func(c *Config) { c.Swap.still, c.Swap.within = time.Microsecond, 50*time.Millisecond }, swapped(forever))
	begin(t, e, task)
	// On a busy machine, the program may be faster than the clock.
	require.Eventually(t, func() bool {
		require.NoError(t, e.Suspend())
		defer func() { require.NoError(t, e.Resume()) }()
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()
		_, err := e.Wait(ctx, task.ID)
		return errors.Is(err, executor.ErrEvicted)
	}, patience, time.Millisecond)
}

// TestAWorkerThatIsKilledAtAnyMomentOfASwapIsOnlyGone: the quota is free, and further tasks run.
func TestAWorkerThatIsKilledAtAnyMomentOfASwapIsOnlyGone(t *testing.T) {
	e, task := swapping(t, unchanged, swapped(forever))
	for moment := range 12 {
		pid := begin(t, e, task)
		require.NoError(t, e.Suspend())
		resumed := moment%2 == 1
		time.Sleep(time.Duration(moment) * 8 * time.Millisecond)
		if resumed {
			require.NoError(t, e.Resume())
			time.Sleep(time.Duration(moment) * 3 * time.Millisecond)
		}
		process, err := os.FindProcess(pid)
		require.NoError(t, err)
		require.NoError(t, process.Kill())
		_, err = e.Wait(waiting(t), task.ID)
		require.ErrorIs(t, err, executor.ErrWorkerDied)
		require.Zero(t, e.pool.suspension.quota.used())
		require.NoError(t, e.Destroy(task.ID))
		require.NoError(t, os.RemoveAll(task.OutputDir))
		require.NoError(t, e.Resume())
	}
}

// TestAProcessThatHasEndedTakesNothing: its report may be read after its end, when no call gives back what it took.
func TestAProcessThatHasEndedTakesNothing(t *testing.T) {
	q := newQuota(&Swap{Bytes: 100}, t.TempDir())
	ended, other := &process{quota: q}, &process{quota: q}
	require.NoError(t, q.take(ended, 60))
	require.Error(t, q.take(other, 60), "two programs share what the owner allows")
	q.leave(ended)
	require.ErrorIs(t, q.take(ended, 60), errLeft)
	require.Zero(t, q.used())
	require.NoError(t, q.take(other, 100))
}
