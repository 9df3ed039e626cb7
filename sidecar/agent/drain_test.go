package agent

import (
	"context"
	"fmt"
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

// TestAWholeDrainLetsAChunkRunToItsEndAndAnOrdinaryOneEndsIt.
func TestAWholeDrainLetsAChunkRunToItsEndAndAnOrdinaryOneEndsIt(t *testing.T) {
	for _, ordinary := range []bool{false, true} {
		t.Run(fmt.Sprintf("ordinary=%v", ordinary), func(t *testing.T) {
			w := newWorld(t)
			w.engine.hold, w.engine.holdFrom = make(chan struct{}), 3
			chunk := w.chain.postChunk(w.web, 1, 6)
			defer w.chain.blocks(2 * time.Millisecond)()
			a, err := New(w.config)
			require.NoError(t, err)
			done := make(chan error, 1)
			go func() { done <- a.Run(context.Background()) }()
			require.Eventually(t, func() bool { return w.engine.executions() == 3 }, patience, time.Millisecond)
			a.DrainWhole()
			require.Eventually(t, func() bool { return a.Status().Mode == Draining }, patience, time.Millisecond)
			w.untilBlocks(5)
			if ordinary {
				a.Drain()
				w.untilBlocks(5)
			}
			close(w.engine.hold)
			require.NoError(t, <-done)
			if ordinary {
				require.Less(t, w.engine.executions(), 6)
				return
			}
			require.Equal(t, 6, w.engine.executions())
			require.Contains(t, []store.Phase{store.PhaseRevealed, store.PhaseSettled}, w.record(chunk).Phase)
		})
	}
}
