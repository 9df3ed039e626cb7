package agent

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/store"
)

// TestAProgramThatHadToLeaveTheMemoryBeginsAgain: the owner came back, and the tensors did not fit on the
// disk. Neither the machine nor the program has failed, however often that happens.
func TestAProgramThatHadToLeaveTheMemoryBeginsAgain(t *testing.T) {
	w, _ := owned(t)
	task := w.chain.post(w.web, 1)
	w.engine.kills = map[string]bool{task.ref.JobId: true}
	w.engine.killsWith = fmt.Errorf("%w, because programs are suspended: the disk is full", executor.ErrEvicted)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return w.engine.executions() > 2*maxExecutions }, patience, time.Millisecond)
	require.Zero(t, w.record(task).Tries)
	w.engine.read(func(e *fakeExecutor) bool {
		e.kills = nil
		return true
	})
	w.untilPhase(task, store.PhaseSettled)
	require.Empty(t, a.Status().LastError)
	w.chain.read(func() { require.Empty(t, task.slashed()) })
}
