package types

import (
	"math"

	"cosmossdk.io/collections"
)

const (
	// ModuleName names the module and its escrow account, which backs what jobs
	// reserve and what operators have earned and not yet claimed.
	ModuleName = "compute"
	// StoreKey is the key of the module's store.
	StoreKey = ModuleName
	// TStoreKey is the key of the module's transient store, which is empty between
	// blocks.
	TStoreKey = "transient_" + ModuleName
)

// Prefixes of the store: `prefix | key -> value`. What has no value lies below
// ParamsPrefix and records lie above it: that a record is absent is proven by its
// neighbours, and an ICS-23 proof cannot tell of a neighbour without a value.
var (
	OpenDrawsPrefix    = collections.NewPrefix(0) // class, or named node | seed height | job | task: draws of replicas
	RequestersPrefix   = collections.NewPrefix(1) // requester | job
	DuePrefix          = collections.NewPrefix(2) // height | job | task, or JobEntry: the queue of all else
	PrunePrefix        = collections.NewPrefix(3) // height | job
	HeldPrefix         = collections.NewPrefix(4) // operator | job | task: what nodes hold
	RedeliveriesPrefix = collections.NewPrefix(5) // height | job: results that are asked for again
	CallsPrefix        = collections.NewPrefix(6) // class | seed height | job | task: draws of judges and auditors
	UrgentPrefix       = collections.NewPrefix(7) // height | job | task: the queue of tasks in which somebody has something at stake

	ParamsPrefix = collections.NewPrefix(16) // -> Params

	JobsPrefix       = collections.NewPrefix(17) // job -> Job
	SpecsPrefix      = collections.NewPrefix(18) // job -> JobSpec
	TasksPrefix      = collections.NewPrefix(19) // job | task -> Task
	ReceiptsPrefix   = collections.NewPrefix(20) // job | task -> Receipt
	ChunksPrefix     = collections.NewPrefix(21) // job | chunk -> Chunk
	MarketsPrefix    = collections.NewPrefix(22) // class -> Market
	ChallengesPrefix = collections.NewPrefix(23) // job | task -> Challenge
)

// Prefixes of the transient store.
var (
	NotesPrefix  = collections.NewPrefix(0) // job | task, or JobEntry -> TaskNote
	PostedPrefix = collections.NewPrefix(1) // class | job -> new tasks
	IDsPrefix    = collections.NewPrefix(2) // height | transaction -> jobs it has posted
)

// JobEntry stands where a task's index would, for what concerns the job as a
// whole: no job has as many tasks.
const JobEntry = math.MaxUint64
