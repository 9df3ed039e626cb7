package owner

import (
	"slices"
	"time"
)

// Action is what a decision asks of the agent.
type Action int

// These are the actions, from the mildest to the strictest.
const (
	// Allow lets the machine work.
	Allow Action = iota
	// Pause means that no new work is claimed. Programs that run go on.
	Pause
	// Suspend means that programs stand still, and that no new work is claimed.
	Suspend
)

// String returns a word for people.
func (a Action) String() string {
	switch a {
	case Pause:
		return "pause"
	case Suspend:
		return "suspend"
	case Allow:
	}
	return "allow"
}

// Reason says which rule holds the machine back.
type Reason struct {
	// Rule is the rule's name, which is the name of its setting.
	Rule Rule
	// Action is what the rule asks for.
	Action Action
	// Sentence says what is the case, and Cure what the owner can do.
	Sentence, Cure string
	// Since is the time since which the rule holds the machine back.
	Since time.Time
}

// Blind says that a rule cannot be judged.
type Blind struct {
	Rule Rule
	// Why says why its sensor sees nothing.
	Why string
}

// Decision is what the rules say at one moment.
type Decision struct {
	// Action is the strictest action of the reasons.
	Action Action
	// Reasons contains the rules that hold the machine back, strictest first.
	Reasons []Reason
	// Blind contains the rules that cannot be judged.
	Blind []Blind
	// Until is the time at which the machine may work again if nothing changes except the time. It
	// is zero if that is not known.
	Until time.Time
}

// rules returns the names of the rules that hold the machine back.
func (d Decision) rules() []Rule {
	names := make([]Rule, len(d.Reasons))
	for i := range d.Reasons {
		names[i] = d.Reasons[i].Rule
	}
	return names
}

// With returns a decision that a further reason holds back too. The reason comes first.
func (d Decision) With(reason Reason) Decision {
	d.Action = max(d.Action, reason.Action)
	d.Reasons = append([]Reason{reason}, slices.Clone(d.Reasons)...)
	d.Until = time.Time{}
	return d
}
