package keeper

import (
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// tryClose closes a job whose tasks have all ended. If this fails, the job is queued again,
// and the counts of this block are kept.
func (k *Keeper) tryClose(ctx sdk.Context, params types.Params, id types.JobID, job *types.Job, last types.ChunkStatus) error {
	closed := *job
	if k.isolated(ctx, "closing job "+job.Id, func(ctx sdk.Context) error {
		return k.closeJob(ctx, params, id, &closed, last)
	}) {
		*job = closed
		return nil
	}
	return k.queueJob(ctx, id, job, ctx.BlockHeight()+putOffBlocks)
}

// closeJob closes a job with its last task and refunds what is left in escrow.
func (k *Keeper) closeJob(ctx sdk.Context, params types.Params, id types.JobID, job *types.Job, last types.ChunkStatus) error {
	status := types.JOB_STATUS_FAILED
	switch {
	case job.TasksAccepted == job.Tasks:
		status = types.JOB_STATUS_COMPLETED
	case job.Cancelled || last == types.CHUNK_STATUS_CANCELLED: // the latter if its grant was revoked
		status = types.JOB_STATUS_CANCELLED
	case job.TasksDropped > 0 || last == types.CHUNK_STATUS_EXPIRED || job.Status == types.JOB_STATUS_OPEN: // no node took it
		status = types.JOB_STATUS_EXPIRED
	}
	if err := job.MoveTo(status); err != nil {
		return err
	}
	// Cancelling used the cursor for tasks; pruning counts records of bits from the first.
	job.ClosedHeight, job.Cursor = ctx.BlockHeight(), 0
	job.ResultsRoot = types.FrontierRoot(job.Frontier)
	if job.Policy.ChallengeBlocks == 0 {
		job.Frontier = nil // without challenges, no account proves a receipt to the chain
	}
	refund, err := k.refund(ctx, job, job.Reserved)
	if err != nil {
		return err
	}
	if err := k.queueJob(ctx, id, job, 0); err != nil {
		return err
	}
	kept, err := k.keptUntil(ctx, params, id, job)
	if err != nil {
		return err
	}
	if err := k.pruneAt(ctx, kept, id); err != nil {
		return err
	}
	closed := &types.EventJobClosed{
		JobId: job.Id, Status: status, TasksAccepted: job.TasksAccepted, ResultsRoot: job.ResultsRoot, Refund: refund,
	}
	ctx.EventManager().EmitEvent(closed.Encode())
	return nil
}

// tryRefund refunds what ended tasks have left over. If this fails, the amount is part of the
// next refund or of the refund at the job's close, and the counts of this block are kept.
func (k *Keeper) tryRefund(ctx sdk.Context, job *types.Job) {
	refunded := *job
	if k.isolated(ctx, "refunding job "+job.Id, func(ctx sdk.Context) error {
		_, err := k.refund(ctx, &refunded, refunded.Excess())
		return err
	}) {
		*job = refunded
	}
}

// refund pays an amount of the job's escrow back to its requester, or to the deposit of its grant.
func (k *Keeper) refund(ctx sdk.Context, job *types.Job, amount math.Int) (sdk.Coin, error) {
	coin := sdk.NewCoin(job.Reward.Denom, amount)
	if amount.IsZero() {
		return coin, nil
	}
	requester, err := k.addresses.StringToBytes(job.Requester)
	if err != nil {
		return coin, err
	}
	job.Reserved = job.Reserved.Sub(amount)
	job.Refunded = job.Refunded.Add(amount)
	if job.Grant != nil {
		return coin, k.rewards.RefundGrant(ctx, job.Grant.Id, coin)
	}
	return coin, k.bank.SendCoinsFromModuleToAccount(ctx, types.ModuleName, requester, sdk.NewCoins(coin))
}
