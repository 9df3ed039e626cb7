package agent

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// yieldMargin is the number of blocks before its commit deadline at which an assignment cannot be
// finished any more, whatever its program needs: the commitment has to be in a block by then.
const yieldMargin = 3

// late reports whether an assignment cannot be finished before its commit deadline even if its
// owner, who has suspended the programs, resumed them now. It takes the rate at which draws are
// entered: a program is late if it would not be taken with the time that is left.
func (a *Agent) late(w *assignment) bool {
	if !a.standsStill(w) || w.item == nil || w.spec == nil || w.over() ||
		w.item.Assignment.Status != computetypes.ASSIGNMENT_STATUS_ASSIGNED {
		return false
	}
	if a.view.height+yieldMargin >= w.record.Deadlines.Commit {
		return true
	}
	return !a.cfg.Policy.Finishes(a.left(w), a.view.height)
}

// left returns what remains to be executed of an assignment. A run that has not begun again, or has
// not yet read what an earlier one has left, continues after the results on the disk.
func (a *Agent) left(w *assignment) bid.Program {
	left := w.held(a.view.height).Program
	if w.run == nil || w.run.done.Load() == 0 {
		tasks := w.tasks()
		left.Fuel -= left.Fuel / tasks * min(resultsOnDisk(&w.record), tasks)
	}
	if now, runs := a.progress(w); runs {
		left.Fuel -= min(now.FuelUsed, left.Fuel)
	}
	return left
}

// yield gives up an assignment that is late, so that its seat is drawn again early: it releases
// the assignment in the prepare window, and yields it later if this does not count towards jail.
// Of a chunk that this node executes alone, it commits to the tasks that have a result. Without
// a yield that is left, the assignment waits, because its program may need less than it may use. A
// release that no block has taken in the prepare window is forgotten.
func (a *Agent) yield(w *assignment) {
	if w.returning(a.view.height) || !a.late(w) {
		return
	}
	reason := fmt.Sprintf("given up at height %d, because programs are suspended and it could not be finished by its commit deadline at height %d",
		a.view.height, w.record.Deadlines.Commit)
	switch {
	case w.runsPartlyDone():
		w.run.stop("programs are suspended, and the whole chunk cannot be finished before its commit deadline")
		return
	case w.partlyDone() && a.view.height+yieldMargin < w.record.Deadlines.Commit:
		return // advance commits to the tasks that have a result
	case a.view.height < w.record.Deadlines.Prepare:
		if w.record.Phase == store.PhaseRunning && !a.moveOn(w, store.PhasePreparing, nil) {
			return
		}
		w.giveUp = true
	case !a.mayYield(w):
		return
	case !a.moveOn(w, store.PhaseYielding, func(r *store.Assignment) { r.LastError = reason }):
		return
	}
	w.cancel() // the program ends
	a.cfg.Logger.Info(reason, "assignment", w.record.Key)
}

// mayYield reports whether a yield of an assignment does not count towards jail.
func (a *Agent) mayYield(w *assignment) bool {
	return w.item.Excusable && a.view.node != nil && a.yieldsLeft() > 0
}

// yieldsLeft returns how many assignments the node may still yield without a point towards jail,
// less those that it is about to yield, and those that have just ended.
func (a *Agent) yieldsLeft() int {
	left := int(a.view.node.State.YieldsLeft(a.view.nodes, a.view.height)) - a.view.uncounted()
	for _, w := range a.assignments {
		if w.record.Phase == store.PhaseYielding && w.item != nil {
			left--
		}
	}
	return left
}

// partlyDone reports whether some tasks of a chunk have a result on the disk, which no run uses,
// and to which the node may commit. If such a commitment has failed before, they do not count.
func (w *assignment) partlyDone() bool {
	part, ok := w.part()
	return ok && w.record.Phase == store.PhasePreparing && !w.executing && !w.unsealed && w.spec != nil &&
		divisible(w.record.Key, w.spec, part) && resultsOnDisk(&w.record) > 0
}

// runsPartlyDone reports whether a run of a chunk may end with the results that it has. It may not
// have read yet what an earlier run has left.
func (w *assignment) runsPartlyDone() bool {
	return w.run != nil && w.run.divisible && (w.run.only || w.run.done.Load() > 0 || resultsOnDisk(&w.record) > 0)
}

// resultsOnDisk returns the number of results of a chunk that its folder contains.
func resultsOnDisk(r *store.Assignment) uint64 {
	stat, err := os.Stat(filepath.Join(r.Folder, resultsFile))
	if err != nil || r.Count <= 1 || r.Folder == "" {
		return 0
	}
	return uint64(max(stat.Size()-int64(resultsHeadBytes), 0)) / taskResultBytes //nolint:gosec // not negative
}

// waitsForOwner returns why an assignment that is late has not been given up, or "" for others.
func (a *Agent) waitsForOwner(w *assignment) string {
	if !a.late(w) || w.returning(a.view.height) {
		return ""
	}
	why := fmt.Sprintf("you to resume the programs; it may not be finished before its commit deadline at height %d", w.record.Deadlines.Commit)
	switch {
	case w.partlyDone() || w.runsPartlyDone():
		return ""
	case !w.item.Excusable:
		return why + ", and audits and judgements are not yielded"
	case a.view.node == nil || a.yieldsLeft() <= 0:
		return why + ", and the node has no yields left today"
	}
	return ""
}
