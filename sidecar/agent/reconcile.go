package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// adopt stores the node as it is on the chain.
func (a *Agent) adopt(node edgenodetypes.Node) error {
	operator, err := sdk.AccAddressFromBech32(node.Profile.Operator)
	if err != nil {
		return fmt.Errorf("node: expected an operator address, found %q: %w", node.Profile.Operator, err)
	}
	if owner := a.cfg.Operator; len(owner) > 0 && !owner.Equals(operator) {
		a.view.node = nil
		return fmt.Errorf("worker %s serves the node of %s, and this home works for %s (chain.operator): somebody else has registered its key, and nothing is done for him; make another home with thetaedge init and register that one",
			a.cfg.Chain.Address(), operator, owner)
	}
	if a.view.node == nil || !operator.Equals(a.view.operator) {
		a.cfg.Chain.SetGranter(operator)
		a.cfg.Logger.Info("serving", "operator", node.Profile.Operator, "class", node.Profile.Class, "slots", node.State.Slots)
	}
	a.view.node, a.view.operator = &node, operator
	return nil
}

// reconcile makes every record agree with what the chain lists.
func (a *Agent) reconcile(ctx context.Context, work chain.Work) error {
	listed := make(map[store.Key]bool, len(work.Items))
	for i := range work.Items {
		item := &work.Items[i]
		listed[itemKey(item)] = true
		if err := a.agree(ctx, item); err != nil {
			return err
		}
	}
	a.listings.keys = listed
	var gone []*assignment
	for _, w := range a.assignments.inOrder() {
		if !listed[w.record.Key] {
			w.item = nil
			gone = append(gone, w)
		}
	}
	ended := a.endedTasks(ctx, gone)
	for _, w := range gone {
		a.unlisted(ctx, w, ended)
	}
	return a.fatal
}

// agree makes one record agree with an item that the chain lists.
func (a *Agent) agree(ctx context.Context, item *computetypes.WorkItem) error {
	key := itemKey(item)
	target, known := phaseOf(item.Assignment.Status)
	if !known {
		return nil
	}
	j, err := a.jobs.read(ctx, a.cfg.Chain, key.JobID)
	if err != nil {
		return err
	}
	w, tracked := a.assignments[key]
	var record store.Assignment
	agrees := tracked && w.agrees(item, target, j.spec)
	if agrees {
		record = w.record
	}
	if !agrees && !a.journal(func(tx *store.Tx) error {
		record, err = advance(tx, key, target, item)
		if err != nil {
			return err
		}
		deadlines := deadlinesOf(record.Deadlines, item, j.spec)
		record, err = tx.Edit(key, a.seen(func(r *store.Assignment) { r.Deadlines = deadlines }))
		return err
	}) {
		return a.fatal
	}
	if record.Phase.Finished() {
		a.lostCommitment(record, item)
		return nil
	}
	w = a.track(record)
	if w.ctx.Err() != nil {
		// The chain lists the assignment again after it had stopped listing it.
		w.ctx, w.cancel = context.WithCancel(a.loop.ctx)
	}
	w.item, w.spec, w.judges, w.goneSince = item, j.spec, j.judges, 0
	w.goneProven, w.goneTwice = false, false
	if w.revealSince == 0 && item.Phase == computetypes.ROUND_PHASE_REVEAL {
		w.revealSince = a.view.height
	}
	if item.Assignment.Status == computetypes.ASSIGNMENT_STATUS_CANDIDATE {
		w.claimSent = true
	}
	return nil
}

// agrees reports whether a record already agrees with what the chain lists. If so, a block
// without news does not cause a write.
func (w *assignment) agrees(item *computetypes.WorkItem, target store.Phase, spec *computetypes.JobSpec) bool {
	r := &w.record
	return len(mainLine(r.Phase, target)) == 0 &&
		(target < store.PhaseCommitted || bytes.Equal(r.Commitment, item.Assignment.Commitment)) &&
		deadlinesOf(r.Deadlines, item, spec) == r.Deadlines
}

// phaseOf returns the lowest phase of a record for a status on the chain.
func phaseOf(status computetypes.AssignmentStatus) (store.Phase, bool) {
	switch status {
	case computetypes.ASSIGNMENT_STATUS_CANDIDATE:
		return store.PhaseClaimed, true
	case computetypes.ASSIGNMENT_STATUS_ASSIGNED:
		return store.PhaseAssigned, true
	case computetypes.ASSIGNMENT_STATUS_COMMITTED:
		return store.PhaseCommitted, true
	case computetypes.ASSIGNMENT_STATUS_REVEALED:
		return store.PhaseRevealed, true
	case computetypes.ASSIGNMENT_STATUS_UNSPECIFIED, computetypes.ASSIGNMENT_STATUS_PAID,
		computetypes.ASSIGNMENT_STATUS_UNPAID, computetypes.ASSIGNMENT_STATUS_SLASHED,
		computetypes.ASSIGNMENT_STATUS_RELEASED, computetypes.ASSIGNMENT_STATUS_MISSED,
		computetypes.ASSIGNMENT_STATUS_NO_REVEAL, computetypes.ASSIGNMENT_STATUS_YIELDED:
		return 0, false
	}
	return 0, false
}

// advance moves a record up to the phase that follows from the chain's state. A record with a
// later phase does not change, because what it has sent is on its way.
func advance(tx *store.Tx, key store.Key, target store.Phase, item *computetypes.WorkItem) (store.Assignment, error) {
	record, err := recordOf(tx, key, target)
	if err != nil {
		return record, err
	}
	committed := item.Assignment.Commitment
	if target >= store.PhaseCommitted && (len(committed) == 0 || !bytes.Equal(record.Commitment, committed)) {
		if record.Phase.Finished() {
			return record, nil
		}
		return tx.Advance(key, record.Phase, store.PhaseFailed, func(r *store.Assignment) {
			r.LastError = fmt.Sprintf("the chain holds commitment %x, the journal %x: it cannot be revealed; was this home restored from a copy, or does another machine use this worker key?", committed, r.Commitment)
		})
	}
	for _, next := range mainLine(record.Phase, target) {
		if record, err = tx.Advance(key, record.Phase, next, nil); err != nil {
			return record, err
		}
	}
	return record, nil
}

// recordOf returns the record of an assignment that the chain lists. It creates the record if
// the journal does not contain it.
func recordOf(tx *store.Tx, key store.Key, target store.Phase) (store.Assignment, error) {
	record, err := tx.Get(key)
	if !errors.Is(err, store.ErrNotFound) {
		return record, err
	}
	first := store.PhaseAssigned
	if target == store.PhaseClaimed {
		first = store.PhaseClaimed
	}
	if err := tx.Put(store.Assignment{Key: key, Phase: first}); err != nil {
		return store.Assignment{}, err
	}
	return tx.Get(key)
}

// mainLine returns the phases from a record's phase to the phase on the chain.
func mainLine(from, target store.Phase) []store.Phase {
	switch {
	case from == store.PhaseReleased && target <= store.PhaseAssigned:
		return []store.Phase{target}
	case from.Finished() || from >= target:
		return nil
	case target == store.PhaseAssigned:
		return []store.Phase{store.PhaseAssigned}
	}
	var line []store.Phase
	for _, p := range []store.Phase{store.PhaseCommitSent, store.PhaseCommitted, store.PhaseRevealed} {
		if p > from && p <= target {
			line = append(line, p)
		}
	}
	return line
}

func deadlinesOf(d store.Deadlines, item *computetypes.WorkItem, spec *computetypes.JobSpec) store.Deadlines {
	if item.Assignment.AssignedHeight > 0 {
		d.Prepare = item.Assignment.AssignedHeight + int64(spec.PrepareBlocks) //nolint:gosec // bounded by the chain's params
	}
	if item.Assignment.CommitDeadline > 0 {
		d.Commit = item.Assignment.CommitDeadline
	}
	if item.RevealDeadline > 0 {
		d.Reveal = item.RevealDeadline
	}
	return d
}

// lostCommitment warns the owner, once, about a commitment of which this machine does not know: its bond will be lost
// unless another machine reveals it.
func (a *Agent) lostCommitment(record store.Assignment, item *computetypes.WorkItem) {
	w, tracked := a.assignments[record.Key]
	if !tracked && record.Phase != store.PhaseFailed {
		return
	}
	if tracked {
		a.forget(w)
	}
	switch status := item.Assignment.Status; {
	case record.LastError == "":
	case status == computetypes.ASSIGNMENT_STATUS_COMMITTED, status == computetypes.ASSIGNMENT_STATUS_REVEALED:
		// Once it is revealed, the bond is safe, but the owner has to know of the other machine.
		a.trouble("assignment "+record.Key.String(), fmt.Errorf("%s", record.LastError))
	}
}
