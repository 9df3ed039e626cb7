package keeper

import (
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

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

// advanceDue advances the oldest due tasks and jobs, and does at most queue_limit
// things. Tasks in which somebody has something at stake, and draws of judges and
// auditors, come before all else; a tenth of the limit is left to that.
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

// advanceQueue advances what is due of a queue, oldest first, and does at most limit
// things. It returns how many it did and what that changed. An entry that fails is put
// off, so that it holds up nobody.
func (k *Keeper) advanceQueue(ctx sdk.Context, params types.Params, urgent bool, limit int) (int, []types.TaskChange, error) {
	keys, err := firstKeys(ctx, k.queue(urgent), collections.Join3(ctx.BlockHeight()+1, types.JobID{}, uint64(0)), limit)
	if err != nil {
		return 0, nil, err
	}
	total := 0
	var changes []types.TaskChange
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

// advanceEntry advances one entry of the queue. It returns how much it did and
// what that changed; not ok when it failed and left no trace.
func (k *Keeper) advanceEntry(ctx sdk.Context, params types.Params, key dueKey, limit int) (done int, changes []types.TaskChange, ok bool) {
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

// emitSweep tells what happened to tasks outside of their workers' batches.
func emitSweep(ctx sdk.Context, changes []types.TaskChange) {
	if len(changes) == 0 {
		return
	}
	ctx.EventManager().EmitEvent((&types.EventSweep{Changes: changes}).Encode())
}

// putOffBlocks is how long a task that fails to advance rests.
const putOffBlocks = 100

func (k *Keeper) putOff(ctx sdk.Context, urgent bool, key dueKey) error {
	if err := k.queue(urgent).Remove(ctx, key); err != nil {
		return err
	}
	id, index, height := key.K2(), key.K3(), ctx.BlockHeight()+putOffBlocks
	if index == types.JobEntry {
		job, err := k.jobs.Get(ctx, id)
		if errors.Is(err, collections.ErrNotFound) {
			return nil // nothing is left to advance: the entry goes
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
	task, err := k.tasks.Get(ctx, collections.Join(id, index))
	if errors.Is(err, collections.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	task.DueHeight = height
	if err := k.tasks.Set(ctx, collections.Join(id, index), task); err != nil {
		return err
	}
	return k.queue(urgent).Set(ctx, collections.Join3(height, id, index))
}
