package keeper

import sdk "github.com/cosmos/cosmos-sdk/types"

// EndBlock advances what is due, folds what the block has changed of jobs, and
// prunes what has been kept for long enough.
func (k *Keeper) EndBlock(ctx sdk.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	if err := k.advanceDue(ctx, params); err != nil {
		return err
	}
	if err := k.fold(ctx, params); err != nil {
		return err
	}
	return k.prune(ctx, params)
}
