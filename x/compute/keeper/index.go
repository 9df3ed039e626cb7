package keeper

import (
	"context"
	"slices"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// save writes a task, what indexes say of it, and what it changes of its job.
func (k *Keeper) save(w *work) error {
	u := w.update()
	if err := k.reindex(w.ctx, w.id, w.task.Index, u.before, u.after); err != nil {
		return err
	}
	if err := k.addNote(w.ctx, w.id, w.task.Index, u.note); err != nil {
		return err
	}
	key := collections.Join(w.id, w.task.Index)
	if u.task.Ended() {
		return k.tasks.Remove(w.ctx, key)
	}
	return k.tasks.Set(w.ctx, key, u.task)
}

// reindex writes what indexes say of a task, where that differs from what they said
// before.
func (k *Keeper) reindex(ctx context.Context, id types.JobID, index uint64, before, after traces) error {
	if err := k.requeue(ctx, id, index, before, after); err != nil {
		return err
	}
	if err := k.relist(ctx, id, index, before, after); err != nil {
		return err
	}
	return k.relistHolders(ctx, id, index, before.holders, after.holders)
}

// requeue moves a task to the queue and height at which it is next due.
func (k *Keeper) requeue(ctx context.Context, id types.JobID, index uint64, before, after traces) error {
	if after.due == before.due && after.urgent == before.urgent {
		return nil
	}
	if before.due != 0 {
		if err := k.queue(before.urgent).Remove(ctx, collections.Join3(before.due, id, index)); err != nil {
			return err
		}
	}
	if after.due == 0 {
		return nil
	}
	return k.queue(after.urgent).Set(ctx, collections.Join3(after.due, id, index))
}

// queue returns the queue of what is urgent, or of the rest.
func (k *Keeper) queue(urgent bool) collections.KeySet[dueKey] {
	if urgent {
		return k.urgent
	}
	return k.due
}

// relist puts a task on the list of its draw, and off that of the draw before.
func (k *Keeper) relist(ctx context.Context, id types.JobID, index uint64, before, after traces) error {
	if after.listed == before.listed && after.pinned == before.pinned {
		return nil
	}
	if before.listed != unlisted {
		if err := k.draws(before.listed).Remove(ctx, collections.Join4(before.board, before.pinned, id, index)); err != nil {
			return err
		}
	}
	if after.listed == unlisted {
		return nil
	}
	return k.draws(after.listed).Set(ctx, collections.Join4(after.board, after.pinned, id, index))
}

// relistHolders lists a task under the operators that hold a part of it, and no longer
// under those that held one.
func (k *Keeper) relistHolders(ctx context.Context, id types.JobID, index uint64, before, after []string) error {
	for _, operator := range before {
		if slices.Contains(after, operator) {
			continue
		}
		key, err := k.heldKey(operator, id, index)
		if err != nil {
			return err
		}
		if err := k.held.Remove(ctx, key); err != nil {
			return err
		}
	}
	for _, operator := range after {
		if slices.Contains(before, operator) {
			continue
		}
		key, err := k.heldKey(operator, id, index)
		if err != nil {
			return err
		}
		if err := k.held.Set(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) heldKey(operator string, id types.JobID, index uint64) (heldKey, error) {
	addr, err := k.addresses.StringToBytes(operator)
	return collections.Join3(sdk.AccAddress(addr), id, index), err
}
