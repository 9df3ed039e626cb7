package keeper

import (
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// LaneTx is a transaction of a block that goes through its lane.
type LaneTx struct {
	// Index in the block, from 0.
	Index int
	// Gas is its limit.
	Gas uint64
}

// SetLane notes which transactions of this block go through the lane. It is called once
// a block, before the first of them runs.
func (k *Keeper) SetLane(ctx sdk.Context, txs []LaneTx) error {
	var sum uint64
	for _, tx := range txs {
		if err := k.lane.Set(ctx, uint64(tx.Index), tx.Gas); err != nil { //nolint:gosec // an index
			return err
		}
		sum += tx.Gas // within the budget of the lane
	}
	if len(txs) == 0 {
		return nil
	}
	return k.laneGas.Set(ctx, sum)
}

// InLane tells whether the transaction at an index of this block goes through the lane.
func (k *Keeper) InLane(ctx sdk.Context, index int) (bool, error) {
	if index < 0 {
		return false, nil
	}
	return k.lane.Has(ctx, uint64(index))
}

// gasOfLane is what the transactions of this block's lane asked for.
func (k *Keeper) gasOfLane(ctx sdk.Context) (uint64, error) {
	gas, err := k.laneGas.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return 0, nil
	}
	return gas, err
}
