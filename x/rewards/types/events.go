package types

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// NewEventClaimed returns the event of a claim of earnings.
func NewEventClaimed(operator string, amount sdk.Coins) *EventClaimed {
	return &EventClaimed{Operator: operator, Amount: amount}
}

// NewEventFeesMoved returns the event of shares of settled rewards that left escrow.
func NewEventFeesMoved(moved PendingFees) *EventFeesMoved {
	return &EventFeesMoved{Burned: moved.Burn, Stakers: moved.Stakers, Community: moved.Community}
}
