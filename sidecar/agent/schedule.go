package agent

import (
	"cmp"
	"slices"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/store"
)

// toRun tells whether the program of an assignment has still to come to its end.
// From then on the assignment holds a slot on the chain, and nothing of the machine.
func toRun(p store.Phase) bool {
	switch p {
	case store.PhaseClaimed, store.PhaseAssigned, store.PhasePreparing, store.PhaseRunning:
		return true
	case store.PhaseExecuted, store.PhaseCommitSent, store.PhaseCommitted,
		store.PhaseRevealed, store.PhaseOpened, store.PhaseSettled, store.PhaseReleased, store.PhaseFailed:
		return false
	}
	return false
}

// held says what an assignment takes of the node at a height.
func (w *assignment) held(height int64) bid.Held {
	phase := w.record.Phase
	h := bid.Held{
		Waiting:  phase == store.PhaseClaimed && w.item == nil,
		ToRun:    toRun(phase) && !w.over(),
		OwesFees: phase != store.PhaseOpened,
	}
	if w.spec == nil || !toRun(phase) {
		return h
	}
	h.DiskBytes, h.Program = bid.Footprint(w.spec), bid.ProgramOf(w.spec, height)
	h.Program.Running = w.executing
	if w.record.Deadlines.Commit != 0 {
		h.Program.Deadline = w.record.Deadlines.Commit
	}
	return h
}

// byUrgency lists the assignments by their commit deadline, so that with more
// programs than places none waits longer than it can.
func (a *Agent) byUrgency() []*assignment {
	list := a.inOrder()
	slices.SortStableFunc(list, func(x, y *assignment) int {
		return cmp.Compare(x.record.Deadlines.Commit, y.record.Deadlines.Commit)
	})
	return list
}
