package types

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// NewEventClaimed returns the event of a claim of earnings.
func NewEventClaimed(operator, recipient string, amount sdk.Coins) *EventClaimed {
	return &EventClaimed{Operator: operator, Recipient: recipient, Amount: amount}
}

// NewEventPayoutSet returns the event of a new payout rule.
func NewEventPayoutSet(operator, address, validator string) *EventPayoutSet {
	return &EventPayoutSet{Operator: operator, Address: address, Validator: validator}
}

// NewEventCollected returns the event of a collection of earnings.
func NewEventCollected(operator, sender, validator string, collected MsgCollectResponse) *EventCollected {
	return &EventCollected{
		Operator: operator, Sender: sender, Recipient: collected.Recipient, Amount: collected.Amount,
		Delegated: collected.Delegated, Validator: validator, Undelegated: collected.Undelegated,
	}
}

// NewEventFeesMoved returns the event of shares of settled rewards that left escrow.
func NewEventFeesMoved(moved PendingFees) *EventFeesMoved {
	return &EventFeesMoved{Burned: moved.Burn, Stakers: moved.Stakers, Community: moved.Community}
}
