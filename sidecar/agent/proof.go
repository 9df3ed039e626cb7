package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// maxProofs bounds what is proven in one go.
	maxProofs = 100
	// sweepBlocks is more than the chain takes to write down what a height has changed of a
	// task that nobody speaks to: its node shows it at once.
	sweepBlocks = 50
	// followPause is how long nothing may be proven before the newest header is followed
	// all the same: what is trusted must not grow too old to go on from.
	followPause = 30 * time.Minute
)

// whyUnproven leads what is told where something cannot be proven.
const whyUnproven = "cannot prove what the node of chain.grpc shows, so that work goes on and no commitment, tag, digest or output leaves this machine"

// clearance is what the chain was proven to allow of one assignment. What it allows it
// allows for good.
type clearance struct {
	// reveal: its round waits for the reveal of its commitment. open: for its digest.
	// deliver: nobody of its round can commit any more.
	reveal, open, deliver bool
	// keys are those of the traces that the tag has to have.
	keys [][]byte
	// since is the height at which the node first said so.
	since int64
}

// proofs are where the agent stands with proving.
type proofs struct {
	// prover proves what allows a secret to leave; nil believes the node.
	prover Prover
	// underway: some are being read beside the loop.
	underway bool
	// at is the height of the last try, when its time.
	at   int64
	when time.Time
	// operator was proven to be served by the worker key.
	operator sdk.AccAddress
	// trouble is why the last try failed, empty if it did not.
	trouble string
}

// proved is what was read with proofs.
type proved struct {
	refs     []computetypes.TaskRef
	operator sdk.AccAddress
	list     []chain.Proven
	err      error
}

// mayCommit tells whether a commitment may leave: what was executed is what the chain
// has the job ask for. A node that shows another job would have it lose its bond.
func (p *proofs) mayCommit(w *assignment, j job) bool {
	if p.prover == nil {
		return true
	}
	// A result of before this was kept names no work.
	return j.proven && (len(w.record.Work) == 0 || bytes.Equal(w.record.Work, workDigest(j.spec))) &&
		w.clearance.keys != nil && slices.EqualFunc(w.clearance.keys, w.record.TraceKeys, bytes.Equal)
}

// traceKeys are the keys of the traces that an execution folds: those that were proven, or
// else those that the node shows, which are proven before the commitment leaves; nil while
// there are none.
func (w *assignment) traceKeys() [][]byte {
	keys := w.clearance.keys
	if keys == nil && w.item != nil {
		keys = w.item.TraceKeys
	}
	if len(keys) > executor.MaxTraceKeys {
		return nil
	}
	for _, key := range keys {
		if len(key) != sha256.Size {
			return nil
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return keys
}

// unkeyed tells whether the keys of an assignment's traces have still to be proven.
func unkeyed(w *assignment) bool {
	switch w.record.Phase {
	case store.PhaseAssigned, store.PhasePreparing, store.PhaseRunning, store.PhaseExecuted, store.PhaseCommitSent:
		return w.clearance.keys == nil
	case store.PhaseClaimed, store.PhaseCommitted, store.PhaseRevealed, store.PhaseOpened,
		store.PhaseSettled, store.PhaseReleased, store.PhaseFailed:
	}
	return false
}

// workDigest is the digest of a spec apart from its sink, which its requester may change.
func workDigest(spec *computetypes.JobSpec) []byte {
	if spec == nil {
		return nil
	}
	work := *spec
	work.Sink = ""
	digest, err := computetypes.SpecDigest(&work)
	if err != nil {
		return nil
	}
	return digest
}

// sealSink notes that the sink of a result is what the chain has.
func (a *Agent) sealSink(w *assignment) func(*store.Assignment) {
	j := a.jobs[w.record.JobID]
	if !j.proven || j.spec.Sink == "" {
		return nil
	}
	sink := computetypes.TaskSink(j.spec.Sink, w.record.Task)
	return func(r *store.Assignment) { r.Sink, r.SinkProven = sink, true }
}

// mayShow tells whether tag and salt may leave.
func (p *proofs) mayShow(w *assignment) bool { return p.prover == nil || w.clearance.reveal }

// mayDeliver tells whether the outputs may be brought to their sink, which is proven then.
func (p *proofs) mayDeliver(w *assignment) bool { return p.prover == nil || w.clearance.deliver }

// delivers tells whether outputs are due, as far as the node says.
func (a *Agent) delivers(w *assignment) bool {
	switch w.record.Phase {
	case store.PhaseCommitted, store.PhaseRevealed, store.PhaseOpened:
		return w.item != nil && w.spec != nil && w.owes() && !a.deliveries.queued(w.record.Key) && w.allCommitted()
	case store.PhaseClaimed, store.PhaseAssigned, store.PhasePreparing, store.PhaseRunning, store.PhaseExecuted,
		store.PhaseCommitSent, store.PhaseSettled, store.PhaseReleased, store.PhaseFailed:
	}
	return false
}

// mayOpen tells whether the digest may leave.
func (p *proofs) mayOpen(w *assignment) bool { return p.prover == nil || w.clearance.open }

// mayClaim tells whether the terms of a job are those of the chain.
func (p *proofs) mayClaim(j job) bool { return p.prover == nil || j.proven }

// showing tells whether the chain waits for a secret, as far as its node says.
func showing(w *assignment) bool {
	if w.item == nil || w.over() {
		return false
	}
	reveals := w.record.Phase == store.PhaseCommitted && !w.clearance.reveal && w.item.CurrentRound == w.record.Round &&
		w.item.Phase == computetypes.ROUND_PHASE_REVEAL && w.item.Assignment.Status == computetypes.ASSIGNMENT_STATUS_COMMITTED
	return reveals || w.item.MustOpen && !w.clearance.open
}

// unproven lists what has to be proven, most urgent first.
func (a *Agent) unproven() []computetypes.TaskRef {
	var urgent, rest []computetypes.TaskRef
	for _, w := range a.assignments.inOrder() {
		switch {
		case showing(w), a.delivers(w) && !w.clearance.deliver:
			if w.clearance.since == 0 {
				w.clearance.since = a.view.height
			}
			urgent = append(urgent, refOf(w.record.Key))
		case w.item != nil && !w.over() && (!a.jobs[w.record.JobID].proven || unkeyed(w)):
			rest = append(rest, refOf(w.record.Key))
		}
	}
	for i := range a.draws.claims {
		if ref := a.draws.claims[i].Ref; !a.proofs.mayClaim(a.jobs[ref.JobId]) {
			rest = append(rest, ref)
		}
	}
	all := slices.Concat(urgent, rest)
	return all[:min(len(all), maxProofs)]
}

// prove reads beside the loop what has to be proven, once a block.
func (a *Agent) prove() {
	if a.proofs.prover == nil || a.proofs.underway || a.view.node == nil || a.view.height == a.proofs.at || a.fatal != nil {
		return
	}
	refs, now := a.unproven(), a.cfg.Now()
	if len(refs) == 0 && now.Sub(a.proofs.when) < followPause {
		return
	}
	a.proofs.underway, a.proofs.at, a.proofs.when = true, a.view.height, now
	ctx, prover, worker, operator := a.loop.ctx, a.proofs.prover, a.cfg.Chain.Address(), a.view.operator
	served := len(a.cfg.Operator) > 0 || operator.Equals(a.proofs.operator)
	a.loop.beside(func() event {
		ctx, cancel := context.WithTimeout(ctx, queryTimeout)
		defer cancel()
		done := proved{refs: refs, operator: operator}
		if !served {
			done.err = prover.Serves(ctx, worker, operator)
		}
		if done.err == nil && len(refs) == 0 {
			_, done.err = prover.Follow(ctx)
		}
		if done.err == nil && len(refs) > 0 {
			done.list, done.err = prover.Tasks(ctx, refs)
		}
		return done
	})
}

// apply implements event.
func (p proved) apply(a *Agent) {
	a.proofs.underway, a.proofs.trouble = false, ""
	if p.err != nil {
		a.unprovable(p.err)
		return
	}
	a.proofs.operator = p.operator
	for i := range p.list {
		found := &p.list[i]
		if found.Err != nil {
			a.unprovable(found.Err)
			continue
		}
		a.takeJob(p.refs[i].JobId, found)
		if w, live := a.assignments[keyOf(p.refs[i])]; live {
			a.clear(w, found)
		}
	}
}

// unprovable tells the owner why secrets stay.
func (a *Agent) unprovable(err error) {
	a.proofs.trouble = err.Error()
	a.trouble(whyUnproven, err)
}

// takeJob takes a job as the chain has it, and what was read of it before no longer.
func (a *Agent) takeJob(id string, found *chain.Proven) {
	if found.Job == nil || found.Spec == nil {
		return // it is too new to be proven, has ended, or never was
	}
	spec := *found.Spec
	actual := jobOf(found.Job, &spec)
	actual.proven = true
	if known, read := a.jobs[id]; read {
		if known.proven {
			return
		}
		if !sameTerms(known.terms(), actual.terms()) {
			a.trouble("job "+id, fmt.Errorf("%w; the job is taken as block %d has it", chain.ErrContradicted, found.Height))
		}
		if known.requested > actual.requested {
			// Asked for since. Where it goes is proven before anything goes there.
			actual.spec.Sink, actual.requested = known.spec.Sink, known.requested
		}
	}
	a.jobs[id] = actual
	for _, w := range a.assignments {
		if w.record.JobID == id && w.spec != nil {
			w.correct(actual.spec)
		}
	}
	kept := a.draws.claims[:0]
	for _, d := range a.draws.claims {
		// The next look judges it by its true terms.
		if d.Ref.JobId != id || sameTerms(d.Job, actual.terms()) {
			kept = append(kept, d)
		}
	}
	a.draws.claims = kept
}

// sameTerms tells whether two readings of a job are of the same work on the same terms.
func sameTerms(x, y *bid.Job) bool {
	return x.Requester == y.Requester && x.Liability.Equal(y.Liability) && bytes.Equal(workDigest(x.Spec), workDigest(y.Spec))
}

// correct gives an assignment the spec that the chain has. What was fetched for another
// is fetched again.
func (w *assignment) correct(spec *computetypes.JobSpec) {
	if w.ready != nil && !bytes.Equal(workDigest(w.spec), workDigest(spec)) {
		w.ready.release()
		w.ready = nil
	}
	w.spec = spec
}

// redo does again what was done for another job than the chain has, or under other keys.
func (a *Agent) redo(w *assignment) {
	j := a.jobs[w.record.JobID]
	otherWork := j.proven && len(w.record.Work) > 0 && !bytes.Equal(w.record.Work, workDigest(j.spec))
	otherKeys := w.clearance.keys != nil && !slices.EqualFunc(w.clearance.keys, w.record.TraceKeys, bytes.Equal)
	if a.proofs.prover == nil || !otherWork && !otherKeys {
		return
	}
	if j.proven {
		w.spec = j.spec
	}
	a.moveOn(w, store.PhasePreparing, func(r *store.Assignment) {
		r.Work, r.LastError = nil, "the node of chain.grpc had shown another job, or other keys of its traces, than the chain has; it is done again"
	})
}

// clear notes what the chain allows of an assignment.
func (a *Agent) clear(w *assignment, found *chain.Proven) {
	operator, round, commitment := a.view.operator.String(), w.record.Round, w.record.Commitment
	w.clearance.reveal = w.clearance.reveal || found.Reveals(round, operator, commitment)
	w.clearance.open = w.clearance.open || found.Opens(round, operator, commitment)
	if keys := found.TraceKeys(round); keys != nil {
		w.clearance.keys = keys
	}
	w.clearance.deliver = w.clearance.deliver || found.AllCommitted(round)
	if showing(w) && found.Height >= w.clearance.since+sweepBlocks {
		a.trouble("assignment "+w.record.Key.String(), fmt.Errorf("%w: it has said since block %d that the chain waits for this result, and after block %d the chain does not; nothing was shown", chain.ErrContradicted, w.clearance.since, found.Height))
	}
}

// cleared is what was proven of a delivery.
type cleared struct {
	// sink that the chain names; empty where it has forgotten the job.
	sink string
}

// errNotCleared: outputs have to stay.
var errNotCleared = errors.New("the outputs stay here until the chain is proven to let them go")

// clearDelivery proves that the outputs of a result may leave, and where they go, which it
// writes into the record. A nil prover believes the record.
func clearDelivery(ctx context.Context, prover Prover, record *store.Assignment) (*cleared, error) {
	if prover == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	list, err := prover.Tasks(ctx, []computetypes.TaskRef{refOf(record.Key)})
	if err == nil {
		err = list[0].Err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotCleared, err)
	}
	found := &list[0]
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

// noteClearance keeps what was proven of a delivery.
func (a *Agent) noteClearance(d *delivery, proof *cleared) {
	if proof == nil {
		return
	}
	d.cleared = true
	if proof.sink != "" && (!d.record.SinkProven || d.record.Sink != proof.sink) {
		a.noteDelivery(d.record.Key, func(r *store.Assignment) { r.Sink, r.SinkProven = proof.sink, true })
	}
}

// grounds says what is believed of the chain's node, and why.
func (p *proofs) grounds() string {
	if p.prover == nil {
		return "nothing is proven: all that the node of chain.grpc says is believed (chain.verify = none)"
	}
	if said := p.prover.Grounds(); said != "" {
		return said
	}
	return "nothing has been proven yet"
}
