package keeper

import (
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// EndBlock advances the tasks and jobs that are due, folds the block's changes into jobs, and
// prunes records whose retention is over.
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

// advanceDue advances the oldest due tasks and jobs, in at most queue_limit steps. Tasks in
// which a node has something at stake, and draws of judges and auditors, come first; a tenth
// of the limit is kept for the others.
func (k *Keeper) advanceDue(ctx sdk.Context, params types.Params) error {
	limit := int(params.QueueLimit)
	done, changes, err := k.advanceQueue(ctx, params, true, limit-limit/10)
	if err != nil {
		return err
	}
	_, others, err := k.advanceQueue(ctx, params, false, limit-done)
	if err != nil {
		return err
	}
	emitSweep(ctx, append(changes, others...))
	return nil
}

// advanceQueue advances the due entries of a queue, oldest first, in at most limit steps. It
// returns the number of steps and the changes. An entry that fails is put off, so that it
// does not hold up others.
func (k *Keeper) advanceQueue(ctx sdk.Context, params types.Params, urgent bool, limit int) (int, []types.ChunkChange, error) {
	keys, err := firstKeys(ctx, k.queue(urgent), collections.Join3(ctx.BlockHeight()+1, types.JobID{}, uint64(0)), limit)
	if err != nil {
		return 0, nil, err
	}
	total := 0
	var changes []types.ChunkChange
	for _, key := range keys {
		if total >= limit {
			break
		}
		done, changed, ok := k.advanceEntry(ctx, params, key, limit-total)
		if !ok {
			k.isolated(ctx, "putting off "+key.K2().String(), func(ctx sdk.Context) error {
				return k.putOff(ctx, urgent, key)
			})
		}
		total += done
		changes = append(changes, changed...)
	}
	return total, changes, nil
}

// advanceEntry advances one entry of the queue. It returns the number of steps and the
// changes. ok is false if the entry failed and did not change the state.
func (k *Keeper) advanceEntry(ctx sdk.Context, params types.Params, key dueKey, limit int) (done int, changes []types.ChunkChange, ok bool) {
	id, index := key.K2(), key.K3()
	if index == types.JobEntry {
		ok = k.isolated(ctx, "job "+id.String(), func(ctx sdk.Context) error {
			var err error
			done, changes, err = k.advanceJob(ctx, params, id, limit)
			return err
		})
	} else {
		ok = k.isolated(ctx, "task of job "+id.String(), func(ctx sdk.Context) error {
			t, err := k.loadStored(ctx, params, id, index)
			if err != nil {
				return err
			}
			if err := t.Advance(); err != nil {
				return err
			}
			changes = t.Changes()
			return k.save(t)
		})
	}
	if !ok {
		return 1, nil, false
	}
	return max(1, done), changes, true
}

// emitSweep emits the changes of tasks that happened outside of messages about tasks.
func emitSweep(ctx sdk.Context, changes []types.ChunkChange) {
	if len(changes) == 0 {
		return
	}
	ctx.EventManager().EmitEvent((&types.EventSweep{Changes: changes}).Encode())
}

// putOffBlocks is the number of blocks for which an entry that fails to advance is put off.
const putOffBlocks = 100

func (k *Keeper) putOff(ctx sdk.Context, urgent bool, key dueKey) error {
	if err := k.queue(urgent).Remove(ctx, key); err != nil {
		return err
	}
	id, index, height := key.K2(), key.K3(), ctx.BlockHeight()+putOffBlocks
	if index == types.JobEntry {
		job, err := k.jobs.Get(ctx, id)
		if errors.Is(err, collections.ErrNotFound) {
			return nil // there is nothing left to advance, so the entry is removed
		}
		if err != nil {
			return err
		}
		job.DueHeight = height
		if err := k.jobs.Set(ctx, id, job); err != nil {
			return err
		}
		return k.due.Set(ctx, collections.Join3(height, id, index))
	}
	task, err := k.chunks.Get(ctx, collections.Join(id, index))
	if errors.Is(err, collections.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	task.DueHeight = height
	if err := k.chunks.Set(ctx, collections.Join(id, index), task); err != nil {
		return err
	}
	return k.queue(urgent).Set(ctx, collections.Join3(height, id, index))
}
