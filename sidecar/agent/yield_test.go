package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// lateWindow and lateFuel make a program late 200 blocks after its node was drawn, and leave many
// blocks until its deadline.
const (
	lateRate, lateFuel = 10, 100_000
	lateWindow         = lateFuel/lateRate + 200
)

// slow makes the program of a task late soon after it was assigned.
func slow(task *fakeTask) {
	task.spec.Resources.Fuel, task.spec.PrepareBlocks, task.spec.CommitBlocks = lateFuel, 0, lateWindow
}

// lateWorld returns a world whose owner can suspend it, and whose machine has a rate.
func lateWorld(t *testing.T) (*world, *atomic.Bool) {
	t.Helper()
	w, suspended := owned(t)
	w.config.Policy = bid.Policy{MaxJobs: 4, FuelPerBlock: lateRate}
	return w, suspended
}

// requireYielded requires that a task was yielded long before its deadline, once.
func (w *world) requireYielded(task *fakeTask, record store.Assignment) {
	w.t.Helper()
	require.Equal(w.t, "yielded", record.Verdict.Status)
	require.Equal(w.t, missedFault, record.Verdict.Slashed)
	require.Empty(w.t, record.Verdict.Paid)
	require.Less(w.t, record.Verdict.Height, record.Deadlines.Commit-lateWindow/2)
	if w.chain.refuse != chain.Release { // else the refusal of a release may come last
		require.Contains(w.t, record.LastError, "programs are suspended")
	}
	w.chain.read(func() {
		require.Equal(w.t, uint32(1), w.chain.yields.Yields)
		require.Empty(w.t, task.commitments)
		require.Equal(w.t, computetypes.ASSIGNMENT_STATUS_YIELDED, task.record.Departed[0].Status)
	})
}

// says returns once the status contains a text about what an assignment waits for.
func (w *world) says(a *Agent, t *fakeTask, what string) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		return strings.Contains(a.Status().Waits[keyOf(t.ref)], what)
	}, patience, time.Millisecond, "expected %q", what)
}

func TestASuspendedProgramThatIsLateIsYielded(t *testing.T) {
	w, suspended := lateWorld(t)
	w.engine.hold = make(chan struct{})
	task := w.chain.post(w.web, 1, slow)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseRunning)
	suspended.Store(true)
	w.requireYielded(task, w.untilPhase(task, store.PhaseSettled))
	require.Eventually(t, func() bool {
		return a.Status().Running == 0 && w.engine.read(func(e *fakeExecutor) bool { return len(e.tasks) == 0 })
	}, patience, time.Millisecond, "the program has ended")
	require.Equal(t, 1, w.engine.executions())
}

// TestWhatIsLateInThePrepareWindowIsGivenBack: that is free.
func TestWhatIsLateInThePrepareWindowIsGivenBack(t *testing.T) {
	w, suspended := lateWorld(t)
	w.engine.hold = make(chan struct{})
	task := w.chain.post(w.web, 1, slow, func(task *fakeTask) { task.spec.PrepareBlocks = lateWindow / 2 })
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseRunning)
	suspended.Store(true)
	w.untilGivenBack(task)
	w.chain.read(func() { require.Zero(t, w.chain.yields.Yields) })
}

// TestANodeWithoutYieldsWaitsForItsOwner: its program may need less than it may use.
func TestANodeWithoutYieldsWaitsForItsOwner(t *testing.T) {
	w, suspended := lateWorld(t)
	w.chain.maxYields = 0
	w.engine.hold = make(chan struct{})
	task := w.chain.post(w.web, 1, slow)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseRunning)
	suspended.Store(true)
	w.says(a, task, "no yields left today")
	require.Equal(t, store.PhaseRunning, w.record(task).Phase)
	suspended.Store(false)
	w.untilSuspended(a, false)
	close(w.engine.hold)
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
}

// TestTheNodeYieldsNoMoreThanIsLeft: the last yield is that of one of two tasks.
func TestTheNodeYieldsNoMoreThanIsLeft(t *testing.T) {
	w, suspended := lateWorld(t)
	w.chain.maxYields = 1
	w.engine.hold = make(chan struct{})
	longer := func(task *fakeTask) { task.spec.CommitBlocks += lateFuel / lateRate } // both fit
	tasks := []*fakeTask{w.chain.post(w.web, 1, slow, longer), w.chain.post(w.web, 2, slow, longer)}
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	for _, task := range tasks {
		w.untilPhase(task, store.PhaseRunning)
	}
	w.chain.read(func() { w.chain.height += lateFuel / lateRate })
	suspended.Store(true)
	yielded := func() (n int) {
		for _, task := range tasks {
			if r := w.record(task); r.Phase == store.PhaseSettled && r.Verdict.Status == "yielded" {
				n++
			}
		}
		return n
	}
	require.Eventually(t, func() bool { return yielded() == 1 }, patience, time.Millisecond)
	for range 10 {
		w.untilBlocks(30) // so many that a slow machine needs more than one patience
	}
	require.Equal(t, 1, yielded())
	for _, task := range tasks {
		if w.record(task).Phase != store.PhaseSettled {
			w.says(a, task, "no yields left today")
		}
	}
}

// TestAYieldThatTheChainRefusesIsRepeatedAndNothingRunsAgain: the yield may be on its way.
func TestAYieldThatTheChainRefusesIsRepeatedAndNothingRunsAgain(t *testing.T) {
	w, suspended := lateWorld(t)
	w.chain.refuse = chain.Yield
	w.engine.hold = make(chan struct{})
	task := w.chain.post(w.web, 1, slow)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseRunning)
	suspended.Store(true)
	w.untilPhase(task, store.PhaseYielding)
	w.says(a, task, "the chain to take it")
	suspended.Store(false)
	w.untilSuspended(a, false)
	w.untilBlocks(20)
	require.Equal(t, store.PhaseYielding, w.record(task).Phase)
	require.Equal(t, 1, w.engine.executions())
	w.chain.read(func() { w.chain.refuse = "" })
	require.Equal(t, "yielded", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
}

// TestKilledAtAnyStepANodeYieldsOnce: whether or not the journal or the chain has what was written
// last. A task that is yielding does not run again, even if the owner has resumed meanwhile.
func TestKilledAtAnyStepANodeYieldsOnce(t *testing.T) {
	for _, kind := range []string{"journal", "transaction"} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s after=%v", kind, after), func(t *testing.T) {
				step := 1
				for !t.Failed() && killedYielding(t, kind, after, step) {
					step++
				}
				require.Greater(t, step, 1, "expected a step to be killed at")
			})
		}
	}
}

// killedYielding kills an agent at a step, starts another one with the same home, and checks that
// the task was yielded once. It returns false if the agent did not reach that step.
func killedYielding(t *testing.T, kind string, after bool, step int) (died bool) {
	t.Run(fmt.Sprintf("step %d", step), func(t *testing.T) {
		w := worldOf(t)
		suspended := &atomic.Bool{}
		suspended.Store(true)
		w.config.Paused, w.config.Suspended = suspended.Load, suspended.Load
		w.config.Policy = bid.Policy{MaxJobs: 4, FuelPerBlock: lateRate}
		task := w.chain.post(w.web, 1, slow)
		w.chain.claimed(task)
		death := &crash{left: step, after: after}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		death.kill = cancel
		w.chain.read(func() { w.chain.crash, w.chain.fatal, w.chain.watched = death, kind == "transaction", true })
		doomed := w.config
		doomed.Journal = &crashingJournal{Journal: w.journal, crash: death, fatal: kind == "journal"}
		first, err := New(doomed)
		require.NoError(t, err)
		defer w.chain.blocks(time.Millisecond)()
		ended := make(chan error, 1)
		go func() { ended <- first.Run(ctx) }()
		require.Eventually(t, func() bool {
			return ctx.Err() != nil || w.record(task).Phase == store.PhaseSettled
		}, patience, time.Millisecond, "killed or done")
		cancel()
		if err := <-ended; err != nil {
			require.ErrorIs(t, err, errKilled)
		}
		death.mu.Lock()
		died = death.dead
		death.mu.Unlock()
		w.chain.read(func() { w.chain.crash, w.chain.fatal = &crash{left: -1}, false })
		if w.record(task).Phase == store.PhaseYielding {
			suspended.Store(false)
		}
		w.again()
		_, stop := w.run()
		defer stop()
		w.requireYielded(task, w.untilPhase(task, store.PhaseSettled))
		require.Zero(t, w.engine.executions())
	})
	return died
}

// TestAnAuditWaitsForItsOwner: a yield of an auditor would count like a missed deadline.
func TestAnAuditWaitsForItsOwner(t *testing.T) {
	w, suspended := lateWorld(t)
	w.engine.hold, w.engine.says = make(chan struct{}), said
	chunk := w.chain.postChunk(w.web, 1, 8, slow, func(task *fakeTask) {
		task.spec.Resources.Fuel, task.audits, task.says = lateFuel/8, true, said
	})
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(chunk, store.PhaseRunning)
	suspended.Store(true)
	w.says(a, chunk, "audits and judgements are not yielded")
	suspended.Store(false)
	w.untilSuspended(a, false)
	close(w.engine.hold)
	require.Equal(t, "paid", w.untilPhase(chunk, store.PhaseSettled).Verdict.Status)
	w.chain.read(func() { require.Zero(t, w.chain.yields.Yields) })
}

// TestASuspendedChunkThatIsLateIsCommittedToAsFarAsItIs: the node is paid for these tasks, and the
// others are drawn again early. It does not begin another one, also after a restart.
func TestASuspendedChunkThatIsLateIsCommittedToAsFarAsItIs(t *testing.T) {
	for name, restarts := range map[string]bool{"in mid-run": false, "after a restart": true} {
		t.Run(name, func(t *testing.T) {
			w, suspended := lateWorld(t)
			w.config.Policy.FuelPerBlock = 1
			w.engine.hold, w.engine.holdFrom = make(chan struct{}), 4
			chunk := w.chain.postChunk(w.web, 1, 8, func(task *fakeTask) {
				task.spec.Policy.Auditors, task.spec.PrepareBlocks = 1, 0
			})
			w.chain.patientWith = chunk
			halt := w.chain.blocks(2 * time.Millisecond)
			a, stop := w.run()
			require.Eventually(t, func() bool { return a.Status().Chunks[keyOf(chunk.ref)].Done == 3 }, patience, time.Millisecond)
			suspended.Store(true)
			w.untilSuspended(a, true)
			w.untilBlocks(20)
			require.Equal(t, store.PhaseRunning, w.record(chunk).Phase, "there is still time for all of it")
			halt()
			if restarts {
				stop()
				w.again()
				a, stop = w.run()
			}
			defer stop()
			deadline := w.record(chunk).Deadlines.Commit
			w.chain.read(func() { w.chain.height = deadline - (5*fakeFuel - 4) })
			w.untilRecord(chunk, "a commitment", func(r store.Assignment) bool { return r.Phase >= store.PhaseCommitSent })
			defer w.chain.blocks(2 * time.Millisecond)()
			record := w.untilPhase(chunk, store.PhaseSettled)
			require.Equal(t, "paid", record.Verdict.Status, "%s; %s", record.LastError, a.Status().LastError)
			require.Equal(t, uint64(3), record.Tasks)
			require.Equal(t, 4, w.engine.executions(), "the fourth did not end, and no other has begun")
			w.chain.read(func() {
				require.Zero(t, w.chain.yields.Yields)
				require.Equal(t, uint64(5), w.chain.tasks[1].count, "the rest is drawn again")
			})
		})
	}
}

// TestASuspendedChunkWithoutAResultIsYielded.
func TestASuspendedChunkWithoutAResultIsYielded(t *testing.T) {
	w, suspended := lateWorld(t)
	w.engine.hold = make(chan struct{})
	chunk := w.chain.postChunk(w.web, 1, 4, slow, func(task *fakeTask) { task.spec.CommitBlocks = 4*lateFuel/lateRate + 200 })
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilPhase(chunk, store.PhaseRunning)
	suspended.Store(true)
	require.Equal(t, "yielded", w.untilPhase(chunk, store.PhaseSettled).Verdict.Status)
}

// TestAReleaseThatComesTooLateDoesNotKeepATaskFromBeingYielded: a block may take it only after the
// prepare window.
func TestAReleaseThatComesTooLateDoesNotKeepATaskFromBeingYielded(t *testing.T) {
	w, suspended := lateWorld(t)
	w.chain.refuse = chain.Release
	w.engine.hold = make(chan struct{})
	task := w.chain.post(w.web, 1, slow, func(task *fakeTask) { task.spec.PrepareBlocks = lateWindow / 4 })
	halt := w.chain.blocks(2 * time.Millisecond)
	a, stop := w.run()
	defer stop()
	prepare := w.untilPhase(task, store.PhaseRunning).Deadlines.Prepare
	halt()
	suspended.Store(true)
	w.untilSuspended(a, true)
	defer w.chain.blocks(2 * time.Millisecond)()
	w.until("a release", func() bool {
		return slices.ContainsFunc(w.chain.batches, func(b chain.Batch) bool { return len(b.Releases) > 0 })
	})
	w.chain.read(func() { w.chain.height = max(w.chain.height, prepare+1) })
	record := w.untilPhase(task, store.PhaseSettled)
	require.Greater(t, record.Verdict.Height, record.Deadlines.Prepare)
	w.requireYielded(task, record)
}

// TestAChunkOfAQuorumThatIsNearlyDoneIsNotYieldedAfterARestart: what is on the disk does not have to
// be executed again.
func TestAChunkOfAQuorumThatIsNearlyDoneIsNotYieldedAfterARestart(t *testing.T) {
	w, suspended := lateWorld(t)
	w.config.Policy.FuelPerBlock = 1
	w.engine.hold, w.engine.holdFrom, w.engine.says = make(chan struct{}), 8, said
	const fuel = 1_000
	chunk := w.chain.postChunk(w.web, 1, 8, under(quorum), func(task *fakeTask) {
		task.spec.Resources.Fuel, task.spec.PrepareBlocks, task.spec.CommitBlocks, task.says = fuel, 0, 8*fuel+400, said
	})
	halt := w.chain.blocks(2 * time.Millisecond)
	a, stop := w.run()
	require.Eventually(t, func() bool { return a.Status().Chunks[keyOf(chunk.ref)].Done == 7 }, patience, time.Millisecond)
	halt()
	stop()
	suspended.Store(true)
	deadline := w.record(chunk).Deadlines.Commit
	w.chain.read(func() { w.chain.height = deadline - 5*fuel })
	w.again()
	a, stop = w.run()
	defer stop()
	defer w.chain.blocks(5 * time.Millisecond)()
	w.untilSuspended(a, true)
	w.untilBlocks(5)
	require.Equal(t, store.PhasePreparing, w.record(chunk).Phase, w.record(chunk).LastError)
	w.chain.read(func() { require.Zero(t, w.chain.yields.Yields) })
	suspended.Store(false)
	close(w.engine.hold)
	require.Equal(t, "paid", w.untilPhase(chunk, store.PhaseSettled).Verdict.Status)
}

// TestAFailureBeforeItIsLateDoesNotCostTheTasksOfAChunkThatAreDone: a game may take the memory of the
// device. The node commits to the tasks that have a result, as if no other one had begun.
func TestAFailureBeforeItIsLateDoesNotCostTheTasksOfAChunkThatAreDone(t *testing.T) {
	w, suspended := lateWorld(t)
	w.config.Policy.FuelPerBlock = 1
	var running atomic.Pointer[Agent]
	w.engine.runs = func(n int) error {
		if n != 4 {
			return nil
		}
		suspended.Store(true)
		require.Eventually(t, func() bool { a := running.Load(); return a != nil && a.suspension.on.Load() }, patience, time.Millisecond)
		return executor.ErrDevice
	}
	chunk := w.chain.postChunk(w.web, 1, 8, func(task *fakeTask) {
		task.spec.Policy.Auditors, task.spec.PrepareBlocks = 1, 0
	})
	w.chain.patientWith = chunk
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	running.Store(a)
	w.untilRecord(chunk, "a failure", func(r store.Assignment) bool {
		return r.Phase == store.PhasePreparing && strings.Contains(r.LastError, executor.ErrDevice.Error())
	})
	deadline := w.record(chunk).Deadlines.Commit
	w.chain.read(func() { w.chain.height = deadline - (5*fakeFuel - 4) })
	record := w.untilPhase(chunk, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status, "%s; %s", record.LastError, a.Status().LastError)
	require.Equal(t, uint64(3), record.Tasks)
	w.chain.read(func() { require.Zero(t, w.chain.yields.Yields) })
}
