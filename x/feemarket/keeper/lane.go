package keeper

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// SetLane notes which transactions of this block, by their indexes, go through the lane. It
// is called once per block, before the first of them runs.
func (k *Keeper) SetLane(ctx sdk.Context, indexes []int) error {
	for _, index := range indexes {
		if err := k.lane.Set(ctx, uint64(index)); err != nil { //nolint:gosec // an index
			return err
		}
	}
	return nil
}

// InLane reports whether the transaction at an index of this block goes through the lane.
func (k *Keeper) InLane(ctx sdk.Context, index int) (bool, error) {
	if index < 0 {
		return false, nil
	}
	return k.lane.Has(ctx, uint64(index))
}

// Hold notes that the transaction at an index of this block's lane has passed its checks. As
// with Paid, this write is dropped if the transaction is refused.
func (k *Keeper) Hold(ctx sdk.Context, index int) error {
	if index < 0 {
		return nil
	}
	return k.held.Set(ctx, uint64(index))
}

// Held reports whether the transaction at an index of this block's lane has passed its
// checks.
func (k *Keeper) Held(ctx sdk.Context, index int) (bool, error) {
	return k.held.Has(ctx, uint64(index)) //nolint:gosec // an index
}

// Paid notes the gas limit of an ordinary transaction of this block that has paid for it. It
// is called after the fee was taken; its write is dropped if the transaction is refused.
func (k *Keeper) Paid(ctx sdk.Context, index int, gas uint64) error {
	if index < 0 {
		return nil
	}
	return k.paid.Set(ctx, uint64(index), gas)
}

// gasPaid returns the sum of the gas limits of this block's ordinary transactions that have
// paid for them. A transaction that is refused in the block, because an earlier one has spent
// the coins for its fee, does not affect the price, because its sender has not paid anything.
func (k *Keeper) gasPaid(ctx sdk.Context) (uint64, error) {
	sum := uint64(0)
	err := k.paid.Walk(ctx, nil, func(_, gas uint64) (bool, error) {
		sum += gas // within the block's limit
		return false, nil
	})
	return sum, err
}
