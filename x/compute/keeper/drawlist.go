package keeper

import (
	"cosmossdk.io/collections"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

// drawsOn returns the set in which the keeper stores a list of draws.
func (k *Keeper) drawsOn(list round.List) collections.KeySet[drawKey] {
	if list == round.ListedCall {
		return k.calls
	}
	return k.draws
}

// boards returns the lists in which a node looks for draws, in the order in which it reads
// them.
func (k *Keeper) boards(class, operator string) []board {
	all := []board{{list: k.calls, name: class}}
	if operator != "" {
		all = append(all, board{list: k.draws, name: operator, named: true})
	}
	return append(all, board{list: k.draws, name: class})
}

// board contains the draws that are listed under one name.
type board struct {
	list collections.KeySet[drawKey]
	name string
	// named reports whether the name is that of a node. Such draws do not wait for a seed.
	named bool
}

// below returns the range of the board's draws whose seed was pinned below a height, newest
// first.
func (b board) below(height int64) *collections.Range[drawKey] {
	return new(collections.Range[drawKey]).
		StartInclusive(collections.Join4(b.name, int64(0), types.JobID{}, uint64(0))).
		EndExclusive(collections.Join4(b.name, height, types.JobID{}, uint64(0))).
		Descending()
}

// from returns the range of the board's draws from a key on, newest first.
func (b board) from(key drawKey) *collections.Range[drawKey] {
	return new(collections.Range[drawKey]).
		StartInclusive(collections.Join4(b.name, int64(0), types.JobID{}, uint64(0))).
		EndInclusive(key).
		Descending()
}
