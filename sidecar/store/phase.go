package store

import "fmt"

// Phase says how far this machine has come with an assignment.
//
//	claimed → assigned → preparing → running → executed → commit_sent
//	                         ↑____________________|            ↓
//	   failed ← any    settled ← opened ← revealed ← committed
//
// Between assigned and executed, an assignment may become yielding, and then settled or failed.
// Until commit_sent, an assignment may still be released. A later attempt of the same round may
// claim a released assignment again. From commit_sent on, only the chain ends an assignment.
type Phase uint8

const (
	// PhaseClaimed means that a claim was sent and the draw is open.
	PhaseClaimed Phase = iota + 1
	// PhaseAssigned means that the chain has drawn this machine.
	PhaseAssigned
	// PhasePreparing means that inputs are being fetched.
	PhasePreparing
	// PhaseRunning means that the executor runs the program.
	PhaseRunning
	// PhaseYielding means that the node gives the assignment up, and that this may be on its way.
	// The program does not run any more.
	PhaseYielding
	// PhaseExecuted means that there is a result.
	PhaseExecuted
	// PhaseCommitSent means that a commitment may be on its way. Salt and result cannot change
	// any more.
	PhaseCommitSent
	// PhaseCommitted means that the chain has the commitment.
	PhaseCommitted
	// PhaseRevealed means that the chain has the tag and the salt.
	PhaseRevealed
	// PhaseOpened means that the chain has the digest, after an escalation.
	PhaseOpened
	// PhaseSettled means that the chain has a verdict.
	PhaseSettled
	// PhaseReleased means that the node was not drawn, or that it gave the assignment back in
	// time.
	PhaseReleased
	// PhaseFailed means that the assignment ended on this machine without a verdict; see
	// LastError.
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

// next returns the phases that may follow a phase. The chain's verdict takes precedence.
// Therefore settled follows every phase in which the chain knows the assignment. As long as
// nothing is committed, a restarted daemon may find that the executor's work is lost, and
// begin again.
func (p Phase) next() []Phase {
	switch p {
	case PhaseClaimed:
		// The assignment may have been drawn and have missed its deadline while the daemon was
		// down.
		return []Phase{PhaseAssigned, PhaseSettled, PhaseReleased, PhaseFailed}
	case PhaseAssigned:
		return []Phase{PhasePreparing, PhaseYielding, PhaseSettled, PhaseReleased, PhaseFailed}
	case PhasePreparing:
		return []Phase{PhaseRunning, PhaseYielding, PhaseSettled, PhaseReleased, PhaseFailed}
	case PhaseRunning:
		return []Phase{PhasePreparing, PhaseYielding, PhaseExecuted, PhaseSettled, PhaseReleased, PhaseFailed}
	case PhaseYielding:
		return []Phase{PhaseSettled, PhaseFailed}
	case PhaseExecuted:
		// The node must not miss the commit deadline because the sink cannot be reached.
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
		// This machine may still be drawn in a later attempt of the same round.
		return []Phase{PhaseClaimed, PhaseAssigned}
	case PhaseSettled, PhaseFailed:
	}
	return nil
}

// CanBecome reports whether an assignment may change from phase p to phase next.
func (p Phase) CanBecome(next Phase) bool {
	for _, allowed := range p.next() {
		if allowed == next {
			return true
		}
	}
	return false
}

// Finished reports whether no work is left in a phase.
func (p Phase) Finished() bool {
	return p == PhaseSettled || p == PhaseReleased || p == PhaseFailed
}

// String returns the name under which the journal stores the phase.
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
	case PhaseYielding:
		return "yielding"
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

// MarshalText encodes a phase by its name, so that journals stay valid if phases are
// renumbered.
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
