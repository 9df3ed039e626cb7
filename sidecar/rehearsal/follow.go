package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// follow watches the node from its claim to its reveal, in its daemon and on the chain.
func (r *run) follow(ctx context.Context) error {
	var last error
	err := r.poll(ctx, func() (bool, error) {
		view, err := r.cfg.Look(ctx, r.state.JobID)
		if err != nil {
			last = err
			view = View{}
		} else if view.Error != "" {
			last = errors.New(view.Error)
		}
		r.mark(legOf(view), view)
		if over(view) {
			return true, r.ended(view)
		}
		task, err := r.cfg.Tasks.Task(ctx, r.state.JobID, 0)
		switch {
		case errors.Is(err, chain.ErrNotFound):
			return r.gone(ctx)
		case err != nil:
			return false, err
		}
		r.mark(legOn(&task, r.cfg.Operator), view)
		if view.Delivered && r.watch.outcome(Commit).Done {
			r.watch.done(Deliver, "")
		}
		revealed := inReview(&task)
		if revealed && r.watch.outcome(Deliver).Done {
			r.watch.done(Reveal, "")
		}
		return revealed && r.watch.outcome(Reveal).Done, nil
	})
	if err != nil && last != nil && !strings.Contains(err.Error(), last.Error()) {
		return fmt.Errorf("%w; the daemon says: %w", err, last)
	}
	return err
}

// mark records that all legs up to one have ended. Delivery and reveal are recorded apart, because
// they may end in either order.
func (r *run) mark(upTo Leg, view View) {
	for _, leg := range []Leg{Claim, Fetch, Run, Commit} {
		if position(leg) > position(upTo) || upTo == "" {
			return
		}
		detail := ""
		if leg == Run && view.Wall > 0 {
			detail = fmt.Sprintf("the program ran %s", view.Wall.Round(time.Millisecond))
		}
		r.watch.done(leg, detail)
	}
}

// legOf returns the last leg that has ended according to the daemon; "" if none has.
func legOf(view View) Leg {
	phase, err := store.ParsePhase(view.Phase)
	if err != nil || lost(view) {
		return ""
	}
	switch phase {
	case store.PhaseAssigned, store.PhasePreparing:
		return Claim
	case store.PhaseRunning:
		return Fetch
	case store.PhaseExecuted, store.PhaseCommitSent:
		return Run
	case store.PhaseCommitted, store.PhaseRevealed, store.PhaseOpened, store.PhaseSettled:
		return Commit
	case store.PhaseClaimed, store.PhaseYielding, store.PhaseReleased, store.PhaseFailed:
	}
	return ""
}

// over reports whether the node has given the task up, or has lost it.
func over(view View) bool {
	return view.Phase == store.PhaseReleased.String() || view.Phase == store.PhaseFailed.String() || lost(view)
}

// lost reports whether the assignment ended without the node's result. The phase is the same as after work
// that was paid.
func lost(view View) bool {
	switch view.Outcome {
	case "", "paid", "unpaid":
		return false
	}
	return true
}

// ended says why the node has given the task up.
func (r *run) ended(view View) error {
	state := view.Phase
	if lost(view) {
		state = strings.ReplaceAll(view.Outcome, "_", " ")
	}
	if view.Error == "" {
		return fmt.Errorf("the assignment is %s, and the daemon does not say why", state)
	}
	return fmt.Errorf("the assignment is %s: %s", state, view.Error)
}

// gone finds out why the chain shows no task: no node has claimed it yet, or it has ended.
func (r *run) gone(ctx context.Context) (bool, error) {
	settlement, err := r.cfg.Client.Settlement(ctx, r.state.JobID)
	if err != nil || settlement == nil {
		return false, err
	}
	return true, fmt.Errorf("expected a result to review, found a job that ended %s", client.StatusName(settlement.Job.Status))
}

// legOn returns the last leg that has ended according to the chain; "" if none has.
func legOn(task *computetypes.Chunk, operator string) Leg {
	leg := Leg("")
	for i := range task.Rounds {
		for _, a := range task.Rounds[i].Replicas {
			if a.Operator != operator {
				continue
			}
			switch a.Status {
			case computetypes.ASSIGNMENT_STATUS_ASSIGNED:
				leg = Claim
			case computetypes.ASSIGNMENT_STATUS_COMMITTED, computetypes.ASSIGNMENT_STATUS_REVEALED:
				leg = Commit
			default: // the part has not begun, or has ended
			}
		}
	}
	return leg
}

// inReview reports whether the task waits for its requester.
func inReview(task *computetypes.Chunk) bool {
	n := len(task.Rounds)
	return n > 0 && task.Rounds[n-1].Phase == computetypes.ROUND_PHASE_REVIEW
}
