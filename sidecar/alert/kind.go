package alert

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is a kind of alerts that the owner can switch on and off.
type Kind string

// These are the kinds of alerts.
const (
	// Node means that the node is not well: no chain, a wrong clock, a full disk, a sick card.
	Node Kind = "node"
	// Jailed means that the chain has jailed the node for faults.
	Jailed Kind = "jailed"
	// Fault means that the chain has counted a fault.
	Fault Kind = "fault"
	// Lease means that the node will soon count as gone.
	Lease Kind = "lease"
	// Grant means that the worker key will soon be unable to pay fees.
	Grant Kind = "grant"
	// Update means that there is something to know about updates of the program, or that the chain asks
	// for a newer one.
	Update Kind = "update"
	// Paid is a digest of what was paid.
	Paid Kind = "paid"
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Node, Jailed, Fault, Lease, Grant, Update, Paid} }

// ParseKinds reads names of kinds.
func ParseKinds(names []string) ([]Kind, error) {
	var kinds []Kind
	for _, name := range names {
		kind := Kind(strings.TrimSpace(name))
		if !slices.Contains(Kinds(), kind) {
			return nil, fmt.Errorf("expected kinds out of %v, found %.40q", Kinds(), name)
		}
		kinds = append(kinds, kind)
	}
	return kinds, nil
}

// State says which part of a story a letter tells.
type State string

// These are the states of letters.
const (
	// Begins means that a condition holds.
	Begins State = "begins"
	// Lasts means that it still holds a day later.
	Lasts State = "lasts"
	// Over means that it does not hold any more.
	Over State = "over"
	// Happened means that something happened that has no end.
	Happened State = "happened"
	// Trial means that the owner tries a target.
	Trial State = "test"
)
