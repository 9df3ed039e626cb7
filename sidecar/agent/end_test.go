package agent

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// downFrom runs a node until a task has reached a phase and then stops it. The job has the
// given number of tasks.
func downFrom(t *testing.T, phase store.Phase, tasks int) (*world, *fakeTask) {
	t.Helper()
	w := newWorld(t)
	task := w.chain.postArray(w.web, 1, tasks)[0]
	w.chain.tasks = []*fakeTask{task}
	if phase != store.PhaseClaimed {
		w.chain.othersCommit = phase != store.PhaseCommitted
	}
	if phase == store.PhaseRunning {
		w.engine.hold = make(chan struct{})
	}
	if phase == store.PhasePreparing {
		w.web.drips = true
	}
	stopBlocks := w.chain.blocks(time.Millisecond)
	if phase == store.PhaseClaimed {
		stopBlocks() // the node's own transaction makes the only block
		w.chain.read(func() { task.close = w.chain.height + 3 })
	}
	_, stop := w.run()
	w.untilPhase(task, phase)
	if phase == store.PhaseClaimed {
		w.until("the claim", func() bool { return task.a != nil })
	}
	stop()
	stopBlocks()
	w.again()
	return w, task
}

var endedFrom = []store.Phase{store.PhaseClaimed, store.PhasePreparing, store.PhaseRunning, store.PhaseCommitted}

func TestAnEndIsReadFromTheReceiptWhateverPhaseTheDaemonWentDownIn(t *testing.T) {
	for _, tasks := range []int{1, 3} {
		for _, phase := range endedFrom {
			for _, status := range []computetypes.AssignmentStatus{
				computetypes.ASSIGNMENT_STATUS_MISSED, computetypes.ASSIGNMENT_STATUS_PAID,
			} {
				t.Run(fmt.Sprintf("%d tasks, %s, %s", tasks, phase, status), func(t *testing.T) {
					w, task := downFrom(t, phase, tasks)
					w.chain.read(func() {
						w.chain.settle(task, status)
						if status == computetypes.ASSIGNMENT_STATUS_MISSED {
							task.receipt.Outcomes[0].Slashed = math.NewInt(77)
							w.chain.ended[w.chain.height] = []computetypes.Receipt{*task.receipt}
						}
						w.chain.height += 3_000 // long after every deadline
					})
					defer w.chain.blocks(time.Millisecond)()
					_, stop := w.run()
					defer stop()
					record := w.untilPhase(task, store.PhaseSettled)
					if status == computetypes.ASSIGNMENT_STATUS_MISSED {
						require.Equal(t, "missed", record.Verdict.Status)
						require.Equal(t, "77", record.Verdict.Slashed)
					} else {
						require.Equal(t, "paid", record.Verdict.Status)
					}
				})
			}
		}
	}
}

func TestAnEndIsReadFromTheTaskThatGoesOn(t *testing.T) {
	for _, tasks := range []int{1, 3} {
		for _, phase := range endedFrom {
			t.Run(fmt.Sprintf("%d tasks, %s", tasks, phase), func(t *testing.T) {
				w, task := downFrom(t, phase, tasks)
				w.chain.read(func() {
					w.chain.depart(task, computetypes.ASSIGNMENT_STATUS_MISSED, 77)
					w.chain.height += 3_000
				})
				defer w.chain.blocks(time.Millisecond)()
				_, stop := w.run()
				defer stop()
				record := w.untilPhase(task, store.PhaseSettled)
				require.Equal(t, "missed", record.Verdict.Status)
				require.Equal(t, "77", record.Verdict.Slashed)
			})
		}
	}
}

func TestOnlyANodeWithoutASeatWasNotDrawn(t *testing.T) {
	for _, tasks := range []int{1, 3} {
		for _, ended := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d tasks, ended %t", tasks, ended), func(t *testing.T) {
				w, task := downFrom(t, store.PhaseClaimed, tasks)
				w.chain.read(func() {
					task.released = &computetypes.ReleaseItem{} // the node is not drawn again
					if ended {
						w.chain.settle(task, computetypes.ASSIGNMENT_STATUS_PAID)
						task.receipt.Outcomes[0].Operator = "somebody else"
						w.chain.ended[w.chain.height] = []computetypes.Receipt{*task.receipt}
					}
					task.a = nil
					w.chain.height += 3_000
				})
				defer w.chain.blocks(time.Millisecond)()
				_, stop := w.run()
				defer stop()
				require.Equal(t, "not drawn", w.untilPhase(task, store.PhaseReleased).LastError)
			})
		}
	}
}

func TestAnEndThatCannotBeReadIsCalledUnknown(t *testing.T) {
	w, task := downFrom(t, store.PhaseClaimed, 3)
	w.chain.read(func() {
		w.chain.settle(task, computetypes.ASSIGNMENT_STATUS_MISSED)
		w.chain.noResults = true
		w.chain.height += 100
	})
	_, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool {
		w.chain.read(func() { w.chain.height += 20 })
		return w.record(task).Phase == store.PhaseFailed
	}, patience, 2*time.Millisecond)
	record := w.record(task)
	require.True(t, record.Unknown)
	require.Contains(t, record.LastError, "unknown how it ended")
	require.Contains(t, record.LastError, "could not show")
	require.NotContains(t, record.LastError, "not drawn")
}
