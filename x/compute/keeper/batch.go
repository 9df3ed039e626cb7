package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

// batched contains the outcome of the items of a message.
type batched struct {
	results []types.ItemResult
	// refused is the error of the first item if all items failed, and nil otherwise.
	refused error
}

// orRefused returns an error if all items of a message failed. It takes the results of batch.
func orRefused(done batched, err error) ([]types.ItemResult, error) {
	if err == nil {
		err = done.refused
	}
	if err != nil {
		return nil, err
	}
	return done.results, nil
}

// workerBatch runs the items of a message that a worker sends on behalf of its node.
func workerBatch[T types.Item](
	ctx context.Context, k *Keeper, action, worker string, items []T,
	run func(t *round.Chunk, operator sdk.AccAddress, item T) error,
) (batched, error) {
	key, err := k.addresses.StringToBytes(worker)
	if err != nil {
		return batched{}, types.ErrInvalidBatch.Wrapf("worker: %s", err)
	}
	operator, err := k.nodes.OperatorOf(ctx, key)
	if err != nil {
		return batched{}, err
	}
	text, err := k.addresses.BytesToString(operator)
	if err != nil {
		return batched{}, err
	}
	return batch(ctx, k, action, text, items, func(t *round.Chunk, item T) error { return run(t, operator, item) })
}

// batch runs the items of a message one by one. It checks the whole message before it writes
// anything. An item that fails does not change the state; its result contains the code of its
// error.
func batch[T types.Item](
	ctx context.Context, k *Keeper, action, actor string, items []T, run func(t *round.Chunk, item T) error,
) (batched, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return batched{}, err
	}
	if err := types.ValidateBatch(items, params.MaxBatch); err != nil {
		return batched{}, err
	}
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	results := make([]types.ItemResult, len(items))
	event := &types.EventBatch{Actor: actor, Action: action}
	var first error
	for i, item := range items {
		changes, err := k.runItem(sdkCtx, params, item.GetChunkRef(), func(t *round.Chunk) error { return run(t, item) })
		if err != nil {
			space, code, log := errorsmod.ABCIInfo(err, false)
			results[i] = types.ItemResult{Code: code, Codespace: space, Log: log}
			if first == nil {
				first = err
			}
			continue
		}
		event.Items = append(event.Items, item.GetChunkRef())
		event.Changes = append(event.Changes, changes...)
	}
	if len(event.Items) == 0 {
		return batched{results: results, refused: first}, nil
	}
	sdkCtx.EventManager().EmitEvent(event.Encode())
	return batched{results: results}, nil
}

// runItem applies one item to its task, in a cached context. It returns the changes of the
// task.
func (k *Keeper) runItem(
	ctx sdk.Context, params types.Params, ref types.ChunkRef, run func(*round.Chunk) error,
) ([]types.ChunkChange, error) {
	cached, write := ctx.CacheContext()
	t, err := k.load(cached, params, ref.JobId, ref.Task)
	if err != nil {
		return nil, err
	}
	if t.Ended() {
		return nil, types.ErrTaskEnded.Wrapf("task %d of job %s; its receipt says how", ref.Task, ref.JobId)
	}
	if err := run(t); err != nil {
		return nil, err
	}
	if err := t.Advance(); err != nil {
		return nil, err
	}
	if err := k.save(t); err != nil {
		return nil, err
	}
	write()
	return t.Changes(), nil
}
