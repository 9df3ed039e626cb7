package types

import sdk "github.com/cosmos/cosmos-sdk/types"

// NewEventRoundVerified returns the event of a verified round.
func NewEventRoundVerified(r Round, submitter string) *EventRoundVerified {
	return &EventRoundVerified{Schedule: r.Schedule, Round: r.Round, Randomness: r.Randomness, Submitter: submitter}
}

// NewEventReimbursed returns the event of a reimbursed submission.
func NewEventReimbursed(schedule uint32, round uint64, submitter string, amount sdk.Coin) *EventReimbursed {
	return &EventReimbursed{Schedule: schedule, Round: round, Submitter: submitter, Amount: amount}
}

// NewEventScheduleOpened returns the event that another network applies from a height on.
func NewEventScheduleOpened(s Schedule) *EventScheduleOpened {
	return &EventScheduleOpened{Schedule: s.Id, StartHeight: s.StartHeight}
}
