package keeper

import (
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// advanceDue advances the oldest due tasks and jobs, and does at most queue_limit
// things. An entry that fails is put off, so that it holds up nobody.
func (k *Keeper) advanceDue(ctx sdk.Context, params types.Params) error {
	limit := int(params.QueueLimit)
	keys, err := firstKeys(ctx, k.due, collections.Join3(ctx.BlockHeight()+1, types.JobID{}, uint64(0)), limit)
	if err != nil {
		return err
	}
	var changes []types.TaskChange
	for _, key := range keys {
		if limit <= 0 {
			break
		}
		done, changed, ok := k.advanceEntry(ctx, params, key, limit)
		if !ok {
			k.isolated(ctx, "putting off "+key.K2().String(), func(ctx sdk.Context) error {
				return k.putOff(ctx, key)
			})
		}
		limit -= done
		changes = append(changes, changed...)
	}
	emitSweep(ctx, changes)
	return nil
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
			w, err := k.loadStored(ctx, params, id, index)
			if err != nil {
				return err
			}
			if err := w.advance(); err != nil {
				return err
			}
			changes = w.changes
			return w.save()
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

func (k *Keeper) putOff(ctx sdk.Context, key dueKey) error {
	if err := k.due.Remove(ctx, key); err != nil {
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
	return k.due.Set(ctx, collections.Join3(height, id, index))
}

// queueJob moves a job to the height at which it is next due, 0 for never.
func (k *Keeper) queueJob(ctx sdk.Context, id types.JobID, job *types.Job, height int64) error {
	if height == job.DueHeight {
		return nil
	}
	if job.DueHeight != 0 {
		if err := k.due.Remove(ctx, collections.Join3(job.DueHeight, id, uint64(types.JobEntry))); err != nil {
			return err
		}
	}
	job.DueHeight = height
	if height == 0 {
		return nil
	}
	return k.due.Set(ctx, collections.Join3(height, id, uint64(types.JobEntry)))
}
