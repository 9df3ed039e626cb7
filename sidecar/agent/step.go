package agent

import (
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// step starts everything that can be started, in turn, and sends everything that is due.
func (a *Agent) step() {
	a.adoptRules()
	a.cache.need(a.assignments.needed())
	for _, w := range a.assignments.inTurn(a.cfg.Policy, a.view.height) {
		if a.fatal != nil {
			return
		}
		if w.item != nil && w.spec != nil {
			a.advance(w)
		}
	}
	a.pump()
	a.prove()
	a.send()
}

// advance starts the next step of one assignment.
func (a *Agent) advance(w *assignment) {
	switch w.record.Phase {
	case store.PhaseAssigned, store.PhasePreparing:
		w.outOfTime(a.view.height)
		a.returnUnbegun(w)
		a.yield(w)
		a.avoid(w)
		switch {
		case w.record.Phase == store.PhaseYielding:
		case w.fetching || w.returning(a.view.height) || w.barred():
		case w.ready == nil:
			if w.record.Tries == 0 || w.mayRetry(a.view.height) {
				a.prepare(w)
			}
		case a.places.free(w.suspect()) && (!a.suspension.on.Load() || a.late(w) && w.partlyDone()):
			a.execute(w)
		}
	case store.PhaseRunning:
		switch {
		case !w.executing:
			a.resume(w)
		case w.run != nil:
			a.cut(w)
			a.yield(w)
		default:
			a.yield(w)
		}
	case store.PhaseCommitted, store.PhaseRevealed, store.PhaseOpened:
		if a.delivers(w) && a.proofs.mayDeliver(w) {
			a.deliver(w)
		}
	case store.PhaseExecuted:
		a.redo(w)
	case store.PhaseClaimed, store.PhaseYielding, store.PhaseCommitSent,
		store.PhaseSettled, store.PhaseReleased, store.PhaseFailed:
	}
}

// returning reports whether an assignment has to be released. After the prepare window, it is
// better to continue to try.
func (w *assignment) returning(height int64) bool {
	return (w.missing != nil || w.giveUp || w.barred()) && height < w.record.Deadlines.Prepare
}

// mayRetry limits retries to one per block.
func (w *assignment) mayRetry(height int64) bool {
	if w.retriedAt == height {
		return false
	}
	w.retriedAt = height
	return true
}

// allCommitted reports whether no node in the assignment's round can copy a result any more:
// the round waits for reveals or has had them, or a later round has started. While the seed of
// an audit is awaited, auditors may still join.
func (w *assignment) allCommitted() bool {
	return w.item.CurrentRound > w.record.Round ||
		w.item.Phase == computetypes.ROUND_PHASE_REVEAL || w.item.Phase == computetypes.ROUND_PHASE_LEAVES || w.item.Phase == computetypes.ROUND_PHASE_REVIEW
}

// moveOn changes the phase in the journal and then in the loop.
func (a *Agent) moveOn(w *assignment, to store.Phase, edit func(*store.Assignment)) bool {
	return a.written(w, func(tx *store.Tx) (store.Assignment, error) {
		return tx.Advance(w.record.Key, w.record.Phase, to, a.seen(edit))
	})
}

// edit changes a record without changing its phase.
func (a *Agent) edit(w *assignment, change func(*store.Assignment)) bool {
	return a.written(w, func(tx *store.Tx) (store.Assignment, error) {
		return tx.Edit(w.record.Key, a.seen(change))
	})
}

// written changes a record in the journal, and in the loop once the change is on the disk.
func (a *Agent) written(w *assignment, change func(*store.Tx) (store.Assignment, error)) bool {
	var record store.Assignment
	if !a.journal(func(tx *store.Tx) (err error) {
		record, err = change(tx)
		return err
	}) {
		return false
	}
	w.record = record
	return true
}
