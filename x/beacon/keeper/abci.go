// Package keeper verifies rounds, pins heights to them and forgets what is old.
package keeper

import (
	"context"

	"github.com/thetaedge/theta/x/internal/isolated"
)

// BeginBlock pins the height before. Failing to would re-roll seeds, so its
// error stops the block; pruning is housekeeping and may fail alone.
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
