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

// keptUntil returns the height at which the spec of an ended job may be removed: after the
// retention period and after the challenge window of its last result. For an array, it
// assumes that this result was accepted in the job's last block.
func (k *Keeper) keptUntil(ctx context.Context, params types.Params, id types.JobID, job *types.Job) (int64, error) {
	last := types.Receipt{}
	switch {
	case job.Policy.ChallengeBlocks == 0:
	case job.Tasks == 1:
		receipt, err := k.receipts.Get(ctx, collections.Join(id, uint64(0)))
		if err != nil && !errors.Is(err, collections.ErrNotFound) {
			return 0, err
		}
		last = receipt // empty if the task was never opened
	default:
		nodes, err := k.nodes.Params(ctx)
		if err != nil {
			return 0, err
		}
		last.ChallengeUntil = nodes.HoldUntil(job.ClosedHeight, job.ClosedHeight+int64(job.Policy.ChallengeBlocks))
	}
	return retained(&params, job.ClosedHeight, &last), nil
}

// retained returns the height at which the retention of a job that ended at a height is over,
// and so is the challenge window of its last result.
func retained(params *types.Params, ended int64, last *types.Receipt) int64 {
	return max(ended+int64(params.RetentionBlocks), last.ChallengeUntil+1)
}

// prune removes jobs that ended long ago. It first removes the spec and the job; the job of
// an array stays, because its root stands for the receipts. After a longer time it removes
// the rest. It removes at most queue_limit records.
func (k *Keeper) prune(ctx sdk.Context, params types.Params) error {
	limit := int(params.QueueLimit)
	keys, err := firstKeys(ctx, k.prunable, collections.Join(ctx.BlockHeight()+1, types.JobID{}), limit)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if limit <= 0 {
			break
		}
		if err := k.prunable.Remove(ctx, key); err != nil {
			return err
		}
		removed := 0
		k.isolated(ctx, "pruning job "+key.K2().String(), func(ctx sdk.Context) error {
			var err error
			removed, err = k.pruneJob(ctx, params, key.K2(), limit)
			return err
		})
		limit -= max(1, removed)
	}
	return nil
}

// pruneJob removes the records of a job that may be removed now, at most limit, and queues
// the rest. It returns how many it removed.
func (k *Keeper) pruneJob(ctx sdk.Context, params types.Params, id types.JobID, limit int) (int, error) {
	kept, err := k.specs.Has(ctx, id)
	if err != nil {
		return 0, err
	}
	if !kept {
		return k.pruneReceipts(ctx, id, limit)
	}
	seen, err := k.pruneChallenges(ctx, id, limit)
	if err != nil {
		return 0, err
	}
	if seen == limit {
		return seen, k.pruneAt(ctx, ctx.BlockHeight()+1, id)
	}
	job, err := k.Job(ctx, id)
	if err != nil {
		return 0, err
	}
	requester, err := k.addresses.StringToBytes(job.Requester)
	if err != nil {
		return 0, err
	}
	if err := k.requesters.Remove(ctx, collections.Join(sdk.AccAddress(requester), id)); err != nil {
		return 0, err
	}
	if err := k.specs.Remove(ctx, id); err != nil {
		return 0, err
	}
	// When the rest goes does not depend on the block in which the spec does, which a long queue delays: a chain that
	// is exported knows only the job.
	until, err := k.keptUntil(ctx, params, id, &job)
	if err != nil {
		return 0, err
	}
	asked := job.Redelivery != nil
	if err := k.dropRedelivery(ctx, id, &job); err != nil {
		return 0, err
	}
	switch {
	case job.Tasks == 1:
		err = k.jobs.Remove(ctx, id)
	case asked:
		err = k.jobs.Set(ctx, id, job)
	}
	if err != nil {
		return 0, err
	}
	return 1, k.pruneAt(ctx, until+int64(params.ReceiptRetentionBlocks), id)
}

// pruneChallenges visits at most limit challenges of a job's results and returns how many it
// visited. It removes convictions, because a result whose spec is gone cannot be challenged
// again. A challenge that is still judged is removed with its verdict.
func (k *Keeper) pruneChallenges(ctx context.Context, id types.JobID, limit int) (int, error) {
	var convicted []taskKey
	seen := 0
	err := k.challenges.Walk(ctx, collections.NewPrefixedPairRange[types.JobID, uint64](id), func(key taskKey, c types.Challenge) (bool, error) {
		if c.Judging == 0 {
			convicted = append(convicted, key)
		}
		seen++
		return seen == limit, nil
	})
	if err != nil {
		return 0, err
	}
	for _, key := range convicted {
		if err := k.challenges.Remove(ctx, key); err != nil {
			return 0, err
		}
	}
	return seen, nil
}

// pruneReceipts removes the records of the results of a job whose spec is gone: the receipt
// of a single task, or the bits of an array and then its job record.
func (k *Keeper) pruneReceipts(ctx sdk.Context, id types.JobID, limit int) (int, error) {
	job, err := k.jobs.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		return 1, k.receipts.Clear(ctx, collections.NewPrefixedPairRange[types.JobID, uint64](id))
	}
	if err != nil {
		return 0, err
	}
	pages := (job.Tasks + types.TaskBitsLen - 1) / types.TaskBitsLen
	removed := 0
	for ; job.Cursor < pages && removed < limit; removed++ {
		if err := k.taskBits.Remove(ctx, collections.Join(id, job.Cursor)); err != nil {
			return removed, err
		}
		job.Cursor++
	}
	if job.Cursor < pages {
		if err := k.jobs.Set(ctx, id, job); err != nil {
			return removed, err
		}
		return removed, k.pruneAt(ctx, ctx.BlockHeight()+1, id)
	}
	// The first task may have ended when it was still the job's only task.
	if err := k.receipts.Remove(ctx, collections.Join(id, uint64(0))); err != nil {
		return removed, err
	}
	return removed + 1, k.jobs.Remove(ctx, id)
}
