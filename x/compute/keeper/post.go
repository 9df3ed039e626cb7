package keeper

import (
	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// quote is what a job costs and needs.
type quote struct {
	reserve    sdk.Coin
	postingFee sdk.Coin
	liability  sdk.Coin
	bondValue  math.Int
	live       uint64
	needed     uint64
}

// quote reckons the cost of a job without changing anything.
func (k *Keeper) quote(ctx sdk.Context, params types.Params, denom types.PaymentDenom, spec *types.JobSpec, bytes int) (quote, error) {
	nodeParams, err := k.nodes.Params(ctx)
	if err != nil {
		return quote{}, err
	}
	if _, err := k.nodes.Class(ctx, spec.Class); err != nil {
		return quote{}, err
	}
	epoch, err := k.nodes.Epoch(ctx)
	if err != nil {
		return quote{}, err
	}
	class, err := k.nodes.ClassSnapshot(ctx, spec.Class, epoch)
	if err != nil {
		return quote{}, err
	}
	value := denom.BondValue(spec.Reward.Amount)
	return quote{
		reserve:    sdk.NewCoin(spec.Reward.Denom, types.Reserve(spec.Reward.Amount, spec.Policy)),
		postingFee: sdk.NewCoin(nodeParams.BondDenom, params.PostingFee(bytes)),
		liability:  sdk.NewCoin(nodeParams.BondDenom, params.Liability(value)),
		bondValue:  value,
		live:       class.Nodes,
		needed:     uint64(spec.Policy.Replicas) + uint64(params.SpareNodes),
	}, nil
}

// PostJob takes a job's whole cost into escrow, burns the posting fee and
// starts to draw nodes.
func (k *Keeper) PostJob(ctx sdk.Context, requester string, spec types.JobSpec) (types.Job, sdk.Coin, error) {
	payer, err := k.addresses.StringToBytes(requester)
	if err != nil {
		return types.Job{}, sdk.Coin{}, types.ErrInvalidSpec.Wrapf("requester: %s", err)
	}
	if err := spec.Validate(); err != nil {
		return types.Job{}, sdk.Coin{}, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return types.Job{}, sdk.Coin{}, err
	}
	denom, err := spec.CheckParams(params)
	if err != nil {
		return types.Job{}, sdk.Coin{}, err
	}
	q, err := k.quote(ctx, params, denom, &spec, spec.Size())
	if err != nil {
		return types.Job{}, sdk.Coin{}, err
	}
	if q.live < q.needed {
		return types.Job{}, sdk.Coin{}, types.ErrTooFewNodes.Wrapf(
			"%d replicas need %d live nodes of class %s in this epoch, there are %d; ask for fewer replicas or wait for more nodes",
			spec.Policy.Replicas, q.needed, spec.Class, q.live)
	}
	if err := k.takePayment(ctx, payer, q); err != nil {
		return types.Job{}, sdk.Coin{}, err
	}
	// An address can be written in upper case too; the record has one form.
	if requester, err = k.addresses.BytesToString(payer); err != nil {
		return types.Job{}, sdk.Coin{}, err
	}
	job, err := k.newJob(ctx, requester, &spec, q)
	if err != nil {
		return types.Job{}, sdk.Coin{}, err
	}
	return job, q.postingFee, k.open(ctx, payer, params, job, spec)
}

func (k *Keeper) takePayment(ctx sdk.Context, payer sdk.AccAddress, q quote) error {
	total := sdk.NewCoins(q.reserve).Add(q.postingFee)
	if err := k.bank.SendCoinsFromAccountToModule(ctx, payer, types.ModuleName, total); err != nil {
		return err
	}
	if q.postingFee.IsZero() {
		return nil
	}
	return k.bank.BurnCoins(ctx, types.ModuleName, sdk.NewCoins(q.postingFee))
}

func (k *Keeper) newJob(ctx sdk.Context, requester string, spec *types.JobSpec, q quote) (types.Job, error) {
	id, err := k.newJobID(ctx)
	if err != nil {
		return types.Job{}, err
	}
	digest, err := types.SpecDigest(spec)
	if err != nil {
		return types.Job{}, err
	}
	return types.Job{
		Id:            id.String(),
		Requester:     requester,
		SpecDigest:    digest,
		Status:        types.JOB_STATUS_OPEN,
		PostedHeight:  ctx.BlockHeight(),
		Reward:        spec.Reward,
		Reserved:      q.reserve.Amount,
		Policy:        spec.Policy,
		Class:         spec.Class,
		Executor:      spec.Executor,
		Tasks:         spec.Tasks,
		Liability:     q.liability.Amount,
		PrepareBlocks: spec.PrepareBlocks,
		CommitBlocks:  spec.CommitBlocks,
		Refunded:      math.ZeroInt(),
		Inputs:        uint32(len(spec.Inputs)) + 1,
		BondValue:     q.bondValue,
	}, nil
}

// newJobID returns the first id of this transaction that is not in use. Jobs
// posted outside of any transaction share a reserved index.
func (k *Keeper) newJobID(ctx sdk.Context) (types.JobID, error) {
	id := types.JobID{Height: uint64(ctx.BlockHeight()), Tx: types.NoTxIndex}
	if ctx.TxIndex() >= 0 {
		id.Tx = uint32(ctx.TxIndex())
	}
	for {
		used, err := k.jobs.Has(ctx, id)
		if err != nil || !used {
			return id, err
		}
		id.N++
	}
}

// open writes the job and its task and starts the first draw.
func (k *Keeper) open(ctx sdk.Context, payer sdk.AccAddress, params types.Params, job types.Job, spec types.JobSpec) error {
	id, err := types.ParseJobID(job.Id)
	if err != nil {
		return err
	}
	if err := k.specs.Set(ctx, id, spec); err != nil {
		return err
	}
	if err := k.openJobs.Set(ctx, collections.Join(job.Class, id)); err != nil {
		return err
	}
	if err := k.requesters.Set(ctx, collections.Join(payer, id)); err != nil {
		return err
	}
	w := &work{k: k, ctx: ctx, params: params, id: id, job: job, task: types.Task{
		JobId:         job.Id,
		Status:        types.TASK_STATUS_OPEN,
		ExpiresHeight: ctx.BlockHeight() + int64(spec.LifetimeBlocks),
	}}
	if err := w.emit(&types.EventJobPosted{
		JobId: job.Id, Requester: job.Requester, Class: job.Class, Executor: job.Executor,
		Reserved: sdk.NewCoin(job.Reward.Denom, job.Reserved),
	}); err != nil {
		return err
	}
	if err := w.startRound(job.Policy.Replicas); err != nil {
		return err
	}
	return w.save()
}
