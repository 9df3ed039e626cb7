package keeper

import (
	"cosmossdk.io/collections"

	"github.com/thetaedge/theta/x/compute/types"
)

// drawList is one of the lists of draws.
type drawList int

const (
	// unlisted is a task that does not draw.
	unlisted drawList = iota
	// listedCall is a draw of judges or auditors: somebody's bond or pay waits for it.
	listedCall
	// listedDraw is a draw of the replicas that a requester asks for.
	listedDraw
)

// callsJudges says whether the task looks for judges or auditors, or did last.
func (w *work) callsJudges() bool { return !w.drawsReplicas() || w.job.Challenged != nil }

// list is the list that a draw of the task belongs to.
func (w *work) list() drawList {
	if w.callsJudges() {
		return listedCall
	}
	return listedDraw
}

// board is under what nodes look for the task's draws: its class, or the one node that
// may take it.
func (w *work) board() string {
	if w.job.Policy.NamesNode() {
		return w.job.Policy.Node
	}
	return w.job.Class
}

// draws returns the list of draws of a kind.
func (k *Keeper) draws(list drawList) collections.KeySet[drawKey] {
	if list == listedCall {
		return k.calls
	}
	return k.openDraws
}

// boards are where a node looks for draws, in this order.
func (k *Keeper) boards(class, operator string) []board {
	all := []board{{list: k.calls, name: class}}
	if operator != "" {
		all = append(all, board{list: k.openDraws, name: operator, named: true})
	}
	return append(all, board{list: k.openDraws, name: class})
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
