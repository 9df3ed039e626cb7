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
)

// ParamsPrefix is the prefix of the parameters.
func ParamsPrefix() collections.Prefix { return collections.NewPrefix(0) }

// EpochPrefix is the prefix of the last rolled epoch.
func EpochPrefix() collections.Prefix { return collections.NewPrefix(1) }

// ProfilesPrefix is the prefix of operator -> NodeProfile.
func ProfilesPrefix() collections.Prefix { return collections.NewPrefix(2) }

// StatesPrefix is the prefix of operator -> NodeState.
func StatesPrefix() collections.Prefix { return collections.NewPrefix(3) }

// WorkersPrefix is the prefix of worker -> operator.
func WorkersPrefix() collections.Prefix { return collections.NewPrefix(4) }

// TotalsPrefix is the prefix of class -> ClassSnapshot of the coming epoch.
func TotalsPrefix() collections.Prefix { return collections.NewPrefix(5) }

// SnapshotsPrefix is the prefix of (epoch, class) -> ClassSnapshot.
func SnapshotsPrefix() collections.Prefix { return collections.NewPrefix(6) }

// UnbondingsPrefix is the prefix of (operator, completion height) -> amount.
func UnbondingsPrefix() collections.Prefix { return collections.NewPrefix(7) }

// UnbondingQueuePrefix is the prefix of the set of (completion height, operator).
func UnbondingQueuePrefix() collections.Prefix { return collections.NewPrefix(8) }

// LeaseQueuePrefix is the prefix of the set of (height to look at, operator).
func LeaseQueuePrefix() collections.Prefix { return collections.NewPrefix(9) }

// EpochStartsPrefix is the prefix of epoch -> height of its first block.
func EpochStartsPrefix() collections.Prefix { return collections.NewPrefix(10) }

// OldestKeptEpoch returns the oldest epoch whose weights are kept while epoch
// is the current one.
func OldestKeptEpoch(epoch uint64) uint64 {
	if epoch < KeptEpochs {
		return 0
	}
	return epoch - KeptEpochs + 1
}
