package types

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// NewEventNodeRegistered says that a node has opened.
func NewEventNodeRegistered(profile NodeProfile, bond sdk.Coin) *EventNodeRegistered {
	return &EventNodeRegistered{Operator: profile.Operator, Worker: profile.Worker, Class: profile.Class, Bond: bond}
}

// NewEventNodeUpdated says that a profile or worker key changed.
func NewEventNodeUpdated(profile NodeProfile) *EventNodeUpdated {
	return &EventNodeUpdated{Operator: profile.Operator, Worker: profile.Worker, Class: profile.Class}
}

// NewEventNodeStatus says that a node's status changed.
func NewEventNodeStatus(operator string, from, to NodeStatus) *EventNodeStatus {
	return &EventNodeStatus{Operator: operator, From: from, To: to}
}

// NewEventBonded says that bond was added.
func NewEventBonded(operator string, amount sdk.Coin) *EventBonded {
	return &EventBonded{Operator: operator, Amount: amount}
}

// NewEventUnbonding says that bond started to return.
func NewEventUnbonding(operator string, amount sdk.Coin, completionHeight int64) *EventUnbonding {
	return &EventUnbonding{Operator: operator, Amount: amount, CompletionHeight: completionHeight}
}

// NewEventUnbonded says that bond has been returned.
func NewEventUnbonded(operator string, amount sdk.Coin) *EventUnbonded {
	return &EventUnbonded{Operator: operator, Amount: amount}
}

// NewEventJailed says that repeated faults have jailed a node.
func NewEventJailed(operator string, record JailRecord) *EventJailed {
	return &EventJailed{Operator: operator, Until: record.Until, Terms: record.Terms}
}

// NewEventLeaseRenewed says that a worker has shown that its machine is running.
func NewEventLeaseRenewed(operator string, leaseEnd int64) *EventLeaseRenewed {
	return &EventLeaseRenewed{Operator: operator, LeaseEnd: leaseEnd}
}

// NewEventSlashed says that a node lost bond and where the bond went, in denom.
func NewEventSlashed(operator, denom, reason, jobID string, task uint64, lost SlashOutcome) *EventSlashed {
	return &EventSlashed{
		Operator:  operator,
		Amount:    sdk.NewCoin(denom, lost.Total()),
		Reason:    reason,
		JobId:     jobID,
		Task:      task,
		Cost:      sdk.NewCoin(denom, lost.Cost),
		Honest:    sdk.NewCoin(denom, lost.Honest),
		Burned:    sdk.NewCoin(denom, lost.Burned),
		Community: sdk.NewCoin(denom, lost.Community),
		Unbonding: sdk.NewCoin(denom, lost.Unbonding),
	}
}

// NewEventOutvoted says that a digest was in the minority, in a task in which that does not
// cost bond.
func NewEventOutvoted(operator, jobID string, task uint64) *EventOutvoted {
	return &EventOutvoted{Operator: operator, JobId: jobID, Task: task}
}

// NewEventEpochRolled says that snapshots of the weights were taken.
func NewEventEpochRolled(epoch uint64) *EventEpochRolled {
	return &EventEpochRolled{Epoch: epoch}
}
