package keeper

import (
	"bytes"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// abandon ends a task in its first round without a verdict: nobody is at fault,
// every lock returns, and those who hold the task earn the attempt fee.
func (w *work) abandon(status types.TaskStatus) error {
	if err := w.dropCandidates(); err != nil {
		return err
	}
	ballots, err := w.ballots()
	if err != nil {
		return err
	}
	for i := range ballots {
		if err := w.finishAttempt(&ballots[i]); err != nil {
			return err
		}
	}
	return w.end(status, ballots, nil)
}

// closeJob ends a job with its last task and returns what is left in escrow.
func (w *work) closeJob(last types.TaskStatus) error {
	status := types.JOB_STATUS_FAILED
	switch {
	case w.job.TasksAccepted == w.job.Tasks:
		status = types.JOB_STATUS_COMPLETED
	case last == types.TASK_STATUS_CANCELLED:
		status = types.JOB_STATUS_CANCELLED
	case last == types.TASK_STATUS_EXPIRED:
		status = types.JOB_STATUS_EXPIRED
	}
	if err := w.job.MoveTo(status); err != nil {
		return err
	}
	w.job.ClosedHeight = w.height()
	refund := sdk.NewCoin(w.job.Reward.Denom, w.job.Reserved)
	if refund.IsPositive() {
		requester, err := w.operator(w.job.Requester)
		if err != nil {
			return err
		}
		if err := w.k.bank.SendCoinsFromModuleToAccount(w.ctx, types.ModuleName, requester, sdk.NewCoins(refund)); err != nil {
			return err
		}
	}
	w.job.Refunded = w.job.Refunded.Add(refund.Amount)
	w.job.Reserved = math.ZeroInt()
	if err := w.k.openJobs.Remove(w.ctx, collections.Join(w.job.Class, w.id)); err != nil {
		return err
	}
	if err := w.k.pruneAt(w.ctx, w.height()+int64(w.params.RetentionBlocks), w.id); err != nil {
		return err
	}
	return w.emit(&types.EventJobClosed{JobId: w.job.Id, Status: status, Refund: refund})
}

// CancelJob ends a job at its requester's word. Nodes that hold it earn the
// attempt fee; once somebody has committed, the work runs to its settlement. It
// returns what came back at once.
func (k *Keeper) CancelJob(ctx sdk.Context, requester, jobID string) (sdk.Coin, error) {
	id, err := types.ParseJobID(jobID)
	if err != nil {
		return sdk.Coin{}, err
	}
	job, err := k.Job(ctx, id)
	if err != nil {
		return sdk.Coin{}, err
	}
	by, err := k.addresses.StringToBytes(requester)
	if err != nil {
		return sdk.Coin{}, types.ErrNotRequester.Wrapf("requester: %s", err)
	}
	owner, err := k.addresses.StringToBytes(job.Requester)
	if err != nil {
		return sdk.Coin{}, err
	}
	if !bytes.Equal(by, owner) {
		return sdk.Coin{}, types.ErrNotRequester.Wrapf("job %s belongs to %s, got %s", id, job.Requester, requester)
	}
	if job.Ended() {
		return sdk.Coin{}, types.ErrJobEnded.Wrapf("job %s is %s", id, job.Status)
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return sdk.Coin{}, err
	}
	w, err := k.load(ctx, params, jobID, 0)
	if err != nil {
		return sdk.Coin{}, err
	}
	before := w.job.Refunded
	w.job.Cancelled = true
	if !w.task.Ended() && w.index() == 0 && w.round().Phase == types.ROUND_PHASE_COMMIT && w.round().Committed == 0 {
		if err := w.abandon(types.TASK_STATUS_CANCELLED); err != nil {
			return sdk.Coin{}, err
		}
	}
	return sdk.NewCoin(job.Reward.Denom, w.job.Refunded.Sub(before)), w.save()
}
