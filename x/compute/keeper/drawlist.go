package keeper

import (
	"cosmossdk.io/collections"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

// drawsOn returns the list of draws of a kind.
func (k *Keeper) drawsOn(list round.List) collections.KeySet[drawKey] {
	if list == round.ListedCall {
		return k.calls
	}
	return k.draws
}

// boards are where a node looks for draws, in this order.
func (k *Keeper) boards(class, operator string) []board {
	all := []board{{list: k.calls, name: class}}
	if operator != "" {
		all = append(all, board{list: k.draws, name: operator, named: true})
	}
	return append(all, board{list: k.draws, name: class})
}

// board is a list of draws under one name.
type board struct {
	list collections.KeySet[drawKey]
	name string
	// named says that it is that of a node: its draws wait for no seed.
	named bool
}

// below returns the keys of the board whose seed was pinned below a height, newest first.
func (b board) below(height int64) *collections.Range[drawKey] {
	return new(collections.Range[drawKey]).
		StartInclusive(collections.Join4(b.name, int64(0), types.JobID{}, uint64(0))).
		EndExclusive(collections.Join4(b.name, height, types.JobID{}, uint64(0))).
		Descending()
}

// from returns the keys of the board up to one, newest first.
func (b board) from(key drawKey) *collections.Range[drawKey] {
	return new(collections.Range[drawKey]).
		StartInclusive(collections.Join4(b.name, int64(0), types.JobID{}, uint64(0))).
		EndInclusive(key).
		Descending()
}
