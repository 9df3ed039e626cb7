package agent

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/store"
)

// TestAWholeDrainWaitsForWhatIsSuspended: nothing that has begun is lost to another version.
func TestAWholeDrainWaitsForWhatIsSuspended(t *testing.T) {
	w, suspended := owned(t)
	w.engine.hold = make(chan struct{})
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, err := New(w.config)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- a.Run(context.Background()) }()
	w.untilPhase(task, store.PhaseRunning)
	suspended.Store(true)
	w.untilSuspended(a, true)
	a.DrainWhole()
	require.Eventually(t, func() bool { return a.Status().Mode == Draining }, patience, time.Millisecond)
	w.untilBlocks(10)
	require.Empty(t, done)
	suspended.Store(false)
	close(w.engine.hold)
	require.NoError(t, <-done)
	require.Contains(t, []store.Phase{store.PhaseRevealed, store.PhaseSettled}, w.record(task).Phase)
	require.Equal(t, 1, w.engine.executions(), "it went on where it was")
}

// TestAWholeDrainLetsAChunkRunToItsEnd.
func TestAWholeDrainLetsAChunkRunToItsEnd(t *testing.T) {
	w, chunk, a, done := heldChunk(t, 6, 2)
	a.DrainWhole()
	require.Eventually(t, func() bool { return a.Status().Mode == Draining }, patience, time.Millisecond)
	w.untilBlocks(5)
	close(w.engine.hold)
	require.NoError(t, <-done)
	require.Equal(t, 6, w.engine.executions())
	w.requireRevealed(chunk, 6)
}

// TestADrainEndsAChunkWithWhatItHas: it does not wait for the task that runs. It overrides a whole drain.
func TestADrainEndsAChunkWithWhatItHas(t *testing.T) {
	w, chunk, a, done := heldChunk(t, 6, 1)
	a.DrainWhole()
	require.Eventually(t, func() bool { return a.Status().Mode == Draining }, patience, time.Millisecond)
	a.Drain()
	require.NoError(t, <-done)
	require.Equal(t, 3, w.engine.executions(), "no other task has begun")
	w.requireRevealed(chunk, 2)
}

// TestADrainLosesNoTasks: with two auditors, the pay of two tasks does not cover the audit of their samples. The
// chunk goes on until that of its tasks does.
func TestADrainLosesNoTasks(t *testing.T) {
	w, chunk, a, done := heldChunk(t, 12, 2)
	a.Drain()
	require.Eventually(t, func() bool { return a.Status().Mode == Draining }, patience, time.Millisecond)
	w.untilBlocks(5)
	require.Equal(t, store.PhaseRunning, w.record(chunk).Phase)
	require.Equal(t, 3, w.engine.executions())
	close(w.engine.hold)
	require.NoError(t, <-done)
	record := w.requireRevealed(chunk, 8)
	require.Empty(t, record.LastError)
}

// heldChunk starts a node with a chunk of so many tasks, and waits until the third runs. done tells the end of the node.
func heldChunk(t *testing.T, tasks int, auditors uint32) (w *world, chunk *fakeTask, a *Agent, done <-chan error) {
	t.Helper()
	w = newWorld(t)
	w.engine.hold, w.engine.holdFrom = make(chan struct{}), 3
	chunk = w.chain.postChunk(w.web, 1, tasks, func(task *fakeTask) { task.spec.Policy.Auditors = auditors })
	t.Cleanup(w.chain.blocks(2 * time.Millisecond))
	a, err := New(w.config)
	require.NoError(t, err)
	ends := make(chan error, 1)
	go func() { ends <- a.Run(context.Background()) }()
	require.Eventually(t, func() bool { return w.engine.executions() == 3 }, patience, time.Millisecond)
	return w, chunk, a, ends
}

// requireRevealed checks that a chunk was revealed with at least so many tasks.
func (w *world) requireRevealed(chunk *fakeTask, least uint64) store.Assignment {
	w.t.Helper()
	record := w.record(chunk)
	require.Contains(w.t, []store.Phase{store.PhaseRevealed, store.PhaseSettled}, record.Phase, record.LastError)
	require.GreaterOrEqual(w.t, record.Tasks, least)
	return record
}
