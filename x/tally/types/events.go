package types

import "cosmossdk.io/math"

// NewEventOptimisticProposal reports a proposal that passes unless voters object.
func NewEventOptimisticProposal(proposal uint64, proposer string, bps uint32) *EventOptimisticProposal {
	return &EventOptimisticProposal{ProposalId: proposal, Proposer: proposer, ObjectionBps: bps}
}

// NewEventBondVote says how much bond of a node counts in a voting from now on.
func NewEventBondVote(proposal uint64, operator string, bond math.Int) *EventBondVote {
	return &EventBondVote{ProposalId: proposal, Operator: operator, Bond: bond}
}
