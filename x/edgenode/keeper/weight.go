package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// Weight returns an operator's sortition weight in an epoch, in units of the bond denom. It
// considers the class that the node has now: a weight that the node had in another class
// counts as 0. Weight returns 0 if there is no node, and ErrSnapshotPruned for an epoch that
// is older than the kept epochs.
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

// ClassSnapshot returns a class as it was at the start of an epoch, or a zero snapshot if
// there is none.
func (k *Keeper) ClassSnapshot(ctx context.Context, class string, epoch uint64) (types.ClassSnapshot, error) {
	snapshot, err := k.snapshots.Get(ctx, collections.Join(epoch, class))
	if errors.Is(err, collections.ErrNotFound) {
		return types.ZeroSnapshot(), nil
	}
	return snapshot, err
}

// upcoming returns a class as it will count in the next epoch.
func (k *Keeper) upcoming(ctx context.Context, class string) (types.ClassSnapshot, error) {
	total, err := k.totals.Get(ctx, class)
	if errors.Is(err, collections.ErrNotFound) {
		return types.ZeroSnapshot(), nil
	}
	return total, err
}
