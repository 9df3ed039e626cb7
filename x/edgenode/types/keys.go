// Package types holds the messages, records, parameters and errors of x/edgenode. They
// describe the nodes that may work, their hardware and their stake.
package types

import "cosmossdk.io/collections"

const (
	// ModuleName names the module and the account that holds bonds and unbondings.
	ModuleName = "edgenode"
	// StoreKey is the key of the module's store.
	StoreKey = ModuleName
	// KeptEpochs is the number of epochs, including the current one, for which weights and
	// class snapshots are kept.
	KeptEpochs = 8
	// MaxUnbondings is the number of unbondings that an operator may have at the same time.
	MaxUnbondings = 16
	// MaxNodesForInvariants is the number of nodes above which the Invariants
	// query refuses to walk.
	MaxNodesForInvariants = 10_000
)

// These are the reasons for a slash.
const (
	// ReasonWrongResult is a digest on the losing side of a verdict. It costs the liability,
	// or no bond if the program is not deterministic.
	ReasonWrongResult = "wrong_result"
	// ReasonNoReveal is a commitment that was never revealed or opened.
	ReasonNoReveal = "no_reveal"
	// ReasonMissedDeadline is a missing commitment.
	ReasonMissedDeadline = "missed_deadline"
	// ReasonYielded is a task that its node gave up before it had committed.
	ReasonYielded = "yielded"
	// ReasonGivenBack is a task that was given back shortly after another one. It does not
	// count towards jail.
	ReasonGivenBack = "given_back"
	// ReasonContradictedReport is a task that was given back because of a missing input that
	// other nodes of its round had. It does not count towards jail.
	ReasonContradictedReport = "contradicted_report"
)

// These are the prefixes of the store: `prefix | key -> value`.
var (
	ParamsPrefix         = collections.NewPrefix(0)  // -> Params
	EpochPrefix          = collections.NewPrefix(1)  // -> last rolled epoch
	ProfilesPrefix       = collections.NewPrefix(2)  // operator -> NodeProfile
	StatesPrefix         = collections.NewPrefix(3)  // operator -> NodeState
	WorkersPrefix        = collections.NewPrefix(4)  // worker -> operator
	TotalsPrefix         = collections.NewPrefix(5)  // class -> ClassSnapshot of the coming epoch
	SnapshotsPrefix      = collections.NewPrefix(6)  // epoch | class -> ClassSnapshot
	UnbondingsPrefix     = collections.NewPrefix(7)  // operator | completion height -> amount
	UnbondingQueuePrefix = collections.NewPrefix(8)  // completion height | operator
	LeaseQueuePrefix     = collections.NewPrefix(9)  // height to look at | operator
	EpochStartsPrefix    = collections.NewPrefix(10) // epoch -> height of its first block
)

// OldestKeptEpoch returns the oldest epoch whose weights are kept while epoch
// is the current one.
func OldestKeptEpoch(epoch uint64) uint64 {
	if epoch < KeptEpochs {
		return 0
	}
	return epoch - KeptEpochs + 1
}
