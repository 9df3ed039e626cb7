package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// Redeliver notes that the requester of a job wants its results delivered again, and burns
// the posting fee for the bytes of the sink. Nodes read such requests by height. Redeliver
// returns the request and the amount that it burned.
func (k *Keeper) Redeliver(ctx sdk.Context, msg *types.MsgRedeliver) (types.Redelivery, sdk.Coin, error) {
	none := types.Redelivery{}
	id, err := types.ParseJobID(msg.JobId)
	if err != nil {
		return none, sdk.Coin{}, err
	}
	job, err := k.Job(ctx, id)
	if err != nil {
		return none, sdk.Coin{}, err
	}
	if err := k.checkRequester(&job, msg.Requester); err != nil {
		return none, sdk.Coin{}, err
	}
	spec, err := k.specs.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		return none, sdk.Coin{}, types.ErrJobEnded.Wrapf("job %s ended at height %d and its spec is gone: no node keeps its outputs for so long", id, job.ClosedHeight)
	}
	if err != nil {
		return none, sdk.Coin{}, err
	}
	asked, err := job.Redeliver(&spec, msg.Sink, ctx.BlockHeight())
	if err != nil {
		return none, sdk.Coin{}, err
	}
	fee, err := k.burnPostingFee(ctx, &job, len(asked.Sink))
	if err != nil {
		return none, fee, err
	}
	if err := k.dropRedelivery(ctx, id, &job); err != nil {
		return none, fee, err
	}
	job.Redelivery = &asked
	if err := k.noteRedelivery(ctx, id, &job); err != nil {
		return none, fee, err
	}
	if err := k.jobs.Set(ctx, id, job); err != nil {
		return none, fee, err
	}
	return asked, fee, ctx.EventManager().EmitTypedEvent(&types.EventRedelivery{
		JobId: job.Id, Redelivery: asked, PostingFee: fee,
	})
}

// burnPostingFee burns the fee that a requester, or the deposit of the job's grant, pays for bytes
// that the chain stores. A grant that was revoked has no deposit, so its grantee pays.
func (k *Keeper) burnPostingFee(ctx sdk.Context, job *types.Job, bytes int) (sdk.Coin, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return sdk.Coin{}, err
	}
	nodes, err := k.nodes.Params(ctx)
	if err != nil {
		return sdk.Coin{}, err
	}
	fee := sdk.NewCoin(nodes.BondDenom, params.PostingFee(bytes))
	if fee.IsZero() {
		return fee, nil
	}
	payer, err := k.addresses.StringToBytes(job.Requester)
	if err != nil {
		return fee, err
	}
	revoked, err := k.grantRevoked(ctx, job)
	if err != nil {
		return fee, err
	}
	if job.Grant != nil && !revoked {
		err = k.rewards.SpendGrant(ctx, job.Grant.Id, sdk.NewCoins(fee))
	} else {
		err = k.bank.SendCoinsFromAccountToModule(ctx, payer, types.ModuleName, sdk.NewCoins(fee))
	}
	if err != nil {
		return fee, err
	}
	return fee, k.bank.BurnCoins(ctx, types.ModuleName, sdk.NewCoins(fee))
}

// noteRedelivery lists the request of a job by its height, if the job has one.
func (k *Keeper) noteRedelivery(ctx context.Context, id types.JobID, job *types.Job) error {
	if job.Redelivery == nil {
		return nil
	}
	return k.redeliveries.Set(ctx, collections.Join(job.Redelivery.Height, id))
}

// dropRedelivery removes the request of a job from the list and from the job, if it has one.
// The caller writes the job.
func (k *Keeper) dropRedelivery(ctx context.Context, id types.JobID, job *types.Job) error {
	if job.Redelivery == nil {
		return nil
	}
	key := collections.Join(job.Redelivery.Height, id)
	job.Redelivery = nil
	return k.redeliveries.Remove(ctx, key)
}

// checkRedeliveries checks that the list contains exactly the requests of jobs that still
// have their spec.
func (k *Keeper) checkRedeliveries(ctx context.Context) error {
	asked := 0
	err := k.jobs.Walk(ctx, nil, func(id types.JobID, job types.Job) (bool, error) {
		if job.Redelivery == nil {
			return false, nil
		}
		asked++
		listed, err := k.redeliveries.Has(ctx, collections.Join(job.Redelivery.Height, id))
		if err != nil {
			return true, err
		}
		kept, err := k.specs.Has(ctx, id)
		if err == nil && !(listed && kept) {
			err = fmt.Errorf("job %s asks for its results at height %d: listed: %t, has its spec: %t", id, job.Redelivery.Height, listed, kept)
		}
		return err != nil, err
	})
	if err != nil {
		return err
	}
	listed := 0
	err = k.redeliveries.Walk(ctx, nil, func(redeliveryKey) (bool, error) {
		listed++
		return false, nil
	})
	if err == nil && listed != asked {
		err = fmt.Errorf("%d jobs ask for their results, %d are listed", asked, listed)
	}
	return err
}
