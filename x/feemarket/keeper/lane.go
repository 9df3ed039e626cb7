package keeper

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// SetLane notes which transactions of this block, by their indexes, go through the lane. It
// is called once a block, before the first of them runs.
func (k *Keeper) SetLane(ctx sdk.Context, indexes []int) error {
	for _, index := range indexes {
		if err := k.lane.Set(ctx, uint64(index)); err != nil { //nolint:gosec // an index
			return err
		}
	}
	return nil
}

// InLane tells whether the transaction at an index of this block goes through the lane.
func (k *Keeper) InLane(ctx sdk.Context, index int) (bool, error) {
	if index < 0 {
		return false, nil
	}
	return k.lane.Has(ctx, uint64(index))
}

// Hold notes that the transaction at an index of this block's lane has passed its checks.
// Like Paid it is called in what is dropped when the transaction is refused.
func (k *Keeper) Hold(ctx sdk.Context, index int) error {
	if index < 0 {
		return nil
	}
	return k.held.Set(ctx, uint64(index))
}

// Held tells whether the transaction at an index of this block's lane has passed its checks.
func (k *Keeper) Held(ctx sdk.Context, index int) (bool, error) {
	return k.held.Has(ctx, uint64(index)) //nolint:gosec // an index
}

// Paid notes the gas limit of an ordinary transaction of this block that has paid for it.
// It is called once its fee is taken, in what is dropped when the transaction is refused.
func (k *Keeper) Paid(ctx sdk.Context, index int, gas uint64) error {
	if index < 0 {
		return nil
	}
	return k.paid.Set(ctx, uint64(index), gas)
}

// gasPaid is what the ordinary transactions of this block have asked and paid for. Who is
// refused in the block, because an earlier transaction has spent what was to pay, moves no
// price: it has cost nobody anything.
func (k *Keeper) gasPaid(ctx sdk.Context) (uint64, error) {
	sum := uint64(0)
	err := k.paid.Walk(ctx, nil, func(_, gas uint64) (bool, error) {
		sum += gas // within the block's limit
		return false, nil
	})
	return sum, err
}
