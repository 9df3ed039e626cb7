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
	revoked, err := k.grantRevoked(ctx, &job)
	if err != nil {
		return job, sdk.Coin{}, err
	}
	if revoked {
		return job, sdk.Coin{}, types.ErrJobEnded.Wrapf("grant %d, which was to pay for job %s, was revoked; post another with own coins", job.Grant.Id, job.Id)
	}
	expires := job.ExpiresHeight
	if msg.LifetimeBlocks > 0 {
		expires = max(expires, ctx.BlockHeight()+int64(msg.LifetimeBlocks)) // checkTopUp bounds it
	}
	if err := checkWorth(params, &job, expires); err != nil {
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
	job.ExpiresHeight = expires
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

// checkWorth refuses a top-up if a new job with the same reward would be refused for its denom,
// or would lock more bond: the value of the reward in a job's record does not change.
func checkWorth(params types.Params, job *types.Job, expires int64) error {
	denom, err := params.CheckDenom(job.Reward.Denom, job.Policy, job.CommitBlocks, expires)
	if err != nil {
		return err
	}
	if worth := denom.BondValue(job.Reward.Amount); worth.GT(job.BondValue) {
		return types.ErrInvalidTopUp.Wrapf("a reward of %s is worth %s in the bond denom now, and nodes of job %s lock bond for %s; post another job",
			job.Reward, worth, job.Id, job.BondValue)
	}
	return nil
}

func checkTopUp(params types.Params, job *types.Job, msg *types.MsgTopUpJob, height int64) error {
	bad := types.ErrInvalidTopUp
	switch {
	case job.Challenged != nil:
		return bad.Wrapf("job %s judges a challenge, and is as long and large as that asks; challenge again", job.Id)
	case job.Cancelled || job.TasksDropped > 0 || height > job.ExpiresHeight:
		return types.ErrJobEnded.Wrapf("job %s is cancelled or its lifetime is over; post another", job.Id)
	case job.Grant != nil && msg.Tasks > 0:
		return bad.Wrapf("tasks: job %s is paid by grant %d, which takes no more tasks for it, found %d; post another job", job.Id, job.Grant.Id, msg.Tasks)
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
