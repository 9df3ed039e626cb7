package keeper

import (
	"context"
	"slices"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

// reindex updates the indexes of a task where its traces have changed.
func (k *Keeper) reindex(ctx context.Context, id types.JobID, index uint64, before, after round.Traces) error {
	if err := k.requeue(ctx, id, index, before, after); err != nil {
		return err
	}
	if err := k.relist(ctx, id, index, before, after); err != nil {
		return err
	}
	return k.relistHolders(ctx, id, index, before.Holders, after.Holders)
}

// requeue moves a task to the queue and height at which it is next due.
func (k *Keeper) requeue(ctx context.Context, id types.JobID, index uint64, before, after round.Traces) error {
	if after.Due == before.Due && after.Urgent == before.Urgent {
		return nil
	}
	if before.Due != 0 {
		if err := k.queue(before.Urgent).Remove(ctx, collections.Join3(before.Due, id, index)); err != nil {
			return err
		}
	}
	if after.Due == 0 {
		return nil
	}
	return k.queue(after.Urgent).Set(ctx, collections.Join3(after.Due, id, index))
}

// queue returns the queue of urgent tasks, or the queue of the others.
func (k *Keeper) queue(urgent bool) collections.KeySet[dueKey] {
	if urgent {
		return k.urgent
	}
	return k.due
}

// relist moves a task from the list of its previous draw to the list of its current draw.
func (k *Keeper) relist(ctx context.Context, id types.JobID, index uint64, before, after round.Traces) error {
	if after.Listed == before.Listed && after.Pinned == before.Pinned {
		return nil
	}
	if before.Listed != round.Unlisted {
		if err := k.drawsOn(before.Listed).Remove(ctx, collections.Join4(before.Board, before.Pinned, id, index)); err != nil {
			return err
		}
	}
	if after.Listed == round.Unlisted {
		return nil
	}
	return k.drawsOn(after.Listed).Set(ctx, collections.Join4(after.Board, after.Pinned, id, index))
}

// relistHolders lists a task under the operators that hold a part of it, and removes it from
// those that no longer hold one.
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
