// Package keeper verifies rounds, pins heights to them and prunes old ones.
package keeper

import (
	"context"

	"github.com/thetaedge/theta/x/internal/isolated"
)

// BeginBlock pins the previous height. An error here stops the block, because a height
// without its pin would get another seed later. Pruning is housekeeping: it may fail without
// an effect on the block.
func (k *Keeper) BeginBlock(ctx context.Context) error {
	if err := k.PinPreviousHeight(ctx); err != nil {
		return err
	}
	isolated.Try(ctx, k.logger(ctx), "pruning", k.Prune)
	return nil
}

// EndBlock pays for this block's rounds.
func (k *Keeper) EndBlock(ctx context.Context) error {
	isolated.Try(ctx, k.logger(ctx), "reimbursements", k.PayReimbursements)
	return nil
}
