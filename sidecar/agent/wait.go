package agent

import (
	"fmt"

	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// waitsFor returns what an assignment waits for. It returns "" if it waits for this machine.
func (a *Agent) waitsFor(w *assignment) string {
	if why := a.waitsForOwner(w); why != "" {
		return why
	}
	if w.record.Phase == store.PhaseYielding && w.item != nil {
		return "the chain to take it from this node, whose programs are suspended"
	}
	if a.proofs.prover == nil || w.item == nil {
		return waitsFor(w)
	}
	switch {
	case showing(w):
		return "a proof that the chain asks for it (chain.verify)"
	case w.record.Phase == store.PhaseExecuted && !a.proofs.mayCommit(w, a.jobs[w.record.JobID]):
		return "a proof of the job (chain.verify)"
	}
	return waitsFor(w)
}

// waitsFor returns what other nodes have to do before an assignment can continue. It returns
// "" if the assignment waits for this machine.
func waitsFor(w *assignment) string {
	if w.item == nil {
		switch {
		case w.goneSince > 0:
			return "its receipt"
		case w.record.Phase == store.PhaseClaimed && w.claimSent:
			return "the claim to be in a block"
		}
		return ""
	}
	switch w.item.Assignment.Status {
	case computetypes.ASSIGNMENT_STATUS_CANDIDATE:
		return fmt.Sprintf("the draw, which closes at height %d", w.record.Deadlines.Claim)
	case computetypes.ASSIGNMENT_STATUS_COMMITTED:
		return committedWait(w)
	case computetypes.ASSIGNMENT_STATUS_REVEALED:
		return revealedWait(w)
	case computetypes.ASSIGNMENT_STATUS_UNSPECIFIED, computetypes.ASSIGNMENT_STATUS_ASSIGNED,
		computetypes.ASSIGNMENT_STATUS_PAID, computetypes.ASSIGNMENT_STATUS_UNPAID,
		computetypes.ASSIGNMENT_STATUS_SLASHED, computetypes.ASSIGNMENT_STATUS_RELEASED,
		computetypes.ASSIGNMENT_STATUS_MISSED, computetypes.ASSIGNMENT_STATUS_NO_REVEAL,
		computetypes.ASSIGNMENT_STATUS_YIELDED:
	}
	return ""
}

// committedWait returns what a committed assignment waits for. A round opens for reveals when
// all its replicas have committed. If auditors may join it, the round first waits for a seed
// and then perhaps for their commitments.
func committedWait(w *assignment) string {
	switch w.item.Phase {
	case computetypes.ROUND_PHASE_COMMIT:
		return "the commitments of all nodes of the round"
	case computetypes.ROUND_PHASE_AUDIT:
		return "the seed that says whether auditors join"
	case computetypes.ROUND_PHASE_REVEAL:
		if w.owes() {
			return "the sink to take the outputs"
		}
	case computetypes.ROUND_PHASE_UNSPECIFIED, computetypes.ROUND_PHASE_CLOSED, computetypes.ROUND_PHASE_REVIEW, computetypes.ROUND_PHASE_LEAVES:
	}
	return ""
}

func revealedWait(w *assignment) string {
	switch w.item.Phase {
	case computetypes.ROUND_PHASE_COMMIT, computetypes.ROUND_PHASE_AUDIT:
		return "the nodes of a further round"
	case computetypes.ROUND_PHASE_REVEAL:
		if w.item.MustOpen {
			return ""
		}
		return fmt.Sprintf("the reveals of the others, up to height %d", w.item.RevealDeadline)
	case computetypes.ROUND_PHASE_LEAVES:
		if w.item.MustShowAll {
			return ""
		}
		return fmt.Sprintf("the others to show the results of all tasks, up to height %d", w.item.RevealDeadline)
	case computetypes.ROUND_PHASE_REVIEW:
		return fmt.Sprintf("the requester, who may reject the result up to height %d", w.item.ReviewDeadline)
	case computetypes.ROUND_PHASE_UNSPECIFIED, computetypes.ROUND_PHASE_CLOSED:
	}
	return ""
}
