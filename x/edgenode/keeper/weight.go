package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// Weight returns an operator's sortition weight in force at an epoch, in units
// of the bond denom, for the class the node is in now: a weight earned in
// another class counts as 0. It is 0 without a node, and ErrSnapshotPruned for
// an epoch older than kept.
func (k *Keeper) Weight(ctx context.Context, operator sdk.AccAddress, epoch uint64) (math.Int, error) {
	current, err := k.Epoch(ctx)
	if err != nil {
		return math.Int{}, err
	}
	if oldest := types.OldestKeptEpoch(current); epoch < oldest {
		return math.Int{}, types.ErrSnapshotPruned.Wrapf("expected an epoch from %d on, found %d; use a round with a newer seed", oldest, epoch)
	}
	state, err := k.states.Get(ctx, operator)
	if errors.Is(err, collections.ErrNotFound) {
		return math.ZeroInt(), nil
	}
	if err != nil {
		return math.Int{}, err
	}
	point := state.CheckpointAt(epoch)
	if point.Weight.IsZero() {
		return point.Weight, nil
	}
	profile, err := k.profiles.Get(ctx, operator)
	if err != nil {
		return math.Int{}, err
	}
	if profile.Class != point.Class {
		return math.ZeroInt(), nil
	}
	return point.Weight, nil
}

// ClassSnapshot returns a class as it was at the start of an epoch, a zero
// snapshot when there is none.
func (k *Keeper) ClassSnapshot(ctx context.Context, class string, epoch uint64) (types.ClassSnapshot, error) {
	snapshot, err := k.snapshots.Get(ctx, collections.Join(epoch, class))
	if errors.Is(err, collections.ErrNotFound) {
		return types.ZeroSnapshot(), nil
	}
	return snapshot, err
}

// upcoming returns a class as the next epoch will see it.
func (k *Keeper) upcoming(ctx context.Context, class string) (types.ClassSnapshot, error) {
	total, err := k.totals.Get(ctx, class)
	if errors.Is(err, collections.ErrNotFound) {
		return types.ZeroSnapshot(), nil
	}
	return total, err
}

// saveReweighed stores a node's state with the weight that its stake, slots,
// status and class give it from the next epoch on, and moves the class totals
// by the difference.
func (k *Keeper) saveReweighed(
	ctx context.Context, params types.Params, operator sdk.AccAddress, class string, state types.NodeState,
) error {
	epoch, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	before := state.CheckpointAt(epoch + 1)
	if after := state.Checkpoint(epoch+1, params.BondPerSlot, class); !after.Counts(before) {
		if err := k.moveTotals(ctx, before, after); err != nil {
			return err
		}
		state.SetCheckpoint(after)
	}
	state.TrimCheckpoints(types.OldestKeptEpoch(epoch))
	return k.states.Set(ctx, operator, state)
}

// moveTotals takes a node out of the class it counted in and puts it into the one
// it counts in now.
func (k *Keeper) moveTotals(ctx context.Context, before, after types.WeightCheckpoint) error {
	if before.Weight.IsPositive() {
		total, err := k.upcoming(ctx, before.Class)
		if err != nil {
			return err
		}
		if total, err = total.Sub(before); err != nil {
			return err
		}
		if err := k.totals.Set(ctx, before.Class, total); err != nil {
			return err
		}
	}
	if after.Weight.IsZero() {
		return nil
	}
	total, err := k.upcoming(ctx, after.Class)
	if err != nil {
		return err
	}
	return k.totals.Set(ctx, after.Class, total.Add(after))
}

// uncount takes a node that is no longer active out of its class from an epoch on,
// which may be one that has begun: its snapshot then forgets the node. The caller
// saves the state.
func (k *Keeper) uncount(ctx context.Context, params types.Params, from uint64, node *types.Node) error {
	epoch, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	for e := from; e <= epoch; e++ {
		point := node.State.CheckpointAt(e)
		if point.Weight.IsZero() {
			continue
		}
		key := collections.Join(e, point.Class)
		snapshot, err := k.snapshots.Get(ctx, key)
		if errors.Is(err, collections.ErrNotFound) {
			continue // the class was not among the parameters when the epoch began
		}
		if err != nil {
			return err
		}
		if snapshot, err = snapshot.Sub(point); err != nil {
			return err
		}
		if err := k.snapshots.Set(ctx, key, snapshot); err != nil {
			return err
		}
	}
	none := node.State.Checkpoint(from, params.BondPerSlot, node.Profile.Class)
	if err := k.moveTotals(ctx, node.State.CheckpointAt(epoch+1), none); err != nil {
		return err
	}
	node.State.SetCheckpoint(none)
	return nil
}
