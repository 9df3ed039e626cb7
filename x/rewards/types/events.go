package types

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// NewEventClaimed says that earnings were paid.
func NewEventClaimed(operator string, amount sdk.Coins) *EventClaimed {
	return &EventClaimed{Operator: operator, Amount: amount}
}

// NewEventFeesMoved says that shares of settled rewards left escrow.
func NewEventFeesMoved(moved PendingFees) *EventFeesMoved {
	return &EventFeesMoved{Burned: moved.Burn, Stakers: moved.Stakers, Community: moved.Community}
}
