package keeper

import (
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

// quote contains what a job costs and which nodes it needs.
type quote struct {
	// policy is the spec's policy with the audit floor applied; slashed reports whether a
	// wrong result is slashed.
	policy      types.Policy
	slashed     bool
	taskReserve math.Int
	// seatFee is the fee for a seat that was drawn but not used, per task of its chunk, in the
	// reward's denom.
	seatFee    math.Int
	reserve    sdk.Coin
	postingFee sdk.Coin
	liability  sdk.Coin
	bondValue  math.Int
	live       uint64
	needed     uint64
}

// quote computes the cost of a job whose reward is worth value in the bond denom. It does not
// change the state. judging reports whether the job judges the result of another.
func (k *Keeper) quote(
	ctx sdk.Context, params types.Params, value math.Int, spec *types.JobSpec, bytes int, judging bool,
) (quote, error) {
	nodeParams, err := k.nodes.Params(ctx)
	if err != nil {
		return quote{}, err
	}
	hardware, err := k.nodes.Class(ctx, spec.Class)
	if err != nil {
		return quote{}, err
	}
	if !judging { // a class that has changed must not keep results from being challenged
		if err := spec.CheckClass(hardware); err != nil {
			return quote{}, err
		}
	}
	epoch, err := k.nodes.Epoch(ctx)
	if err != nil {
		return quote{}, err
	}
	class, err := k.nodes.ClassSnapshot(ctx, spec.Class, epoch)
	if err != nil {
		return quote{}, err
	}
	policy, slashed := params.Effective(spec)
	liability := params.Liability(value, policy, slashed, spec.PerChunk())
	if judging { // the judges of every round execute all tasks of the chunk
		liability = params.Liability(value.Mul(math.NewIntFromUint64(spec.PerChunk())), policy, slashed, 1)
	}
	seatFee := params.SeatFee(spec.Reward.Amount, value, liability, spec.PerChunk())
	if judging {
		seatFee = math.ZeroInt() // a challenger cannot end the draw of the judges
	}
	perTask := types.Reserve(spec.Reward.Amount, policy, seatFee)
	if spec.Grant != 0 {
		perTask = params.GrantReserve(spec.Reward.Amount, policy, seatFee)
	}
	return quote{
		policy:      policy,
		slashed:     slashed,
		taskReserve: perTask,
		reserve:     sdk.NewCoin(spec.Reward.Denom, perTask.Mul(math.NewIntFromUint64(spec.Tasks))),
		postingFee:  sdk.NewCoin(nodeParams.BondDenom, params.PostingFee(bytes)),
		liability:   sdk.NewCoin(nodeParams.BondDenom, liability),
		seatFee:     seatFee,
		bondValue:   value,
		live:        class.Nodes,
		needed:      neededNodes(params, policy),
	}, nil
}

// neededNodes returns the number of live nodes that a job requires in its class: its replicas
// and auditors, and some spare nodes that decide if the others disagree. A job that names its
// node requires only that node.
func neededNodes(params types.Params, policy types.Policy) uint64 {
	if policy.Node != "" {
		return 0
	}
	return uint64(policy.Replicas) + uint64(policy.Auditors) + uint64(params.SpareNodes)
}

// PostJob moves a job's whole cost into escrow, burns the posting fee and starts the draw of
// nodes.
func (k *Keeper) PostJob(ctx sdk.Context, requester string, spec types.JobSpec) (types.Job, sdk.Coin, error) {
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
	if spec.Grant != 0 {
		if err := spec.CheckGrant(params); err != nil {
			return types.Job{}, sdk.Coin{}, err
		}
	}
	policy, _ := params.Effective(&spec)
	expires := ctx.BlockHeight() + int64(spec.LifetimeBlocks) // CheckParams bounds it
	if err := denom.CheckExpiry(expires + params.SpanAfterLifetime(policy, spec.CommitBlocks)); err != nil {
		return types.Job{}, sdk.Coin{}, err
	}
	return k.post(ctx, params, requester, spec, denom.BondValue(spec.Reward.Amount), nil)
}

// post posts a job with a valid spec, whose reward is worth value in the bond denom. The job
// may judge the result of another.
func (k *Keeper) post(
	ctx sdk.Context, params types.Params, requester string, spec types.JobSpec, value math.Int, challenged *types.ChallengedTask,
) (types.Job, sdk.Coin, error) {
	payer, err := k.addresses.StringToBytes(requester)
	if err != nil {
		return types.Job{}, sdk.Coin{}, types.ErrInvalidSpec.Wrapf("requester: %s", err)
	}
	q, err := k.quote(ctx, params, value, &spec, spec.Size(), challenged != nil)
	if err != nil {
		return types.Job{}, sdk.Coin{}, err
	}
	if q.live < q.needed {
		return types.Job{}, sdk.Coin{}, types.ErrTooFewNodes.Wrapf(
			"%d replicas and %d auditors need %d live nodes of class %s in this epoch, there are %d; ask for fewer replicas or wait for more nodes",
			q.policy.Replicas, q.policy.Auditors, q.needed, spec.Class, q.live)
	}
	if err := k.checkNamedNode(ctx, &spec); err != nil {
		return types.Job{}, sdk.Coin{}, err
	}
	grant, err := k.takePayment(ctx, payer, &spec, q)
	if err != nil {
		return types.Job{}, sdk.Coin{}, err
	}
	// An address may be written in upper case; the record always uses lower case.
	if requester, err = k.addresses.BytesToString(payer); err != nil {
		return types.Job{}, sdk.Coin{}, err
	}
	job, err := k.newJob(ctx, requester, &spec, q)
	if err != nil {
		return types.Job{}, sdk.Coin{}, err
	}
	job.Challenged, job.Grant = challenged, grant
	return job, q.postingFee, k.create(ctx, payer, params, job, spec)
}

// checkNamedNode refuses a job for a node that could never take it.
func (k *Keeper) checkNamedNode(ctx sdk.Context, spec *types.JobSpec) error {
	if spec.Policy.Node == "" {
		return nil
	}
	operator, err := k.addresses.StringToBytes(spec.Policy.Node)
	if err != nil {
		return types.ErrInvalidSpec.Wrapf("policy: node: %s", err)
	}
	node, err := k.nodes.Node(ctx, operator)
	if err != nil {
		return err
	}
	if !node.State.Live(ctx.BlockHeight()) {
		return types.ErrNotQualified.Wrapf("policy: node: expected %s live, it is %s; wait until it is, or name another",
			spec.Policy.Node, round.Standing(node.State))
	}
	if node.Profile.Class != spec.Class || !slices.Contains(node.Profile.Executors, spec.Executor) {
		return types.ErrInvalidSpec.Wrapf("policy: node %s is of class %s and runs %v, the job asks for %s and %s",
			spec.Policy.Node, node.Profile.Class, node.Profile.Executors, spec.Class, spec.Executor)
	}
	return nil
}

// takePayment takes the cost of a job from its requester, or from the deposit of the grant that
// the spec names, and burns the posting fee. It returns what that grant pays, or nil.
func (k *Keeper) takePayment(ctx sdk.Context, payer sdk.AccAddress, spec *types.JobSpec, q quote) (*types.JobGrant, error) {
	var grant *types.JobGrant
	total := sdk.NewCoins(q.reserve).Add(q.postingFee)
	if spec.Grant == 0 {
		if err := k.bank.SendCoinsFromAccountToModule(ctx, payer, types.ModuleName, total); err != nil {
			return nil, err
		}
	} else {
		perTask := types.GrantEncumbrance(spec.Reward.Amount, q.policy)
		agreed, err := k.rewards.EncumberGrant(ctx, types.NewGrantRequest(payer, spec, perTask, total))
		if err != nil {
			return nil, err
		}
		agreed.Encumbered = perTask
		grant = &agreed
	}
	if q.postingFee.IsZero() {
		return grant, nil
	}
	return grant, k.bank.BurnCoins(ctx, types.ModuleName, sdk.NewCoins(q.postingFee))
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
		Policy:        q.policy,
		Class:         spec.Class,
		Executor:      spec.Executor,
		Tasks:         spec.Tasks,
		Liability:     q.liability.Amount,
		PrepareBlocks: spec.PrepareBlocks,
		CommitBlocks:  spec.CommitBlocks,
		Refunded:      math.ZeroInt(),
		Inputs:        spec.InputCount(),
		BondValue:     q.bondValue,
		ExpiresHeight: ctx.BlockHeight() + int64(spec.LifetimeBlocks),
		TaskReserve:   q.taskReserve,
		SeatFee:       q.seatFee,
		Slashable:     q.slashed,
		Placement:     spec.Placement,
		ArrayInputs:   arrayInputs(spec),
		Fuel:          spec.Resources.Fuel,
		ChunkTasks:    spec.PerChunk(),
	}, nil
}

func arrayInputs(spec *types.JobSpec) uint64 {
	if spec.ArrayInput == nil {
		return 0
	}
	return spec.ArrayInput.Count - spec.FirstTask
}

// newJobID returns an unused id for this transaction. Jobs that are posted outside of a
// transaction share a reserved index. The transient store counts the jobs that a transaction
// has posted, so that the next id is found at once; the loop only skips ids that an older
// chain has used at this height.
func (k *Keeper) newJobID(ctx context.Context) (types.JobID, error) {
	block := sdk.UnwrapSDKContext(ctx)
	id := types.JobID{Height: uint64(block.BlockHeight()), Tx: types.NoTxIndex}
	if block.TxIndex() >= 0 {
		id.Tx = uint32(block.TxIndex())
	}
	posting := collections.Join(id.Height, id.Tx)
	posted, err := k.ids.Get(ctx, posting)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return id, err
	}
	for id.N = posted; ; id.N++ {
		used, err := k.jobs.Has(ctx, id)
		if err != nil {
			return id, err
		}
		if !used {
			return id, k.ids.Set(ctx, posting, id.N+1)
		}
	}
}

// create writes the job and unrolls its first chunk. An array's other tasks follow at the
// block's end, so that posting costs the same whatever their number.
func (k *Keeper) create(ctx sdk.Context, payer sdk.AccAddress, params types.Params, job types.Job, spec types.JobSpec) error {
	id, err := types.ParseJobID(job.Id)
	if err != nil {
		return err
	}
	if err := k.specs.Set(ctx, id, spec); err != nil {
		return err
	}
	if err := k.requesters.Set(ctx, collections.Join(payer, id)); err != nil {
		return err
	}
	if err := k.notePosted(ctx, job.Class, id, job.Tasks); err != nil {
		return err
	}
	changes, err := k.unroll(ctx, params, id, &job, 1)
	if err != nil {
		return err
	}
	if job.Pending() > 0 {
		if err := k.queueJob(ctx, id, &job, ctx.BlockHeight()); err != nil {
			return err
		}
	}
	if err := k.jobs.Set(ctx, id, job); err != nil {
		return err
	}
	posted := &types.EventJobPosted{
		JobId: job.Id, Requester: job.Requester, Class: job.Class, Executor: job.Executor,
		Reserved: sdk.NewCoin(job.Reward.Denom, job.Reserved), Tasks: job.Tasks,
	}
	ctx.EventManager().EmitEvent(posted.Encode())
	emitSweep(ctx, changes)
	return nil
}
