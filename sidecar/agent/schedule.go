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
func (all assignments) byUrgency() []*assignment {
	list := all.inOrder()
	slices.SortStableFunc(list, func(x, y *assignment) int {
		return cmp.Compare(x.record.Deadlines.Commit, y.record.Deadlines.Commit)
	})
	return list
}

// holdings returns what the node holds at a height, claims that may come to nothing among
// it. A claim that never reached the chain holds nothing.
func (all assignments) holdings(height int64) bid.Holdings {
	var held bid.Holdings
	for _, w := range all.inOrder() {
		if w.record.Phase == store.PhaseClaimed && !w.claimSent {
			continue
		}
		held = append(held, w.held(height))
	}
	return held
}

// places are where programs run.
type places struct {
	// most programs that run at once.
	most    int
	running int
	// suspects among those that run, which run alone.
	suspects int
}

// free tells whether there is a place for a program now. One that is suspect runs alone.
func (p *places) free(suspect bool) bool {
	if suspect {
		return p.running == 0
	}
	return p.suspects == 0 && p.running < p.most
}

// take takes a place, and leave gives it back.
func (p *places) take(suspect bool) {
	p.running++
	if suspect {
		p.suspects++
	}
}

func (p *places) leave(suspect bool) {
	p.running--
	if suspect {
		p.suspects--
	}
}
