package agent

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// endingBlocks is the time for a commitment in the following tests. Their jobs live for
	// twice that time, so that a node that was drawn late misses its deadline before the end.
	endingBlocks = 400
	// afterAll is the number of blocks after which such a task has ended.
	afterAll = 3 * endingBlocks
)

// downFrom runs a node until a task of three nodes has reached a phase and then stops it. The
// job has the given number of tasks.
func downFrom(t *testing.T, phase store.Phase, tasks int, change ...func(*fakeTask)) (*world, *fakeTask) {
	t.Helper()
	w := newWorld(t)
	short := func(t *fakeTask) { t.spec.CommitBlocks, t.spec.LifetimeBlocks = endingBlocks, 2*endingBlocks }
	task := w.chain.postArray(w.web, 1, tasks, append([]func(*fakeTask){under(quorum), short}, change...)...)[0]
	w.chain.only(task)
	w.chain.othersCommit, w.chain.params.RevealBlocks = false, endingBlocks/4
	switch phase {
	case store.PhaseRunning:
		w.engine.hold = make(chan struct{})
	case store.PhasePreparing:
		w.web.drips = true
	}
	w.chain.skip(2) // the seed of the draw is known
	stopBlocks := func() {}
	if phase != store.PhaseClaimed { // a claim makes a block of its own
		stopBlocks = w.chain.blocks(time.Millisecond)
	}
	_, stop := w.run()
	w.untilPhase(task, phase)
	w.until("the claim", func() bool { return w.chain.part(task) != nil })
	stop()
	stopBlocks()
	w.again()
	return w, task
}

// unended are the phases before a result leaves the machine.
var unended = []store.Phase{store.PhaseClaimed, store.PhasePreparing, store.PhaseRunning}

// settledAfterwards starts the daemon again and returns the record once it is settled.
func (w *world) settledAfterwards(task *fakeTask) store.Assignment {
	w.t.Helper()
	stopBlocks := w.chain.blocks(time.Millisecond)
	_, stop := w.run()
	defer func() {
		stop()
		stopBlocks()
	}()
	return w.untilPhase(task, store.PhaseSettled)
}

func TestAnEndIsReadFromTheReceiptWhateverPhaseTheDaemonWentDownIn(t *testing.T) {
	for _, tasks := range []int{1, 3} {
		for _, phase := range append([]store.Phase{store.PhaseCommitted}, unended...) {
			t.Run(fmt.Sprintf("%d tasks, %s, not finished", tasks, phase), func(t *testing.T) {
				w, task := downFrom(t, phase, tasks)
				// Without a commitment, all nodes miss the deadline. With one, this node alone
				// does not reveal.
				w.chain.read(func() { w.chain.othersCommit = phase == store.PhaseCommitted })
				w.chain.skip(afterAll)
				record := w.settledAfterwards(task)
				if phase == store.PhaseCommitted {
					require.Equal(t, "no_reveal", record.Verdict.Status)
					require.Equal(t, fmt.Sprint(liability), record.Verdict.Slashed)
					return
				}
				require.Equal(t, "missed", record.Verdict.Status)
				require.Equal(t, missedFault, record.Verdict.Slashed)
			})
			t.Run(fmt.Sprintf("%d tasks, %s, paid", tasks, phase), func(t *testing.T) {
				w, task := downFrom(t, phase, tasks)
				w.chain.read(func() {
					if w.chain.othersCommit, task.replaced = true, true; phase != store.PhaseCommitted {
						task.found = []byte("text")
					}
				})
				w.chain.skip(afterAll)
				record := w.settledAfterwards(task)
				require.Equal(t, "paid", record.Verdict.Status)
				require.Equal(t, "1000", record.Verdict.Paid)
			})
		}
	}
}

// lasting makes a job live longer than the test.
func lasting(t *fakeTask) { t.spec.LifetimeBlocks = ages }

// goOnWithout makes the other nodes commit. This node misses its deadline, and the others wait
// for another node.
func (w *world) goOnWithout(task *fakeTask) {
	w.chain.read(func() { w.chain.othersCommit, task.found = true, []byte("text") })
	w.chain.skip(2 * endingBlocks)
	w.chain.read(func() { require.False(w.t, task.record.Ended(), "the others wait for another node") })
}

func TestAnEndIsReadFromTheTaskThatGoesOn(t *testing.T) {
	for _, tasks := range []int{1, 3} {
		for _, phase := range unended {
			t.Run(fmt.Sprintf("%d tasks, %s", tasks, phase), func(t *testing.T) {
				w, task := downFrom(t, phase, tasks, lasting)
				w.goOnWithout(task)
				record := w.settledAfterwards(task)
				require.Equal(t, "missed", record.Verdict.Status)
				require.Equal(t, missedFault, record.Verdict.Slashed)
			})
		}
	}
}

func TestOnlyANodeWithoutASeatWasNotDrawn(t *testing.T) {
	for _, tasks := range []int{1, 3} {
		for _, ended := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d tasks, ended %t", tasks, ended), func(t *testing.T) {
				w, task := downFrom(t, store.PhaseClaimed, tasks, lasting, func(t *fakeTask) { t.spec.CommitBlocks = ages })
				w.chain.read(func() {
					task.outranked = true
					if ended {
						w.chain.othersCommit, task.found = true, []byte("text")
					}
				})
				w.chain.skip(endingBlocks / 2)
				w.chain.read(func() { require.Equal(t, ended, task.record.Ended()) })
				stopBlocks := w.chain.blocks(time.Millisecond)
				defer stopBlocks()
				_, stop := w.run()
				defer stop()
				require.Equal(t, "not drawn", w.untilPhase(task, store.PhaseReleased).LastError)
				w.chain.read(func() { require.Equal(t, ended, task.record.Ended()) })
			})
		}
	}
}

func TestAnEndThatCannotBeReadIsCalledUnknown(t *testing.T) {
	w, task := downFrom(t, store.PhaseClaimed, 3)
	w.chain.skip(afterAll)
	w.chain.read(func() {
		require.Equal(t, computetypes.CHUNK_STATUS_EXPIRED, task.receipt.Status)
		w.chain.noResults = true
	})
	_, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool {
		w.chain.skip(20)
		return w.record(task).Phase == store.PhaseFailed
	}, patience, 2*time.Millisecond)
	record := w.record(task)
	require.True(t, record.Unknown)
	require.Contains(t, record.LastError, "unknown how it ended")
	require.Contains(t, record.LastError, "could not show")
	require.NotContains(t, record.LastError, "not drawn")
}
