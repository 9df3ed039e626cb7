package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// clearance contains what the chain was proven to allow for one assignment. Everything that it
// allows is allowed permanently.
type clearance struct {
	// reveal reports that the round waits for the reveal of the commitment, open that it waits
	// for the digest, and deliver that no node of the round can still commit.
	reveal, open, deliver bool
	// keys contains the keys of the traces that the tag must contain, and part what the node
	// executes of the chunk.
	keys [][]byte
	part *chain.Part
	// shows contains the positions of the tasks whose results are revealed with a root. It is
	// known when reveal is set. opens contains the positions of the tasks whose digests may be
	// shown if open is set.
	shows, opens []uint32
	// since is the height at which the node first reported that the chain waits for a secret.
	since int64
}

// mayCommit reports whether a commitment may leave this machine. The executed work must be the
// work of the job on the chain. Otherwise a node that shows a different job could make this
// machine lose its bond.
func (p *proofs) mayCommit(w *assignment, j job) bool {
	if p.prover == nil {
		return true
	}
	// A result that is older than this field does not name its work.
	return j.proven && (len(w.record.Work) == 0 || bytes.Equal(w.record.Work, workDigest(j.spec))) &&
		w.clearance.keys != nil && slices.EqualFunc(w.clearance.keys, w.record.TraceKeys, bytes.Equal) &&
		w.clearance.part != nil && samePart(&w.record, w.clearance.part)
}

// unkeyed reports whether the keys of an assignment's traces still have to be proven.
func unkeyed(w *assignment) bool {
	switch w.record.Phase {
	case store.PhaseAssigned, store.PhasePreparing, store.PhaseRunning, store.PhaseExecuted, store.PhaseCommitSent:
		return w.clearance.keys == nil || w.clearance.part == nil
	case store.PhaseClaimed, store.PhaseYielding, store.PhaseCommitted, store.PhaseRevealed, store.PhaseOpened,
		store.PhaseSettled, store.PhaseReleased, store.PhaseFailed:
	}
	return false
}

// sealSink returns an edit that records the sink of a result as proven.
func (a *Agent) sealSink(w *assignment) func(*store.Assignment) {
	j := a.jobs[w.record.JobID]
	if !j.proven || j.spec.Sink == "" || len(w.record.Samples) > 0 {
		return nil
	}
	sink := computetypes.TaskSink(j.spec.Sink, w.record.Task)
	return func(r *store.Assignment) { r.Sink, r.SinkProven = sink, true }
}

// mayShow reports whether the tag and the salt may leave this machine.
func (p *proofs) mayShow(w *assignment) bool { return p.prover == nil || w.clearance.reveal }

// mayDeliver reports whether the outputs may be delivered to their sink. The sink is proven at
// that time.
func (p *proofs) mayDeliver(w *assignment) bool { return p.prover == nil || w.clearance.deliver }

// delivers reports whether outputs are due according to the node.
func (a *Agent) delivers(w *assignment) bool {
	switch w.record.Phase {
	case store.PhaseCommitted, store.PhaseRevealed, store.PhaseOpened:
		return w.item != nil && w.spec != nil && w.owes() && !a.deliveries.queued(w.record.Key) && w.allCommitted()
	case store.PhaseClaimed, store.PhaseAssigned, store.PhasePreparing, store.PhaseRunning, store.PhaseYielding, store.PhaseExecuted,
		store.PhaseCommitSent, store.PhaseSettled, store.PhaseReleased, store.PhaseFailed:
	}
	return false
}

// mayOpen reports whether the digest of the task at a position may leave this machine.
func (p *proofs) mayOpen(w *assignment, position uint32) bool {
	return p.prover == nil || w.clearance.opened(position)
}

// opened reports whether the chain waits, or has waited, for the digest of the task at a
// position.
func (c *clearance) opened(position uint32) bool {
	return c.open && slices.Contains(c.opens, position)
}

// opens returns the positions whose digests the chain waits for according to the node.
func (w *assignment) opens() []uint32 {
	if w.item == nil || !w.item.MustOpen {
		return nil
	}
	if len(w.item.Opens) == 0 {
		return []uint32{0}
	}
	return w.item.Opens
}

// mayClaim reports whether the terms of a job were proven to be those on the chain.
func (p *proofs) mayClaim(j job) bool { return p.prover == nil || j.proven }

// showing reports whether the chain waits for a secret according to the node.
func showing(w *assignment) bool {
	if w.item == nil || w.over() {
		return false
	}
	reveals := w.record.Phase == store.PhaseCommitted && !w.clearance.reveal && w.item.CurrentRound == w.record.Round &&
		w.item.Phase == computetypes.ROUND_PHASE_REVEAL && w.item.Assignment.Status == computetypes.ASSIGNMENT_STATUS_COMMITTED
	reveals = reveals || w.record.Phase == store.PhaseRevealed && w.item.MustShowAll && !w.clearance.reveal
	return reveals || slices.ContainsFunc(w.opens(), func(position uint32) bool { return !w.clearance.opened(position) })
}

// clear records what the chain allows for an assignment.
func (a *Agent) clear(w *assignment, found *chain.Proven) {
	operator, round, commitment := a.view.operator.String(), w.record.Round, w.record.Commitment
	if found.Reveals(round, operator, commitment) {
		w.clearance.reveal, w.clearance.shows = true, found.Shows()
	}
	if found.Opens(round, operator, commitment) {
		w.clearance.open = true
		w.clearance.opens = slices.Compact(slices.Sorted(slices.Values(slices.Concat(w.clearance.opens, found.Judged()))))
	}
	if keys := found.TraceKeys(round); keys != nil {
		w.clearance.keys = keys
	}
	if part, drawn := found.Part(round, operator); drawn && w.clearance.part == nil {
		w.clearance.part = &part
	}
	w.clearance.deliver = w.clearance.deliver || found.AllCommitted(round)
	if showing(w) && found.Height >= w.clearance.since+sweepBlocks {
		a.trouble("assignment "+w.record.Key.String(), fmt.Errorf("%w: it has said since block %d that the chain waits for this result, and after block %d the chain does not; nothing was shown", chain.ErrContradicted, w.clearance.since, found.Height))
	}
}

// cleared contains what was proven about a delivery.
type cleared struct {
	// sink is the sink that the chain names. It is empty if the chain has forgotten the job.
	sink string
}

// proofLag is the number of blocks by which a proof may be behind a request that it has to show. A
// node that names a height further ahead must not keep outputs on this machine.
const proofLag = 100

// errNotCleared means that the outputs must not leave this machine yet.
var errNotCleared = errors.New("the outputs stay here until the chain is proven to let them go")

// clearDelivery proves that the outputs of a result may leave this machine and what their sink
// is. It writes the sink into the record. If the prover is nil, it believes the record.
func clearDelivery(ctx context.Context, prover Prover, record *store.Assignment) (*cleared, error) {
	if prover == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	list, err := prover.Tasks(ctx, []computetypes.ChunkRef{refOf(record.Key)})
	if err == nil {
		err = list[0].Err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotCleared, err)
	}
	found := &list[0]
	if behind := record.Requested - found.Height; behind > 0 && behind <= proofLag {
		// An earlier state still names the sink before the request, and its server may be gone.
		return nil, fmt.Errorf("%w: only block %d is proven, and the requester has asked in block %d", errNotCleared, found.Height, record.Requested)
	}
	if !found.AllCommitted(record.Round) {
		return nil, fmt.Errorf("%w: after block %d others of its round may still commit", errNotCleared, found.Height)
	}
	proof := &cleared{sink: found.Sink()}
	switch {
	case proof.sink != "":
		record.Sink = proof.sink
	case found.Spec != nil:
		return nil, fmt.Errorf("%w: after block %d the job names no sink", errNotCleared, found.Height)
	case !record.SinkProven:
		return nil, fmt.Errorf("%w: the chain has forgotten the job, and nothing proves that its sink was %s", errNotCleared, record.Sink)
	}
	return proof, nil
}

// noteClearance records what was proven about a delivery.
func (a *Agent) noteClearance(d *delivery, proof *cleared) {
	if proof == nil {
		return
	}
	d.cleared = true
	if proof.sink != "" && (!d.record.SinkProven || d.record.Sink != proof.sink) {
		a.noteDelivery(d.record.Key, func(r *store.Assignment) { r.Sink, r.SinkProven = proof.sink, true })
	}
}
