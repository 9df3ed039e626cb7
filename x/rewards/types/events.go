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

// NewEventEmitted returns the event of what was minted for stakers, and of what never will be.
func NewEventEmitted(minted, forgone sdk.Coin) *EventEmitted {
	return &EventEmitted{Minted: minted, Forgone: forgone}
}

// NewEventEarningsDelegated returns the event of earnings that were claimed and delegated.
func NewEventEarningsDelegated(operator, validator string, amount sdk.Coin) *EventEarningsDelegated {
	return &EventEarningsDelegated{Operator: operator, Validator: validator, Amount: amount}
}

// NewEventEarningsBonded returns the event of earnings that were claimed and bonded.
func NewEventEarningsBonded(operator string, amount sdk.Coin) *EventEarningsBonded {
	return &EventEarningsBonded{Operator: operator, Amount: amount}
}

// NewEventFeesMoved returns the event of shares of settled rewards that left escrow.
func NewEventFeesMoved(moved PendingFees) *EventFeesMoved {
	return &EventFeesMoved{Burned: moved.Burn, Stakers: moved.Stakers, Community: moved.Community}
}
