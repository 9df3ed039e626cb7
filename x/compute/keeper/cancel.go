package keeper

import (
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// CancelJob ends a job at its requester's word: no task is unrolled any more, and
// tasks that nobody has committed to end with the attempt fee for the nodes that
// hold them, and with the fee of each seat of a draw that is pinned. Committed ones run to their settlement. Of the open tasks max_batch
// are seen to at once, the rest in the blocks that follow. It returns what comes
// back with this block.
func (k *Keeper) CancelJob(ctx sdk.Context, requester, jobID string) (sdk.Coin, error) {
	id, job, err := k.requesterJob(ctx, requester, jobID)
	if err != nil {
		return sdk.Coin{}, err
	}
	if job.Challenged != nil { // who sees its judges drawn could else draw until he likes them
		return sdk.Coin{}, types.ErrNotCancellable.Wrapf("job %s judges a challenge: wait for its verdict, or for the end of its lifetime", id)
	}
	if job.Cancelled {
		return sdk.Coin{}, types.ErrJobEnded.Wrapf("job %s is cancelled already; committed work is being settled", id)
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return sdk.Coin{}, err
	}
	job.Cancelled = true
	refund, err := k.dropPending(ctx, id, &job)
	if err != nil {
		return refund, err
	}
	// Tasks read the job: it has to say that it is cancelled.
	if err := k.jobs.Set(ctx, id, job); err != nil {
		return refund, err
	}
	done, err := k.abortTasks(ctx, params, id, &job, int(params.MaxBatch))
	if err != nil {
		return refund, err
	}
	emitSweep(ctx, done.changes)
	if err := k.jobs.Set(ctx, id, job); err != nil {
		return refund, err
	}
	total := refund.AddAmount(done.freed)
	return total, ctx.EventManager().EmitTypedEvent(&types.EventJobCancelled{JobId: job.Id, Refund: total})
}

// dropPending ends the tasks of a job that were never unrolled and pays back what
// they had reserved.
func (k *Keeper) dropPending(ctx sdk.Context, id types.JobID, job *types.Job) (sdk.Coin, error) {
	n := job.Pending()
	refund, err := k.refund(ctx, job, job.Drop())
	if err != nil {
		return refund, err
	}
	note := types.NewTaskNote()
	note.Posted = -int64(n)
	return refund, k.addNote(ctx, id, types.JobEntry, note)
}

// cancelled is what cancelling some tasks of a job has done.
type cancelled struct {
	// visited counts the tasks that were looked at.
	visited int
	// freed is what the ended ones have not spent, in the reward's denom.
	freed   math.Int
	changes []types.TaskChange
}

// abortTasks ends those tasks of a cancelled job that nobody has committed to,
// from where it stopped last, looking at most at limit of them. It queues the job
// for the next block when it has not come to the end.
func (k *Keeper) abortTasks(ctx sdk.Context, params types.Params, id types.JobID, job *types.Job, limit int) (cancelled, error) {
	out := cancelled{freed: math.ZeroInt()}
	keys, err := k.tasksFrom(ctx, id, job.Cursor, limit)
	if err != nil {
		return out, err
	}
	for _, key := range keys {
		t, err := k.loadStored(ctx, params, id, key.K2())
		if err != nil {
			return out, err
		}
		if err := t.Advance(); err != nil {
			return out, err
		}
		out.visited++
		out.changes = append(out.changes, t.Changes()...)
		if t.Ended() {
			out.freed = out.freed.Add(t.Left())
		}
		if err := k.save(t); err != nil {
			return out, err
		}
		job.Cursor = key.K2() + 1
	}
	next := int64(0)
	if len(keys) == limit {
		next = ctx.BlockHeight() + 1
	}
	return out, k.queueJob(ctx, id, job, next)
}
