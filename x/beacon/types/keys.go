package types

import "cosmossdk.io/collections"

const (
	// ModuleName is the name of the module.
	ModuleName = "beacon"
	// StoreKey is the key of the module's store.
	StoreKey = ModuleName
)

// Prefixes of the store: `prefix | key -> value`. Their meaning never changes.
var (
	ParamsPrefix          = collections.NewPrefix(0) // -> Params
	CurrentSchedulePrefix = collections.NewPrefix(1) // -> id of the current Schedule
	SchedulesPrefix       = collections.NewPrefix(2) // schedule -> Schedule
	PinsPrefix            = collections.NewPrefix(3) // height -> Pin
	ProofsPrefix          = collections.NewPrefix(4) // schedule | round -> Proof
	// ReimbursementsPrefix: schedule | round -> the submitter who is paid at the end of the
	// block. It is empty between blocks.
	ReimbursementsPrefix = collections.NewPrefix(5)
)
