package agent

import (
	"cmp"
	"context"
	"slices"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// assignment is the loop's view of one piece of work: its journal record, what the chain last
// reported, and what runs concurrently with the loop for it.
type assignment struct {
	record store.Assignment
	// item is the assignment as the chain lists it. It is nil if the chain does not list it,
	// or no longer lists it.
	item *computetypes.WorkItem
	// spec is the spec of the job, and prepareBlocks is from the job too. spec is nil until
	// the job was read.
	spec *computetypes.JobSpec
	// judges is the first task of the chunk whose root the job judges, or nil.
	judges *computetypes.ChunkRef

	// drawnTasks is the number of tasks that the draw was for, as the chain listed it.
	drawnTasks uint64
	// run is the execution of a chunk of several tasks. It is nil while none runs.
	run *chunkRun
	// read contains the results of a chunk once they have been read from the disk.
	read *sealed

	// ctx ends everything that runs for this assignment.
	ctx    context.Context
	cancel context.CancelFunc

	// ran is the spec that was executed last. ranUnder contains the keys of the traces of that
	// execution.
	ran      *computetypes.JobSpec
	ranUnder [][]byte
	// clearance contains what the chain has been proven to allow.
	clearance clearance

	// fetching and executing report what currently runs concurrently with the loop.
	fetching, executing bool
	// ready contains the fetched inputs until a slot is free.
	ready *materials
	// stopFetching ends the current fetch.
	stopFetching context.CancelFunc
	// missing is the number on chain of an input that cannot be fetched. It is nil if there is
	// no such input.
	missing *uint32
	// giveUp requests a release that does not name an input.
	giveUp bool
	// recovered reports whether the daemon was killed while the program ran.
	recovered bool
	// claimSent reports whether a claim is on its way or was accepted.
	claimSent bool
	// failures is the number of executions that this machine could not complete.
	failures int
	// deaths is the number of these failures in which the worker process ended.
	deaths int
	// doubts is the number of these failures in which the device of the tensors failed.
	doubts int
	// unsealed reports that no commitment to the tasks of a chunk that have a result could be made.
	unsealed bool
	// revealSince is the height at which the round was first seen to wait for reveals.
	revealSince int64
	// retriedAt is the height of the last retry.
	retriedAt int64
	// searched reports that the task is gone too, and that blocks are searched for its
	// receipt.
	searched bool
	// goneSince is the height at which the chain stopped listing the assignment. It is 0 while
	// the chain lists it.
	goneSince int64
	// goneProven reports that the chain was proven not to list the assignment any more, and
	// goneTwice that a second node does not list it either. They hold while goneSince is set.
	goneProven, goneTwice bool
}

func keyOf(ref computetypes.ChunkRef) store.Key {
	return store.Key{JobID: ref.JobId, Task: ref.Task, Round: ref.Round}
}

func refOf(key store.Key) computetypes.ChunkRef {
	return computetypes.ChunkRef{JobId: key.JobID, Task: key.Task, Round: key.Round}
}

func itemKey(item *computetypes.WorkItem) store.Key { return keyOf(item.Ref) }

// track returns the loop's entry for a record, and creates it if necessary.
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

// forget ends everything that runs for a finished assignment, except for the delivery of
// outputs that it owes.
func (a *Agent) forget(w *assignment) {
	w.cancel()
	a.deliveries.keep(a.loop.ctx, w.record)
	if w.ready != nil {
		w.ready.release()
	}
	delete(a.assignments, w.record.Key)
}

// assignments contains the assignments that are not over, by key.
type assignments map[store.Key]*assignment

// needed returns the files that the assignments need which have not been executed, as far as their
// jobs name them.
func (all assignments) needed() map[blob.Digest]bool {
	needed := map[blob.Digest]bool{}
	for _, w := range all {
		if w.spec == nil || !toRun(w.record.Phase) {
			continue
		}
		names := [][]byte{w.spec.Program.Sha256}
		for i := range w.spec.Inputs {
			names = append(names, w.spec.Inputs[i].Blob.Sha256)
		}
		for _, name := range names {
			if d, err := blob.DigestFrom(name); err == nil {
				needed[d] = true
			}
		}
	}
	return needed
}

// inOrder returns the assignments in order of key, so that equal states lead to equal batches.
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

// owes reports whether the outputs still have to be delivered. A job that judges a challenge
// does not have a sink, so that its outputs are not delivered. Neither are samples of a chunk:
// the node that has executed the whole chunk delivers it.
func (w *assignment) owes() bool {
	return !w.record.Delivered && w.spec.Sink != "" && len(w.record.Samples) == 0
}

// over reports whether the chain no longer lists an assignment and only its receipt is
// awaited. Nothing is run for it any more.
func (w *assignment) over() bool { return w.goneSince > 0 && w.ctx.Err() != nil }

// holdAny reports whether one of the assignments, except for some, uses a slot of the machine.
func (all assignments) holdAny(except func(*assignment) bool) bool {
	for _, w := range all {
		if holds(w.record.Phase) && !except(w) {
			return true
		}
	}
	return false
}

// holds reports whether an assignment in a phase uses a slot of the machine. It does so from
// the claim until its tag is revealed.
func holds(p store.Phase) bool {
	switch p {
	case store.PhaseClaimed, store.PhaseAssigned, store.PhasePreparing, store.PhaseRunning,
		store.PhaseYielding, store.PhaseExecuted, store.PhaseCommitSent, store.PhaseCommitted:
		return true
	case store.PhaseRevealed, store.PhaseOpened, store.PhaseSettled, store.PhaseReleased, store.PhaseFailed:
		return false
	}
	return false
}
