package agent

import (
	"cmp"
	"slices"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/store"
)

// toRun reports whether the program of an assignment in this phase still has to end. After
// that, the assignment uses a slot on the chain but nothing of the machine.
func toRun(p store.Phase) bool {
	switch p {
	case store.PhaseClaimed, store.PhaseAssigned, store.PhasePreparing, store.PhaseRunning:
		return true
	case store.PhaseYielding, store.PhaseExecuted, store.PhaseCommitSent, store.PhaseCommitted,
		store.PhaseRevealed, store.PhaseOpened, store.PhaseSettled, store.PhaseReleased, store.PhaseFailed:
		return false
	}
	return false
}

// held returns what an assignment uses of the node at a height.
func (w *assignment) held(height int64) bid.Held {
	phase := w.record.Phase
	h := bid.Held{
		Waiting:  phase == store.PhaseClaimed && w.item == nil,
		ToRun:    toRun(phase) && !w.over(),
		OwesFees: phase != store.PhaseOpened,
	}
	h.LineBytes = w.lineBytes()
	if w.spec == nil || !toRun(phase) {
		return h
	}
	tasks := w.tasks()
	h.DiskBytes, h.Program = bid.Footprint(w.spec, tasks), bid.ProgramOf(w.spec, tasks, height)
	h.Program.Running = w.executing
	if w.record.Deadlines.Commit != 0 {
		h.Program.Deadline = w.record.Deadlines.Commit
	}
	return h
}

// lineBytes returns what an assignment may still move over the network: its inputs until they are here, and its
// outputs until they are delivered.
func (w *assignment) lineBytes() uint64 {
	if w.spec == nil || w.over() {
		return 0
	}
	var bytes uint64
	switch w.record.Phase {
	case store.PhaseClaimed, store.PhaseAssigned, store.PhasePreparing:
		if w.ready == nil {
			bytes = w.spec.InputBytes()
		}
	case store.PhaseYielding, store.PhaseReleased, store.PhaseFailed:
		return 0
	case store.PhaseRunning, store.PhaseExecuted, store.PhaseCommitSent, store.PhaseCommitted,
		store.PhaseRevealed, store.PhaseOpened, store.PhaseSettled:
	}
	if w.owes() {
		bytes += bid.OutputTraffic(w.spec, w.tasks())
	}
	return bytes
}

// byUrgency returns the assignments in order of their commit deadlines. If there are more
// programs than places, the most urgent ones run first.
func (all assignments) byUrgency() []*assignment {
	list := all.inOrder()
	slices.SortStableFunc(list, func(x, y *assignment) int {
		return cmp.Compare(x.record.Deadlines.Commit, y.record.Deadlines.Commit)
	})
	return list
}

// inTurn returns the assignments in order of their commit deadlines, but those that wait for a
// place in the order in which they get one.
func (all assignments) inTurn(p bid.Policy, height int64) []*assignment {
	list := all.byUrgency()
	var running, waiting []bid.Program
	var at []int
	for i, w := range list {
		switch program := w.held(height).Program; {
		case program.Running:
			running = append(running, program)
		case program.Fuel > 0 && w.item != nil && !w.over():
			waiting, at = append(waiting, program), append(at, i)
		}
	}
	ordered := slices.Clone(list)
	for n, turn := range p.Turns(running, waiting, height) {
		ordered[at[n]] = list[at[turn]]
	}
	return ordered
}

// holdings returns what the node holds at a height, including claims that may fail. A claim
// that never reached the chain does not hold anything.
func (all assignments) holdings(height int64) bid.Holdings {
	var held bid.Holdings
	for _, w := range all.inOrder() {
		if w.record.Phase == store.PhaseClaimed && !w.claimSent || w.goneSince > 0 {
			continue // the chain has stopped listing it, and it waits for the proof of its end
		}
		held = append(held, w.held(height))
	}
	return held
}

// places are where programs run.
type places struct {
	// most is the largest number of programs that run at the same time.
	most    int
	running int
	// suspects is the number of running programs that have to run alone.
	suspects int
}

// free reports whether a place is free for a program now. A suspect program runs alone.
func (p *places) free(suspect bool) bool {
	if suspect {
		return p.running == 0
	}
	return p.suspects == 0 && p.running < p.most
}

// take occupies a place, and leave frees it.
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
