package agent

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/store"
)

// owned returns a world whose owner can suspend it.
func owned(t *testing.T) (*world, *atomic.Bool) {
	t.Helper()
	w := newWorld(t)
	suspended := &atomic.Bool{}
	w.config.Paused, w.config.Suspended = suspended.Load, suspended.Load
	return w, suspended
}

// untilSuspended waits until the programs are suspended, or are not any more.
func (w *world) untilSuspended(a *Agent, want bool) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		return w.engine.read(func(e *fakeExecutor) bool { return e.suspended == want }) && (a.Status().Mode == Suspended) == want
	}, patience, time.Millisecond)
}

// untilBlocks waits for a number of blocks.
func (w *world) untilBlocks(n int64) {
	w.t.Helper()
	var from int64
	w.chain.read(func() { from = w.chain.height })
	w.until("some blocks", func() bool { return w.chain.height >= from+n })
}

func TestASuspendedNodeTakesNoWorkAndGoesOnLater(t *testing.T) {
	w, suspended := owned(t)
	w.engine.hold = make(chan struct{})
	first := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(first, store.PhaseRunning)
	require.Eventually(t, func() bool {
		return a.Status().Progress[keyOf(first.ref)] == executor.Progress{FuelUsed: 3, Fuel: 9}
	}, patience, time.Millisecond)

	suspended.Store(true)
	w.untilSuspended(a, true)
	second := w.chain.post(w.web, 2)
	w.untilBlocks(20)
	require.Equal(t, store.PhaseRunning, w.record(first).Phase)
	w.chain.read(func() { require.Nil(t, w.chain.part(second)) })
	require.Equal(t, 1, w.engine.executions())

	suspended.Store(false)
	w.untilSuspended(a, false)
	close(w.engine.hold)
	require.Equal(t, "paid", w.untilPhase(first, store.PhaseSettled).Verdict.Status)
	require.Empty(t, a.Status().Progress[keyOf(first.ref)])
}

// TestASuspendedNodeGivesBackWhatHasNotBegun: within the prepare window, that is free.
func TestASuspendedNodeGivesBackWhatHasNotBegun(t *testing.T) {
	w, suspended := owned(t)
	suspended.Store(true)
	task := w.chain.post(w.web, 1, func(task *fakeTask) { task.spec.PrepareBlocks = 200 })
	w.chain.claimed(task)
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilGivenBack(task)
	require.Zero(t, w.engine.executions())
	w.chain.read(func() {
		require.NotNil(t, task.released)
		require.False(t, task.released.InputUnavailable)
	})
}

// TestASuspendedProgramIsEndedOnceItsDeadlineHasPassed: it has no place any more, and its node pays
// for the missed deadline as for a program that was too slow, if it has no yields left.
func TestASuspendedProgramIsEndedOnceItsDeadlineHasPassed(t *testing.T) {
	w, suspended := owned(t)
	w.chain.maxYields = 0
	w.engine.hold = make(chan struct{})
	task := w.chain.post(w.web, 1, func(task *fakeTask) { task.spec.PrepareBlocks, task.spec.CommitBlocks = 0, 400 })
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseRunning)
	suspended.Store(true)
	w.untilSuspended(a, true)
	record := w.untilPhase(task, store.PhaseSettled)
	require.Equal(t, "missed", record.Verdict.Status)
	require.Eventually(t, func() bool {
		return a.Status().Running == 0 && w.engine.read(func(e *fakeExecutor) bool { return len(e.tasks) == 0 })
	}, patience, time.Millisecond)
}

func TestADrainDoesNotWaitForWhatIsSuspended(t *testing.T) {
	w, suspended := owned(t)
	w.engine.hold = make(chan struct{})
	task := w.chain.post(w.web, 1, func(task *fakeTask) { task.spec.PrepareBlocks, task.spec.CommitBlocks = 0, 400 })
	defer w.chain.blocks(2 * time.Millisecond)()
	a, err := New(w.config)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- a.Run(context.Background()) }()
	w.untilPhase(task, store.PhaseRunning)
	suspended.Store(true)
	w.untilSuspended(a, true)
	a.Drain()
	require.NoError(t, <-done)
	record := w.record(task)
	require.Equal(t, store.PhasePreparing, record.Phase, "the next start executes it again")
	require.Zero(t, record.Crashes)
}

// TestADaemonThatDiesDuringASuspensionDoesNotBlameTheProgram: the machine may have been switched off.
func TestADaemonThatDiesDuringASuspensionDoesNotBlameTheProgram(t *testing.T) {
	w, suspended := owned(t)
	suspended.Store(true)
	task := w.chain.post(w.web, 1)
	w.assigned(task, maxCrashes-1)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilSuspended(a, true)
	record := w.untilPhase(task, store.PhasePreparing)
	require.EqualValues(t, maxCrashes-1, record.Crashes)
	suspended.Store(false)
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	require.Equal(t, 1, w.engine.executions())
}

func TestASuspensionThatFailsIsShownAndTriedAgain(t *testing.T) {
	w, suspended := owned(t)
	w.engine.stiff = []error{errors.New("a process does not stop"), errors.New("a process does not stop"), nil}
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return a.Status().Mode == Working }, patience, time.Millisecond)
	suspended.Store(true)
	w.untilSuspended(a, true)
	require.Eventually(t, func() bool { return w.engine.read(func(e *fakeExecutor) bool { return e.suspensions == 3 }) }, patience, time.Millisecond)
	require.Contains(t, a.Status().LastError, "a process does not stop")
	suspended.Store(false)
	w.untilSuspended(a, false)
}

// TestASuspendedChunkGoesOnWhereItWas: a pause ends a chunk with the tasks that have a result, and a
// suspension does not.
func TestASuspendedChunkGoesOnWhereItWas(t *testing.T) {
	w, suspended := owned(t)
	w.engine.hold, w.engine.holdFrom = make(chan struct{}), 4
	chunk := w.chain.postChunk(w.web, 1, 8)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return w.engine.executions() == 4 }, patience, time.Millisecond)
	suspended.Store(true)
	w.untilSuspended(a, true)
	w.untilBlocks(20)
	require.Equal(t, Chunk{Tasks: 8, Done: 3}, a.Status().Chunks[keyOf(chunk.ref)])
	require.Equal(t, uint64(3), a.Status().Progress[keyOf(chunk.ref)].FuelUsed)
	suspended.Store(false)
	w.untilSuspended(a, false)
	close(w.engine.hold)
	record := w.untilPhase(chunk, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status, record.LastError)
	require.Equal(t, uint64(8), record.Tasks)
	require.Equal(t, 8, w.engine.executions(), "each task once")
}
