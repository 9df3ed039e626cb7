package store

import "fmt"

// Phase is how far this machine has come with an assignment.
//
//	claimed → assigned → preparing → running → executed → commit_sent
//	                         ↑____________________|            ↓
//	   failed ← any    settled ← opened ← revealed ← committed
//
// Until commit_sent an assignment may still be released, and a later attempt of
// the same round may claim a released one again. From commit_sent on only the
// chain ends it.
type Phase uint8

const (
	// PhaseClaimed: a claim was sent; the draw is open.
	PhaseClaimed Phase = iota + 1
	// PhaseAssigned: the chain drew this machine.
	PhaseAssigned
	// PhasePreparing: inputs are being fetched.
	PhasePreparing
	// PhaseRunning: the executor runs.
	PhaseRunning
	// PhaseExecuted: there is a result.
	PhaseExecuted
	// PhaseCommitSent: a commit may be on its way; salt and result are fixed.
	PhaseCommitSent
	// PhaseCommitted: the chain holds the commitment.
	PhaseCommitted
	// PhaseRevealed: the chain holds tag and salt.
	PhaseRevealed
	// PhaseOpened: after an escalation, the chain holds the digest.
	PhaseOpened
	// PhaseSettled: the chain has a verdict.
	PhaseSettled
	// PhaseReleased: not drawn, or given back in time.
	PhaseReleased
	// PhaseFailed: ended here without a verdict, see LastError.
	PhaseFailed
)

// Phases returns every phase in order.
func Phases() []Phase {
	phases := make([]Phase, 0, int(PhaseFailed))
	for p := PhaseClaimed; p <= PhaseFailed; p++ {
		phases = append(phases, p)
	}
	return phases
}

// next is the transition table. The chain's verdict wins, so that settled follows
// from every phase in which the chain knows of the assignment; and a restart may
// find the executor's work lost and begin again, as long as nothing is committed.
func (p Phase) next() []Phase {
	switch p {
	case PhaseClaimed:
		// It may have been drawn and have missed its deadline while the daemon was down.
		return []Phase{PhaseAssigned, PhaseSettled, PhaseReleased, PhaseFailed}
	case PhaseAssigned:
		return []Phase{PhasePreparing, PhaseSettled, PhaseReleased, PhaseFailed}
	case PhasePreparing:
		return []Phase{PhaseRunning, PhaseSettled, PhaseReleased, PhaseFailed}
	case PhaseRunning:
		return []Phase{PhasePreparing, PhaseExecuted, PhaseSettled, PhaseReleased, PhaseFailed}
	case PhaseExecuted:
		// An outage of the sink must not cost the commit deadline.
		return []Phase{PhasePreparing, PhaseCommitSent, PhaseSettled, PhaseReleased, PhaseFailed}
	case PhaseCommitSent:
		return []Phase{PhaseCommitted, PhaseSettled, PhaseFailed}
	case PhaseCommitted:
		return []Phase{PhaseRevealed, PhaseSettled, PhaseFailed}
	case PhaseRevealed:
		return []Phase{PhaseOpened, PhaseSettled, PhaseFailed}
	case PhaseOpened:
		return []Phase{PhaseSettled, PhaseFailed}
	case PhaseReleased:
		// A later attempt of the same round may draw this machine after all.
		return []Phase{PhaseClaimed, PhaseAssigned}
	case PhaseSettled, PhaseFailed:
	}
	return nil
}

// CanBecome tells whether an assignment may go from p to next.
func (p Phase) CanBecome(next Phase) bool {
	for _, allowed := range p.next() {
		if allowed == next {
			return true
		}
	}
	return false
}

// Finished tells whether nothing is left to do.
func (p Phase) Finished() bool {
	return p == PhaseSettled || p == PhaseReleased || p == PhaseFailed
}

// String returns the name that the journal stores.
func (p Phase) String() string {
	switch p {
	case PhaseClaimed:
		return "claimed"
	case PhaseAssigned:
		return "assigned"
	case PhasePreparing:
		return "preparing"
	case PhaseRunning:
		return "running"
	case PhaseExecuted:
		return "executed"
	case PhaseCommitSent:
		return "commit_sent"
	case PhaseCommitted:
		return "committed"
	case PhaseRevealed:
		return "revealed"
	case PhaseOpened:
		return "opened"
	case PhaseSettled:
		return "settled"
	case PhaseReleased:
		return "released"
	case PhaseFailed:
		return "failed"
	}
	return fmt.Sprintf("unknown phase %d", uint8(p))
}

// ParsePhase is the inverse of String.
func ParsePhase(name string) (Phase, error) {
	for _, p := range Phases() {
		if p.String() == name {
			return p, nil
		}
	}
	return 0, fmt.Errorf("expected a phase between %s and %s, found %q", PhaseClaimed, PhaseFailed, name)
}

// MarshalText stores a phase by name, so that a journal outlives a renumbering.
func (p Phase) MarshalText() ([]byte, error) {
	if p < PhaseClaimed || p > PhaseFailed {
		return nil, fmt.Errorf("expected a phase between %s and %s, found number %d", PhaseClaimed, PhaseFailed, uint8(p))
	}
	return []byte(p.String()), nil
}

// UnmarshalText is the inverse of MarshalText.
func (p *Phase) UnmarshalText(text []byte) error {
	parsed, err := ParsePhase(string(text))
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}
