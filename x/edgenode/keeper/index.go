package keeper

import (
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// unsaved describes the changes of a node that its records and indexes do not contain yet. The
// methods that change the node note these changes, so that save derives only the indexes that
// need it.
type unsaved struct {
	// state, profile and removed say how the two records change.
	state, profile, removed bool
	// leaseCheck is the height at which the lease queue contains the node, or 0 if the queue
	// does not contain it.
	leaseCheck int64
	// gained is a worker key that serves the node from now on, and lost is one that no longer
	// does.
	gained, lost sdk.AccAddress
	// weight is set when stake, slots, status or class may have changed.
	weight bool
	// imported is set for a node of a genesis. The weights of such a node are kept as they
	// are.
	imported bool
	// lapsed, if it is set, is the checkpoint from which on the node does not count. The epoch
	// of the checkpoint may already have begun.
	lapsed *types.WeightCheckpoint
}

// reindex writes the profile of a node, and updates its entries in the indexes if they may
// have changed.
func (k *Keeper) reindex(n *node) error {
	if err := k.reindexWorker(n); err != nil {
		return err
	}
	if err := k.reindexLease(n); err != nil {
		return err
	}
	if n.unsaved.profile {
		if err := k.profiles.Set(n.ctx, n.operator, n.profile); err != nil {
			return err
		}
	}
	return k.reindexWeight(n)
}

func (k *Keeper) reindexWorker(n *node) error {
	if n.unsaved.gained != nil {
		if err := k.workers.Set(n.ctx, n.unsaved.gained, n.operator); err != nil {
			return err
		}
	}
	if n.unsaved.lost == nil {
		return nil
	}
	return k.workers.Remove(n.ctx, n.unsaved.lost)
}

func (k *Keeper) reindexLease(n *node) error {
	before, after := n.unsaved.leaseCheck, n.state.LeaseCheck
	if before == after {
		return nil
	}
	if before != 0 {
		if err := k.leases.Remove(n.ctx, collections.Join(before, n.operator)); err != nil {
			return err
		}
	}
	if after == 0 {
		return nil
	}
	return k.leases.Set(n.ctx, collections.Join(after, n.operator))
}

// reweigh notes that stake, slots, status or class may have changed, so that save computes the
// weight of the node anew.
func (n *node) reweigh() {
	n.change()
	n.unsaved.weight = true
}

// reindexWeight moves the class totals by the difference between two weights of the node in
// the next epoch: the one that was counted before, and the one that follows from its stake,
// slots, status and class.
func (k *Keeper) reindexWeight(n *node) error {
	if n.unsaved.lapsed != nil {
		if err := k.uncount(n, *n.unsaved.lapsed); err != nil {
			return err
		}
	}
	if !n.unsaved.weight && !n.unsaved.imported {
		return nil
	}
	epoch, err := k.Epoch(n.ctx)
	if err != nil {
		return err
	}
	before := n.state.CheckpointAt(epoch + 1)
	if n.unsaved.imported {
		return k.moveTotals(n, types.WeightCheckpoint{Weight: math.ZeroInt()}, before)
	}
	if after := n.state.Checkpoint(epoch+1, n.params.BondPerSlot, n.profile.Class); !after.Counts(before) {
		if err := k.moveTotals(n, before, after); err != nil {
			return err
		}
		n.state.SetCheckpoint(after)
	}
	n.state.TrimCheckpoints(types.OldestKeptEpoch(epoch))
	return nil
}

// moveTotals subtracts a node from the class in which it counted before and adds it to the
// class in which it counts now.
func (k *Keeper) moveTotals(n *node, before, after types.WeightCheckpoint) error {
	if before.Weight.IsPositive() {
		total, err := k.upcoming(n.ctx, before.Class)
		if err != nil {
			return err
		}
		if total, err = total.Sub(before); err != nil {
			return err
		}
		if err := k.totals.Set(n.ctx, before.Class, total); err != nil {
			return err
		}
	}
	if after.Weight.IsZero() {
		return nil
	}
	total, err := k.upcoming(n.ctx, after.Class)
	if err != nil {
		return err
	}
	return k.totals.Set(n.ctx, after.Class, total.Add(after))
}

// uncount subtracts a node from its class from the epoch of a checkpoint on. Snapshots of
// epochs that have begun since then no longer contain the node.
func (k *Keeper) uncount(n *node, none types.WeightCheckpoint) error {
	epoch, err := k.Epoch(n.ctx)
	if err != nil {
		return err
	}
	for e := none.Epoch; e <= epoch; e++ {
		point := n.state.CheckpointAt(e)
		if point.Weight.IsZero() {
			continue
		}
		key := collections.Join(e, point.Class)
		snapshot, err := k.snapshots.Get(n.ctx, key)
		if errors.Is(err, collections.ErrNotFound) {
			continue // the class was not among the parameters when the epoch began
		}
		if err != nil {
			return err
		}
		if snapshot, err = snapshot.Sub(point); err != nil {
			return err
		}
		if err := k.snapshots.Set(n.ctx, key, snapshot); err != nil {
			return err
		}
	}
	if err := k.moveTotals(n, n.state.CheckpointAt(epoch+1), none); err != nil {
		return err
	}
	n.state.SetCheckpoint(none)
	return nil
}
