package agent

import (
	"cmp"
	"context"
	"slices"

	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// assignment is what the loop knows of one piece of work: its journal record,
// what the chain last said, and what runs beside the loop for it.
type assignment struct {
	record store.Assignment
	// item is what the chain lists; nil when it lists nothing (any more).
	item *computetypes.WorkItem
	// spec and prepareBlocks come from the job; nil until it was read.
	spec *computetypes.JobSpec

	// ctx ends all that runs for this assignment.
	ctx    context.Context
	cancel context.CancelFunc

	// ran is the spec that was executed last, ranUnder the keys of its traces.
	ran      *computetypes.JobSpec
	ranUnder [][]byte
	// clearance is what the chain has been proven to allow.
	clearance clearance

	// fetching and executing tell what runs beside the loop.
	fetching, executing bool
	// ready holds the fetched inputs until a slot is free.
	ready *materials
	// stopFetching ends the fetch that runs.
	stopFetching context.CancelFunc
	// missing is the input that cannot be had, by its number on chain.
	missing *uint32
	// giveUp asks for a release without naming an input.
	giveUp bool
	// recovered: the daemon was killed while the program ran.
	recovered bool
	// claimSent: a claim is on its way or was taken.
	claimSent bool
	// failures counts executions that this machine could not finish.
	failures int
	// deaths counts those of them that have ended the worker.
	deaths int
	// revealSince is the height at which its round was first seen to wait for reveals.
	revealSince int64
	// retriedAt is the height of the last further attempt.
	retriedAt int64
	// searched: its task is gone as well, and blocks are searched for its receipt.
	searched bool
	// goneSince is the height at which the chain stopped listing it, 0 while it does.
	goneSince int64
}

func keyOf(ref computetypes.TaskRef) store.Key {
	return store.Key{JobID: ref.JobId, Task: ref.Task, Round: ref.Round}
}

func refOf(key store.Key) computetypes.TaskRef {
	return computetypes.TaskRef{JobId: key.JobID, Task: key.Task, Round: key.Round}
}

func itemKey(item *computetypes.WorkItem) store.Key { return keyOf(item.Ref) }

// track returns the loop's entry for a record, new or known.
func (a *Agent) track(record store.Assignment) *assignment {
	w, known := a.assignments[record.Key]
	if !known {
		w = &assignment{}
		w.ctx, w.cancel = context.WithCancel(a.loop.ctx)
		a.assignments[record.Key] = w
	}
	w.record = record
	return w
}

// forget ends what runs for an assignment that is finished, but for the delivery of
// outputs that are owed.
func (a *Agent) forget(w *assignment) {
	w.cancel()
	a.deliveries.keep(a.loop.ctx, w.record)
	if w.ready != nil {
		w.ready.release()
	}
	delete(a.assignments, w.record.Key)
}

// assignments are those that are not over, by key.
type assignments map[store.Key]*assignment

// inOrder lists the assignments by key, so that equal states send equal batches.
func (all assignments) inOrder() []*assignment {
	list := make([]*assignment, 0, len(all))
	for _, w := range all {
		list = append(list, w)
	}
	slices.SortFunc(list, func(x, y *assignment) int {
		return cmp.Or(
			cmp.Compare(x.record.JobID, y.record.JobID),
			cmp.Compare(x.record.Task, y.record.Task),
			cmp.Compare(x.record.Round, y.record.Round))
	})
	return list
}

// owes tells whether the outputs are still to be delivered. A job that judges a
// challenge has no sink and takes none.
func (w *assignment) owes() bool { return !w.record.Delivered && w.spec.Sink != "" }

// over tells whether the chain has taken an assignment away and only its receipt is
// awaited: nothing more is run for it.
func (w *assignment) over() bool { return w.goneSince > 0 && w.ctx.Err() != nil }

// holdAny tells whether one of them takes a slot of the machine.
func (all assignments) holdAny() bool {
	for _, w := range all {
		if holds(w.record.Phase) {
			return true
		}
	}
	return false
}

// holds tells whether an assignment takes a slot of the machine: from the claim
// until the tag is out.
func holds(p store.Phase) bool {
	switch p {
	case store.PhaseClaimed, store.PhaseAssigned, store.PhasePreparing, store.PhaseRunning,
		store.PhaseExecuted, store.PhaseCommitSent, store.PhaseCommitted:
		return true
	case store.PhaseRevealed, store.PhaseOpened, store.PhaseSettled, store.PhaseReleased, store.PhaseFailed:
		return false
	}
	return false
}
