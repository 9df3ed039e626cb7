package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

// unroll starts the next n chunks of a job: each gets a record and its first draw.
func (k *Keeper) unroll(ctx sdk.Context, params types.Params, id types.JobID, job *types.Job, n uint64) ([]types.ChunkChange, error) {
	var changes []types.ChunkChange
	for range n {
		chunk := round.NewSpan(job.TasksOpened, job.NextChunk())
		t, err := round.Start(ctx, &k.deps, params, id, *job, chunk)
		if err != nil {
			return nil, err
		}
		if err := k.save(t); err != nil {
			return nil, err
		}
		changes = append(changes, t.Changes()...)
		job.TasksOpened += chunk.Count
		job.CountOpened(1)
	}
	return changes, nil
}

// advanceJob does what is due for a job as a whole. It closes a job that could not be closed
// earlier, aborts tasks of a cancelled job or of one whose grant was revoked, drops the pending tasks of an expired job, and
// unrolls the next tasks of any other job. It takes at most limit steps and returns how many
// it took.
func (k *Keeper) advanceJob(ctx sdk.Context, params types.Params, id types.JobID, limit int) (int, []types.ChunkChange, error) {
	job, err := k.Job(ctx, id)
	if err != nil {
		return 0, nil, err
	}
	revoked, err := k.grantRevoked(ctx, &job)
	if err != nil {
		return 0, nil, err
	}
	var (
		done    = 1
		changes []types.ChunkChange
	)
	switch {
	case job.TasksEnded == job.Tasks:
		if err := k.queueJob(ctx, id, &job, 0); err != nil {
			return 0, nil, err
		}
		err = k.closeJob(ctx, params, id, &job, types.CHUNK_STATUS_UNSPECIFIED)
	case job.Cancelled || revoked:
		if !job.Cancelled {
			if err := k.cancelRevoked(ctx, id, &job); err != nil {
				return 0, nil, err
			}
		}
		var c cancelled
		c, err = k.abortTasks(ctx, params, id, &job, limit)
		done, changes = max(1, c.visited), c.changes
	case ctx.BlockHeight() > job.ExpiresHeight:
		if _, err := k.dropPending(ctx, id, &job); err != nil {
			return 0, nil, err
		}
		err = k.queueJob(ctx, id, &job, 0)
	default:
		changes, err = k.unrollNext(ctx, params, id, &job, limit)
		done = max(1, len(changes))
	}
	if err != nil {
		return 0, nil, err
	}
	return done, changes, k.jobs.Set(ctx, id, job)
}

// unrollNext unrolls as many chunks as the window has room for, at most limit. It queues the
// job for the height at which more chunks may be unrolled, or dropped.
func (k *Keeper) unrollNext(ctx sdk.Context, params types.Params, id types.JobID, job *types.Job, limit int) ([]types.ChunkChange, error) {
	epoch, err := k.nodes.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	class, err := k.nodes.ClassSnapshot(ctx, job.Class, epoch)
	if err != nil {
		return nil, err
	}
	room := job.Room(params.UnrollWindow(job.Policy, class.Slots))
	n := min(room, job.PendingChunks(), uint64(limit))
	changes, err := k.unroll(ctx, params, id, job, n)
	if err != nil {
		return nil, err
	}
	next := job.ExpiresHeight + 1
	switch {
	case job.Pending() == 0:
		next = 0
	case n < room:
		next = ctx.BlockHeight() + 1 // the block's limit stopped it, not the window
	}
	return changes, k.queueJob(ctx, id, job, next)
}

// tasksFrom returns the keys of a job's tasks from an index on, at most limit.
func (k *Keeper) tasksFrom(ctx context.Context, id types.JobID, from uint64, limit int) ([]taskKey, error) {
	iter, err := k.chunks.Iterate(ctx, collections.NewPrefixedPairRange[types.JobID, uint64](id).StartInclusive(from))
	if err != nil {
		return nil, err
	}
	return take(iter, limit)
}
