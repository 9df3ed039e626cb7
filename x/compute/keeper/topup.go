package keeper

import (
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// TopUpJob adds tasks after a job's last task, or extends its lifetime, or both. It moves the
// reserve of the new tasks into escrow. It returns the job and the amount that it moved.
func (k *Keeper) TopUpJob(ctx sdk.Context, msg *types.MsgTopUpJob) (types.Job, sdk.Coin, error) {
	id, job, err := k.requesterJob(ctx, msg.Requester, msg.JobId)
	if err != nil {
		return job, sdk.Coin{}, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return job, sdk.Coin{}, err
	}
	if err := checkTopUp(params, &job, msg, ctx.BlockHeight()); err != nil {
		return job, sdk.Coin{}, err
	}
	reserve := sdk.NewCoin(job.Reward.Denom, job.TaskReserve.Mul(math.NewIntFromUint64(msg.Tasks)))
	if reserve.IsPositive() {
		payer, err := k.addresses.StringToBytes(job.Requester)
		if err != nil {
			return job, reserve, err
		}
		if err := k.bank.SendCoinsFromAccountToModule(ctx, payer, types.ModuleName, sdk.NewCoins(reserve)); err != nil {
			return job, reserve, err
		}
	}
	job.Reserved = job.Reserved.Add(reserve.Amount)
	job.Tasks += msg.Tasks
	if msg.LifetimeBlocks > 0 {
		job.ExpiresHeight = max(job.ExpiresHeight, ctx.BlockHeight()+int64(msg.LifetimeBlocks))
	}
	if err := k.notePosted(ctx, job.Class, id, msg.Tasks); err != nil {
		return job, reserve, err
	}
	if job.Pending() > 0 {
		if err := k.queueJob(ctx, id, &job, ctx.BlockHeight()); err != nil {
			return job, reserve, err
		}
	}
	if err := k.jobs.Set(ctx, id, job); err != nil {
		return job, reserve, err
	}
	return job, reserve, ctx.EventManager().EmitTypedEvent(&types.EventJobToppedUp{
		JobId: job.Id, Tasks: job.Tasks, ExpiresHeight: job.ExpiresHeight, Reserved: reserve,
	})
}

func checkTopUp(params types.Params, job *types.Job, msg *types.MsgTopUpJob, height int64) error {
	bad := types.ErrInvalidTopUp
	switch {
	case job.Challenged != nil:
		return bad.Wrapf("job %s judges a challenge, and is as long and large as that asks; challenge again", job.Id)
	case job.Cancelled || job.TasksDropped > 0 || height > job.ExpiresHeight:
		return types.ErrJobEnded.Wrapf("job %s is cancelled or its lifetime is over; post another", job.Id)
	case msg.Tasks == 0 && msg.LifetimeBlocks == 0:
		return bad.Wrap("expected tasks or lifetime_blocks above 0")
	case msg.LifetimeBlocks > params.MaxLifetimeBlocks:
		return bad.Wrapf("lifetime_blocks: at most %d, found %d", params.MaxLifetimeBlocks, msg.LifetimeBlocks)
	case msg.Tasks > params.MaxTasks || job.Tasks+msg.Tasks > params.MaxTasks:
		return bad.Wrapf("tasks: at most %d in all, the job has %d, found %d more", params.MaxTasks, job.Tasks, msg.Tasks)
	case job.ArrayInputs > 0 && job.Tasks+msg.Tasks > job.ArrayInputs:
		return bad.Wrapf("tasks: array_input has %d inputs, the job would have %d tasks", job.ArrayInputs, job.Tasks+msg.Tasks)
	default:
		return nil
	}
}
