package types

import "cosmossdk.io/collections"

const (
	// ModuleName names the module.
	ModuleName = "beacon"
	// StoreKey names the module's store.
	StoreKey = ModuleName
)

// Prefixes of the store. They never change meaning.
var (
	// ParamsKey holds Params.
	ParamsKey = collections.NewPrefix(0)
	// CurrentScheduleKey holds the id of the current Schedule.
	CurrentScheduleKey = collections.NewPrefix(1)
	// SchedulesKey maps a schedule id to its Schedule.
	SchedulesKey = collections.NewPrefix(2)
	// PinsKey maps a height to its Pin.
	PinsKey = collections.NewPrefix(3)
	// ProofsKey maps (schedule, round) to its Proof.
	ProofsKey = collections.NewPrefix(4)
	// ReimbursementsKey maps (schedule, round) to the submitter who is paid at
	// the end of the block; empty between blocks.
	ReimbursementsKey = collections.NewPrefix(5)
)
