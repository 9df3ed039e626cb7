package agent

import (
	"context"

	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// step starts all that can be started and sends all that is due.
func (a *Agent) step() {
	for _, w := range a.inOrder() {
		if a.fatal != nil {
			return
		}
		if w.item != nil && w.spec != nil {
			a.advance(w)
		}
	}
	a.send()
}

// advance starts what one assignment needs next.
func (a *Agent) advance(w *assignment) {
	switch w.record.Phase {
	case store.PhaseAssigned, store.PhasePreparing:
		a.outOfTime(w)
		switch {
		case w.fetching || a.returning(w):
		case w.ready == nil:
			if w.record.Tries == 0 || a.mayRetry(w) {
				a.prepare(w)
			}
		case a.running < a.cfg.Policy.MaxJobs:
			a.execute(w)
		}
	case store.PhaseRunning:
		if !w.executing {
			// Left by a daemon that was killed.
			a.moveOn(w, store.PhasePreparing, nil)
		}
	case store.PhaseCommitted, store.PhaseRevealed, store.PhaseOpened:
		if !w.record.Delivered && !w.delivering && a.allCommitted(w) {
			a.deliver(w)
		}
	case store.PhaseClaimed, store.PhaseExecuted, store.PhaseDelivered, store.PhaseCommitSent,
		store.PhaseSettled, store.PhaseReleased, store.PhaseFailed:
	}
}

// returning tells whether an assignment is to be given back. Once the prepare
// window has passed, trying on is the better chance.
func (a *Agent) returning(w *assignment) bool {
	return (w.missing != nil || w.giveUp) && a.height < w.record.Deadlines.Prepare
}

// mayRetry paces further attempts: one a block.
func (a *Agent) mayRetry(w *assignment) bool {
	if w.retriedAt == a.height {
		return false
	}
	w.retriedAt = a.height
	return true
}

// allCommitted tells whether nobody in the assignment's round can still copy:
// its round waits for reveals, or a later round runs already.
func (a *Agent) allCommitted(w *assignment) bool {
	return w.item.CurrentRound > w.record.Round || w.item.Phase == computetypes.ROUND_PHASE_REVEAL
}

// moveOn advances the journal and then what the loop knows.
func (a *Agent) moveOn(w *assignment, to store.Phase, edit func(*store.Assignment)) bool {
	return a.journal(func(tx *store.Tx) error {
		record, err := tx.Advance(w.record.Key, w.record.Phase, to, edit)
		if err == nil {
			w.record = record
		}
		return err
	})
}

// edit changes a record without moving it on.
func (a *Agent) edit(w *assignment, change func(*store.Assignment)) bool {
	return a.journal(func(tx *store.Tx) error {
		record, err := tx.Edit(w.record.Key, change)
		if err == nil {
			w.record = record
		}
		return err
	})
}

// wantsWork tells whether a claim may be sent at all.
func (a *Agent) wantsWork() bool {
	return !a.draining && a.node != nil && a.node.State.Status == activeNode &&
		a.freeSlots() > 0 && !a.cfg.Policy.Paused()
}

// freeSlots is how many more assignments machine and node can take.
func (a *Agent) freeSlots() int {
	held, waiting := 0, 0
	for _, w := range a.assignments {
		if w.record.Phase == store.PhaseClaimed {
			// A claim that never reached the chain holds nothing.
			if w.claimSent {
				held++
			}
			// The chain counts a candidate once it lists it.
			if w.claimSent && w.item == nil {
				waiting++
			}
		} else if holds(w.record.Phase) {
			held++
		}
	}
	free := a.cfg.Policy.MaxJobs - held
	if a.node != nil {
		onChain := int(a.node.State.Slots) - int(a.node.State.UsedSlots) - waiting
		free = min(free, onChain)
	}
	return free
}

// openDraws returns the draws that this node would enter, in the chain's order.
func (a *Agent) openDraws(ctx context.Context, operator string) ([]claim, error) {
	tasks, err := a.cfg.Chain.Claimable(ctx, operator)
	if err != nil {
		return nil, err
	}
	free := a.node.State.Bond.Sub(a.node.State.Locked)
	var claims []claim
	for _, task := range tasks {
		if !task.Leading || task.CloseHeight <= a.height+1 {
			continue
		}
		j, err := a.job(ctx, task.Ref.JobId)
		if err != nil {
			return nil, err
		}
		if _, runs := a.executors[j.spec.Executor]; !runs {
			continue
		}
		if why := a.cfg.Policy.refusal(j.spec); why != "" {
			a.cfg.Logger.Debug("not claiming", "job", task.Ref.JobId, "reason", why)
			continue
		}
		if j.liability.GT(free) {
			a.cfg.Logger.Debug("not claiming", "job", task.Ref.JobId, "reason", "not enough free bond", "liability", j.liability, "free", free)
			continue
		}
		free = free.Sub(j.liability)
		claims = append(claims, claim{key: keyOf(task.Ref), close: task.CloseHeight})
	}
	return claims, nil
}
