package types

import sdk "github.com/cosmos/cosmos-sdk/types"

// NewEventRoundVerified says that a round is known.
func NewEventRoundVerified(r Round, submitter string) *EventRoundVerified {
	return &EventRoundVerified{Schedule: r.Schedule, Round: r.Round, Randomness: r.Randomness, Submitter: submitter}
}

// NewEventReimbursed says that a submission was paid for.
func NewEventReimbursed(schedule uint32, round uint64, submitter string, amount sdk.Coin) *EventReimbursed {
	return &EventReimbursed{Schedule: schedule, Round: round, Submitter: submitter, Amount: amount}
}

// NewEventScheduleOpened says that another network counts from a height on.
func NewEventScheduleOpened(s Schedule) *EventScheduleOpened {
	return &EventScheduleOpened{Schedule: s.Id, StartHeight: s.StartHeight}
}
