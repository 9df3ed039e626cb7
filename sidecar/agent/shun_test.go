package agent

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/store"
)

// errDied is an error as it is returned when a worker process ends.
var errDied = fmt.Errorf("%w: it ended with signal: segmentation fault", executor.ErrWorkerDied)

func TestAProgramThatEndsItsWorkerIsGivenBackAndNeverCommitted(t *testing.T) {
	w := newWorld(t)
	killer, other := w.chain.post(w.web, 1), w.chain.post(w.web, 2)
	w.chain.read(func() { killer.requester = "theta1killer" })
	w.engine.kills = map[string]bool{killer.ref.JobId: true}
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	record := w.untilGivenBack(killer)
	require.Empty(t, record.Commitment)
	require.False(t, killer.released.InputUnavailable)
	require.Equal(t, "paid", w.untilPhase(other, store.PhaseSettled).Verdict.Status, "another's program goes on")
	require.Contains(t, a.Status().LastError+record.LastError, "segmentation fault")
	shuns, err := w.journal.Shuns()
	require.NoError(t, err)
	require.Len(t, shuns, 2)
	for _, s := range shuns {
		require.Equal(t, uint32(1), s.Times)
		require.Contains(t, s.Reason, "segmentation fault")
	}
}

// TestWhatHasEndedAWorkerIsShunnedByProgramAndRequesterOverRestarts: another job, another
// account or a restart does not make the node run the same program. The node does not run any
// other program of the same requester either.
func TestWhatHasEndedAWorkerIsShunnedByProgramAndRequesterOverRestarts(t *testing.T) {
	w := newWorld(t)
	killer := w.chain.post(w.web, 1)
	w.chain.read(func() { killer.requester = "theta1killer" })
	w.engine.kills = map[string]bool{killer.ref.JobId: true}
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	w.untilGivenBack(killer)
	stop()
	w.config.Registry = nil

	again, sibling, other := w.chain.post(w.web, 2), w.chain.post(w.web, 3), w.chain.post(w.web, 4)
	w.chain.read(func() {
		again.spec.Program = killer.spec.Program
		again.requester, sibling.requester = "theta1other", "theta1killer"
	})
	a, stop := w.run()
	defer stop()
	require.Equal(t, "paid", w.untilPhase(other, store.PhaseSettled).Verdict.Status)
	require.Eventually(t, func() bool { return len(a.Status().Passed) >= 2 }, patience, time.Millisecond)
	w.chain.read(func() {
		require.False(t, w.chain.holds(again))
		require.False(t, w.chain.holds(sibling))
	})
	for _, passed := range a.Status().Passed {
		require.Contains(t, passed.Reason, "has ended a worker or failed a device of this machine")
	}
}

// errDevice is an error as it is returned when numbers of a device are in doubt.
var errDevice = fmt.Errorf("%w: a product differs from its checksum", executor.ErrDevice)

// TestAProgramOnWhichTheDeviceFailsIsLeftToOtherMachines: a requester may know a shape on which a
// driver is wrong. A second job with it must not cost the node a second task.
func TestAProgramOnWhichTheDeviceFailsIsLeftToOtherMachines(t *testing.T) {
	w := newWorld(t)
	breaker := w.chain.post(w.web, 1)
	w.chain.read(func() { breaker.requester = "theta1breaker" })
	w.engine.kills, w.engine.killsWith = map[string]bool{breaker.ref.JobId: true}, errDevice
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	record := w.untilGivenBack(breaker)
	require.Empty(t, record.Commitment)
	require.Equal(t, maxExecutions, w.engine.executions(), "the device may lack memory for a moment")
	shuns, err := w.journal.Shuns()
	require.NoError(t, err)
	require.Len(t, shuns, 2, "program and requester")
	for _, s := range shuns {
		require.Equal(t, uint32(1), s.Times)
		require.Contains(t, s.Reason, "a product differs from its checksum")
	}

	again, other := w.chain.post(w.web, 2), w.chain.post(w.web, 3)
	w.chain.read(func() { again.spec.Program, again.requester = breaker.spec.Program, "theta1other" })
	require.Equal(t, "paid", w.untilPhase(other, store.PhaseSettled).Verdict.Status)
	require.Eventually(t, func() bool { return len(a.Status().Passed) > 0 }, patience, time.Millisecond)
	w.chain.read(func() { require.False(t, w.chain.holds(again)) })
}

// TestADeviceThatFailsForAMomentShunsNothing: the next execution has a result.
func TestADeviceThatFailsForAMomentShunsNothing(t *testing.T) {
	w := newWorld(t)
	w.engine.runs = func(n int) error {
		if n < maxExecutions {
			return errDevice
		}
		return nil
	}
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	shuns, err := w.journal.Shuns()
	require.NoError(t, err)
	require.Empty(t, shuns)
}

func TestAProgramThatEndsItsWorkerAfterThePrepareWindowIsTriedAFewTimes(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1)
	w.chain.read(func() { task.spec.PrepareBlocks, task.spec.CommitBlocks = 0, 80 })
	w.engine.kills = map[string]bool{task.ref.JobId: true}
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	require.Equal(t, "missed", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	require.Equal(t, maxExecutions, w.engine.executions())
}

func TestAnExecutorThatDoesNotWorkClaimsNothing(t *testing.T) {
	w := newWorld(t)
	w.engine.unhealthy = "its binary is gone"
	w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return len(a.Status().Passed) > 0 }, patience, time.Millisecond)
	require.Contains(t, a.Status().Passed[0].Reason, "its binary is gone")
	w.chain.read(func() { require.Zero(t, w.chain.claims) })
}
