// Package types holds the messages, records, parameters and errors of
// x/edgenode: who may work, with what hardware and at what stake.
package types

import "cosmossdk.io/collections"

const (
	// ModuleName names the module and the account that holds bonds and unbondings.
	ModuleName = "edgenode"
	// StoreKey is the key of the module's store.
	StoreKey = ModuleName
	// KeptEpochs is how many epochs, the current one included, weights and
	// class snapshots are kept for.
	KeptEpochs = 8
	// MaxUnbondings is how many unbondings an operator may have on their way.
	MaxUnbondings = 16
	// MaxNodesForInvariants is the number of nodes above which the Invariants
	// query refuses to walk.
	MaxNodesForInvariants = 10_000
)

// Reasons of a slash.
const (
	// ReasonWrongResult is a digest on the losing side of a verdict. It costs the
	// liability, or no bond where the program is not deterministic.
	ReasonWrongResult = "wrong_result"
	// ReasonNoReveal is a commitment that was never revealed or opened.
	ReasonNoReveal = "no_reveal"
	// ReasonMissedDeadline is a commitment that never came.
	ReasonMissedDeadline = "missed_deadline"
	// ReasonGivenBack is a task given back a little after another. It counts towards no
	// jail.
	ReasonGivenBack = "given_back"
	// ReasonContradictedReport is a task given back for an input that others of its round have
	// had. It counts towards no jail.
	ReasonContradictedReport = "contradicted_report"
)

// Prefixes of the store: `prefix | key -> value`.
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
