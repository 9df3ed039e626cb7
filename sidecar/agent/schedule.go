package agent

import (
	"cmp"
	"math"
	"slices"

	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// stint is one program that this machine has still to run.
type stint struct {
	// fuel it may burn.
	fuel uint64
	// deadline is the last height at which its commitment counts.
	deadline int64
	// running tells that it has begun, so that nothing more urgent goes before it.
	running bool
}

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

// stints lists what the machine has still to run, claims that may come to nothing
// among it.
func (a *Agent) stints() []stint {
	var list []stint
	for _, w := range a.assignments {
		if w.spec == nil || !toRun(w.record.Phase) || w.over() {
			continue
		}
		s := stint{fuel: w.spec.Resources.Fuel, deadline: w.record.Deadlines.Commit, running: w.executing}
		if s.deadline == 0 {
			s.deadline = a.height + commitBlocks(w.spec)
		}
		list = append(list, s)
	}
	return list
}

func commitBlocks(spec *computetypes.JobSpec) int64 {
	return int64(min(spec.CommitBlocks, math.MaxInt32)) //nolint:gosec // bounded here
}

// fits tells whether a program can be run beside the others without one of them
// missing its deadline, when the most urgent goes first on each of the machine's
// places. A program then starts after at most an equal share of what goes before
// it. What goes before the new one is not touched by it.
func (p Policy) fits(others []stint, more stint, height int64) bool {
	if p.FuelPerBlock == 0 {
		return true
	}
	list := append(slices.Clone(others), more)
	turn := func(s stint) int64 {
		if s.running {
			return 0
		}
		return s.deadline
	}
	slices.SortStableFunc(list, func(x, y stint) int { return cmp.Compare(turn(x), turn(y)) })
	var before uint64
	for _, s := range list {
		blocks := (before/uint64(p.MaxJobs) + s.fuel) / p.FuelPerBlock //nolint:gosec // at least 1
		before += s.fuel
		if turn(s) >= more.deadline && blocks >= uint64(max(s.deadline-height, 0)) { //nolint:gosec // not negative
			return false
		}
	}
	return true
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

// freeSlots is how many more assignments the node can take. A committed one holds
// a slot until it is settled, while the machine runs the next program. Without a
// rate nobody knows how much work fits ahead: then there is as much as runs at once.
func (a *Agent) freeSlots() int {
	if a.node == nil {
		return 0
	}
	ahead, waiting := 0, 0
	for _, w := range a.assignments {
		if w.record.Phase == store.PhaseClaimed && !w.claimSent {
			continue // a claim that never reached the chain holds nothing
		}
		if toRun(w.record.Phase) && !w.over() {
			ahead++
		}
		// The chain counts a candidate once it lists it.
		if w.record.Phase == store.PhaseClaimed && w.item == nil {
			waiting++
		}
	}
	free := int(a.node.State.Slots) - int(a.node.State.UsedSlots) - waiting
	if a.cfg.Policy.FuelPerBlock == 0 {
		free = min(free, a.cfg.Policy.MaxJobs-ahead)
	}
	return free
}
