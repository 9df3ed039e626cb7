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
	// maxProofs bounds the number of tasks that are proven at a time.
	maxProofs = 100
	// sweepBlocks is more than the number of blocks that the chain needs to record what a
	// height has changed in a task without new messages. A node of the chain shows such a
	// change at once.
	sweepBlocks = 50
	// followPause is the time without a proof after which the newest header is followed
	// nevertheless. The trusted header must not become too old to be a starting point.
	followPause = 30 * time.Minute
)

// whyUnproven is the beginning of the message for a failed proof.
const whyUnproven = "cannot prove what the node of chain.grpc shows, so that work goes on and no commitment, tag, digest or output leaves this machine"

// proofs is the agent's state with regard to proofs.
type proofs struct {
	// prover proves that a secret may leave this machine. If it is nil, the agent believes the
	// node.
	prover Prover
	// underway reports whether proofs are being read concurrently with the loop.
	underway bool
	// at is the height and when the time of the last try.
	at   int64
	when time.Time
	// operator is the operator that the worker key was proven to serve.
	operator sdk.AccAddress
	// audited is the height at which everything that the node holds was last proven.
	audited int64
	// failed is the number of tries in a row that have failed.
	failed int
	// trouble explains why the last try failed. It is empty if the try succeeded.
	trouble string
}

// proved contains what was read with proofs.
type proved struct {
	// endpoint is the node that was asked.
	endpoint string
	refs     []computetypes.ChunkRef
	operator sdk.AccAddress
	list     []chain.Proven
	err      error
}

// traceKeys returns the keys of the traces that an execution computes. These are the proven
// keys, or else the keys that the node shows, which have to be proven before the commitment
// leaves this machine. It returns nil if there are no keys yet.
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

// workDigest returns the digest of a spec without its sink, because the requester may change
// the sink.
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

// unproven returns what has to be proven, most urgent first.
func (a *Agent) unproven() []computetypes.ChunkRef {
	urgent, rest := a.hidden(), []computetypes.ChunkRef(nil)
	audits := a.view.height >= a.proofs.audited+auditPause
	for _, w := range a.assignments.inOrder() {
		switch {
		case showing(w), a.delivers(w) && !w.clearance.deliver:
			if w.clearance.since == 0 {
				w.clearance.since = a.view.height
			}
			urgent = append(urgent, refOf(w.record.Key))
		case w.goneSince > 0 && !w.goneProven:
			urgent = append(urgent, refOf(w.record.Key))
		case w.item != nil && audits:
			rest = append(rest, refOf(w.record.Key))
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

// prove reads the proofs that are needed, once per block and concurrently with the loop.
func (a *Agent) prove() {
	if a.proofs.prover == nil || a.proofs.underway || a.view.node == nil || a.view.height == a.proofs.at || a.fatal != nil {
		return
	}
	refs, now := a.unproven(), a.cfg.Now()
	if len(refs) == 0 && now.Sub(a.proofs.when) < followPause {
		return
	}
	if a.view.height >= a.proofs.audited+auditPause {
		a.proofs.audited = a.view.height
	}
	a.proofs.underway, a.proofs.at, a.proofs.when = true, a.view.height, now
	endpoint := a.cfg.Endpoints.Using()
	ctx, prover, worker, operator := a.loop.ctx, a.proofs.prover, a.cfg.Chain.Address(), a.view.operator
	served := len(a.cfg.Operator) > 0 || operator.Equals(a.proofs.operator)
	a.loop.beside(func() event {
		ctx, cancel := context.WithTimeout(ctx, queryTimeout)
		defer cancel()
		done := proved{endpoint: endpoint, refs: refs, operator: operator}
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
		a.unprovable(p.endpoint, p.err)
		return
	}
	a.proofs.operator = p.operator
	a.learn()
	bad := 0
	for i := range p.list {
		found := &p.list[i]
		if found.Err != nil {
			a.proofs.trouble = found.Err.Error()
			a.trouble(whyUnproven, found.Err)
			bad++
			continue
		}
		a.takeJob(p.refs[i].JobId, found)
		if w, live := a.assignments[keyOf(p.refs[i])]; live {
			a.clear(w, found)
		}
		a.confront(p.refs[i], found)
	}
	if bad < len(p.list) || bad == 0 {
		a.proofs.failed = 0
		return
	}
	a.unprovable(p.endpoint, p.list[0].Err)
}

// unprovable tells the owner why secrets do not leave this machine. After some failures another node
// is asked.
func (a *Agent) unprovable(endpoint string, err error) {
	a.proofs.trouble = err.Error()
	a.trouble(whyUnproven, err)
	if a.cfg.ProvenElsewhere() || errors.Is(err, chain.ErrWitness) {
		return
	}
	if a.proofs.failed++; a.proofs.failed < maxUnproven {
		return
	}
	a.proofs.failed = 0
	a.cfg.Endpoints.Distrust(endpoint, fmt.Sprintf("nothing that it shows can be proven: %v", err))
}

// takeJob replaces a job that was read without proof with the job as it is on the chain.
func (a *Agent) takeJob(id string, found *chain.Proven) {
	if found.Job == nil || found.Spec == nil {
		return // the job is too new to be proven, has ended, or never existed
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
			// This request is newer than the proof. Its sink is proven before anything is
			// delivered to it.
			actual.spec.Sink, actual.requested = known.spec.Sink, known.requested
		}
	}
	a.jobs[id] = actual
	for _, w := range a.assignments {
		if w.record.JobID == id && w.spec != nil {
			w.correct(&actual)
		}
	}
	kept := a.draws.claims[:0]
	for _, d := range a.draws.claims {
		// A draw with other terms is judged again by its true terms when the draws are next
		// read.
		if d.Ref.JobId != id || sameTerms(d.Job, actual.terms()) {
			kept = append(kept, d)
		}
	}
	a.draws.claims = kept
}

// sameTerms reports whether two readings of a job describe the same work on the same terms.
func sameTerms(x, y *bid.Job) bool {
	return x.Requester == y.Requester && x.Liability.Equal(y.Liability) && bytes.Equal(workDigest(x.Spec), workDigest(y.Spec))
}

// correct gives an assignment the spec that is on the chain. Files that were fetched for
// another spec are fetched again.
func (w *assignment) correct(j *job) {
	if w.ready != nil && !bytes.Equal(workDigest(w.spec), workDigest(j.spec)) {
		w.ready.release()
		w.ready = nil
	}
	w.spec, w.judges = j.spec, j.judges
}

// redo repeats work that was done for a job, or under keys, that differ from those on the
// chain.
func (a *Agent) redo(w *assignment) {
	j := a.jobs[w.record.JobID]
	otherWork := j.proven && len(w.record.Work) > 0 && !bytes.Equal(w.record.Work, workDigest(j.spec))
	otherKeys := w.clearance.keys != nil && !slices.EqualFunc(w.clearance.keys, w.record.TraceKeys, bytes.Equal)
	otherPart := w.clearance.part != nil && !samePart(&w.record, w.clearance.part)
	if a.proofs.prover == nil || !otherWork && !otherKeys && !otherPart {
		return
	}
	if j.proven {
		w.spec, w.judges = j.spec, j.judges
	}
	a.moveOn(w, store.PhasePreparing, func(r *store.Assignment) {
		r.Work, r.LastError = nil, "the node of chain.grpc had shown another job, other tasks, or other keys of its traces, than the chain has; it is done again"
	})
}

// grounds says what is believed about the chain's node, and why.
func (p *proofs) grounds() string {
	if p.prover == nil {
		return "nothing is proven: all that the node of chain.grpc says is believed (chain.verify = none)"
	}
	if said := p.prover.Grounds(); said != "" {
		return said
	}
	return "nothing has been proven yet"
}
