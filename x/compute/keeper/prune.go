package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// pruneAt queues a job for pruning.
func (k *Keeper) pruneAt(ctx context.Context, height int64, id types.JobID) error {
	return k.prunable.Set(ctx, collections.Join(height, id))
}

// prune forgets jobs that ended long ago: first the job with its spec, so that
// only receipts remain, and after a longer time those too.
func (k *Keeper) prune(ctx sdk.Context, params types.Params) error {
	keys, err := firstKeys(ctx, k.prunable, collections.Join(ctx.BlockHeight()+1, types.JobID{}), int(params.QueueLimit))
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := k.prunable.Remove(ctx, key); err != nil {
			return err
		}
		k.isolated(ctx, "pruning job "+key.K2().String(), func(ctx sdk.Context) error {
			return k.pruneJob(ctx, params, key.K2())
		})
	}
	return nil
}

func (k *Keeper) pruneJob(ctx sdk.Context, params types.Params, id types.JobID) error {
	job, err := k.jobs.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		return k.receipts.Clear(ctx, collections.NewPrefixedPairRange[types.JobID, uint64](id))
	}
	if err != nil {
		return err
	}
	requester, err := k.addresses.StringToBytes(job.Requester)
	if err != nil {
		return err
	}
	if err := k.requesters.Remove(ctx, collections.Join(sdk.AccAddress(requester), id)); err != nil {
		return err
	}
	if err := k.specs.Remove(ctx, id); err != nil {
		return err
	}
	if err := k.jobs.Remove(ctx, id); err != nil {
		return err
	}
	return k.pruneAt(ctx, ctx.BlockHeight()+int64(params.ReceiptRetentionBlocks), id)
}

// firstKeys returns the lowest keys of a queue below end, at most limit of them.
// They are read before anything is written: an iteration takes no writes.
func firstKeys[K any](ctx context.Context, queue collections.KeySet[K], end K, limit int) ([]K, error) {
	iter, err := queue.Iterate(ctx, new(collections.Range[K]).EndExclusive(end))
	if err != nil {
		return nil, err
	}
	defer iter.Close()
	var keys []K
	for ; iter.Valid() && len(keys) < limit; iter.Next() {
		key, err := iter.Key()
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}
