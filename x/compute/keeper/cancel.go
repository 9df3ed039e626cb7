package keeper

import (
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// CancelJob cancels a job on behalf of its requester. No more tasks are unrolled. Tasks to
// which no node has committed are aborted: the nodes that hold them earn the attempt fee, and
// the seats of a pinned draw cost their fee. Tasks to which a node has committed run until
// they are settled. CancelJob visits max_batch of the open tasks at once; the following
// blocks visit the others. It returns the amount that is refunded in this block.
func (k *Keeper) CancelJob(ctx sdk.Context, requester, jobID string) (sdk.Coin, error) {
	id, job, err := k.requesterJob(ctx, requester, jobID)
	if err != nil {
		return sdk.Coin{}, err
	}
	if job.Challenged != nil { // otherwise a challenger could redraw until they like the judges
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
	// Tasks read the stored job, which therefore has to say that it is cancelled.
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

// grantRevoked reports whether a grant was to pay for the job that was revoked.
func (k *Keeper) grantRevoked(ctx sdk.Context, job *types.Job) (bool, error) {
	if job.Grant == nil {
		return false, nil
	}
	return k.rewards.GrantRevoked(ctx, job.Grant.Id)
}

// cancelRevoked cancels a job whose grant was revoked: no account pays for its tasks. It drops those
// that were never unrolled; abortTasks then ends the others.
func (k *Keeper) cancelRevoked(ctx sdk.Context, id types.JobID, job *types.Job) error {
	job.Cancelled, job.Cursor = true, 0
	refund, err := k.dropPending(ctx, id, job)
	if err != nil {
		return err
	}
	if err := k.jobs.Set(ctx, id, *job); err != nil { // tasks read the stored job
		return err
	}
	return ctx.EventManager().EmitTypedEvent(&types.EventJobCancelled{JobId: job.Id, Refund: refund})
}

// dropPending drops the tasks of a job that were never unrolled and refunds their reserves.
func (k *Keeper) dropPending(ctx sdk.Context, id types.JobID, job *types.Job) (sdk.Coin, error) {
	n := job.Pending()
	refund, err := k.refund(ctx, job, job.Drop())
	if err != nil {
		return refund, err
	}
	if job.Grant != nil {
		if err := k.rewards.ReleaseGrant(ctx, job.Grant, job.EncumbranceOf(n), math.ZeroInt()); err != nil {
			return refund, err
		}
	}
	note := types.NewChunkNote()
	note.Posted = -int64(n)
	return refund, k.addNote(ctx, id, types.JobEntry, note)
}

// cancelled is the outcome of visiting some tasks of a cancelled job.
type cancelled struct {
	// visited counts the tasks that were visited.
	visited int
	// freed is the amount that the ended tasks have not spent, in the reward's denom.
	freed   math.Int
	changes []types.ChunkChange
}

// abortTasks visits at most limit tasks of a cancelled job, starting where the last visit
// stopped, and ends those to which no node has committed. It queues the job for the next
// block if tasks may be left.
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
