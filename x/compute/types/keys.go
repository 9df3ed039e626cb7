package types

import "cosmossdk.io/collections"

const (
	// ModuleName names the module and its escrow account, which backs what jobs
	// reserve and what operators have earned and not yet claimed.
	ModuleName = "compute"
	// StoreKey is the key of the module's store.
	StoreKey = ModuleName
)

// Prefixes of the store: `prefix | key -> value`.
var (
	ParamsPrefix      = collections.NewPrefix(0) // -> Params
	JobsPrefix        = collections.NewPrefix(1) // job -> Job
	SpecsPrefix       = collections.NewPrefix(2) // job -> JobSpec
	TasksPrefix       = collections.NewPrefix(3) // job | task -> Task
	AssignmentsPrefix = collections.NewPrefix(4) // operator | job | task -> Assignment
	ReceiptsPrefix    = collections.NewPrefix(5) // job | task -> Receipt
	OpenJobsPrefix    = collections.NewPrefix(6) // class | job
	RequestersPrefix  = collections.NewPrefix(7) // requester | job
	DuePrefix         = collections.NewPrefix(8) // height | job | task
	PrunePrefix       = collections.NewPrefix(9) // height | job
)
