package types

import "cosmossdk.io/math"

// NewEventBondVote says how much bond of a node counts in a voting from now on.
func NewEventBondVote(proposal uint64, operator string, bond math.Int) *EventBondVote {
	return &EventBondVote{ProposalId: proposal, Operator: operator, Bond: bond}
}
