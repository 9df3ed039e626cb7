package types

import (
	"math"

	"cosmossdk.io/collections"
)

const (
	// ModuleName is the name of the module and of its escrow account, which backs the
	// reserves of jobs and the unclaimed earnings of operators.
	ModuleName = "compute"
	// StoreKey is the key of the module's store.
	StoreKey = ModuleName
	// TStoreKey is the key of the module's transient store, which is empty between blocks.
	TStoreKey = "transient_" + ModuleName
)

// Prefixes of the store: `prefix | key -> value`. Keys without a value have prefixes below
// ParamsPrefix, and records have prefixes above it. The neighbours of an absent record prove
// its absence, and an ICS-23 proof cannot contain a neighbour without a value.
var (
	OpenDrawsPrefix    = collections.NewPrefix(0) // class, or named node | seed height | job | task: draws of replicas
	RequestersPrefix   = collections.NewPrefix(1) // requester | job
	DuePrefix          = collections.NewPrefix(2) // height | job | task, or JobEntry: the queue of all others
	PrunePrefix        = collections.NewPrefix(3) // height | job | task, or JobEntry: the queue of all tasks that are not urgent, and of jobs
	HeldPrefix         = collections.NewPrefix(4) // operator | job | task: the tasks that nodes hold
	RedeliveriesPrefix = collections.NewPrefix(5) // height | job: jobs whose results are requested again
	CallsPrefix        = collections.NewPrefix(6) // class | seed height | job | task: draws of judges and auditors
	UrgentPrefix       = collections.NewPrefix(7) // height | job | task: the queue of tasks with something at stake, and of calls
	EnergyAgesPrefix   = collections.NewPrefix(8) // epoch | class: which sums of energy there are, the oldest first

	ParamsPrefix = collections.NewPrefix(16) // -> Params

	JobsPrefix       = collections.NewPrefix(17) // job -> Job
	SpecsPrefix      = collections.NewPrefix(18) // job -> JobSpec
	ChunksPrefix     = collections.NewPrefix(19) // job | task -> Task
	ReceiptsPrefix   = collections.NewPrefix(20) // job | task -> Receipt
	TaskBitsPrefix   = collections.NewPrefix(21) // job | number -> TaskBits
	MarketsPrefix    = collections.NewPrefix(22) // class -> Market
	ChallengesPrefix = collections.NewPrefix(23) // job | task -> Challenge
	EnergyPrefix     = collections.NewPrefix(40) // class | epoch | region -> EnergySum
	CarbonPrefix     = collections.NewPrefix(41) // region -> CarbonFactor
)

// Prefixes of the transient store.
var (
	NotesPrefix  = collections.NewPrefix(0) // job | task, or JobEntry -> ChunkNote
	PostedPrefix = collections.NewPrefix(1) // class | job -> new tasks
	IDsPrefix    = collections.NewPrefix(2) // height | transaction -> jobs it has posted
)

// JobEntry takes the place of a task's index in entries about the job as a whole. No job has
// as many tasks.
const JobEntry = math.MaxUint64
