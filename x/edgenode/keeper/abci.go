package keeper

import "context"

// EndBlock processes both queues: unbondings that are due and leases that have run out.
func (k *Keeper) EndBlock(ctx context.Context) error {
	if err := k.PayUnbondings(ctx); err != nil {
		return err
	}
	return k.ExpireLeases(ctx)
}
