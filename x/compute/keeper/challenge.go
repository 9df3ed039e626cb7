package keeper

import (
	"bytes"
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Challenge posts a job that judges an accepted result. The liabilities that are still held
// from the nodes that agreed on the result stay locked until that job has ended. Challenge
// returns the judging job and the posting fee.
func (k *Keeper) Challenge(ctx sdk.Context, msg *types.MsgChallenge) (types.Job, sdk.Coin, error) {
	none := sdk.Coin{}
	id, err := types.ParseJobID(msg.JobId)
	if err != nil {
		return types.Job{}, none, err
	}
	job, err := k.Job(ctx, id)
	if err != nil {
		return job, none, err
	}
	receipt, err := k.challengeable(ctx, id, &job, msg)
	if err != nil {
		return job, none, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return job, none, err
	}
	result, err := challengedTask(&job, &receipt, msg)
	if err != nil {
		return job, none, err
	}
	spec, err := k.judgingSpec(ctx, params, id, &job, &receipt, &result)
	if err != nil {
		return job, none, err
	}
	if err := k.contest(ctx, id, &job, &receipt, result.Count); err != nil {
		return job, none, err
	}
	// The work was admitted when it was first posted. If parameters have changed since then,
	// its result must still be judged while its window is open.
	judging, fee, err := k.post(ctx, params, msg.Challenger, spec, job.BondValue,
		&result)
	if err != nil {
		return job, none, err
	}
	return judging, fee, ctx.EventManager().EmitTypedEvent(&types.EventChallenged{
		JobId: job.Id, Task: result.Task, Challenger: judging.Requester, JudgingJob: judging.Id,
	})
}

// challengedTask returns the result that a message challenges: that of the task which it names,
// or that of the whole chunk if it shows no leaf. A chunk whose node has delivered nothing can
// thus be challenged too. It wraps ErrReceiptNotFound if the message does not prove that the
// result of the task is part of the chunk's.
func challengedTask(job *types.Job, receipt *types.Receipt, msg *types.MsgChallenge) (types.ChallengedTask, error) {
	out := types.ChallengedTask{
		JobId: job.Id, Task: msg.Task, Chunk: receipt.Task, TraceKey: receipt.TraceKey, Tag: receipt.Tags[0], Fuel: receipt.Fuel, Count: 1,
	}
	if msg.Leaf == nil || receipt.Tasks() == 1 {
		if n := len(msg.Siblings); n > 0 || msg.Leaf != nil {
			return out, types.ErrReceiptNotFound.Wrapf("expected a leaf for the siblings of a chunk of several tasks, and neither for one of %d, found %d siblings; leave both out to challenge the whole chunk",
				receipt.Tasks(), n)
		}
		out.Task, out.Count = receipt.Task, receipt.Tasks()
		return out, nil
	}
	root, err := types.ProvenChunk(receipt.Count, []uint32{uint32(msg.Task - receipt.Task)}, []types.Subtree{*msg.Leaf}, msg.Siblings, job.Fuel)
	if err != nil {
		return out, types.ErrReceiptNotFound.Wrap(err.Error())
	}
	if !bytes.Equal(root.Hash, receipt.Tags[0]) || root.Fuel != receipt.Fuel {
		return out, types.ErrReceiptNotFound.Wrapf("expected a leaf and siblings of the tree with the root %x and the fuel %d, found those of %x and %d",
			receipt.Tags[0], receipt.Fuel, root.Hash, root.Fuel)
	}
	out.Tag, out.Fuel = msg.Leaf.Hash, msg.Leaf.Fuel
	return out, nil
}

// challengeable returns the receipt of the result that a message names if its window is open.
// The receipt of a single task is stored; the message proves the receipt of an array's task
// under the job's tree. A receipt from before an export for height zero contains heights of
// another chain and is refused.
func (k *Keeper) challengeable(ctx sdk.Context, id types.JobID, job *types.Job, msg *types.MsgChallenge) (types.Receipt, error) {
	receipt, err := k.namedReceipt(ctx, id, job, msg)
	if err != nil {
		return receipt, err
	}
	switch {
	case len(receipt.Agreed()) == 0 || receipt.ChallengeUntil == 0:
		return receipt, types.ErrNotChallengeable.Wrapf(
			"task %d of job %s: expected a result that a first round has agreed on and a policy with challenge_blocks; it is %s",
			receipt.Task, job.Id, receipt.Status)
	// A simulation runs at the height of the last block, but its store may already contain
	// the next block before that block is committed.
	case ctx.BlockHeight() > receipt.ChallengeUntil || ctx.BlockHeight()+1 < receipt.Height:
		return receipt, types.ErrChallengeLate.Wrapf("task %d of job %s: expected a challenge from height %d to %d, this is %d",
			receipt.Task, job.Id, receipt.Height, receipt.ChallengeUntil, ctx.BlockHeight())
	default:
		return receipt, nil
	}
}

func (k *Keeper) namedReceipt(ctx context.Context, id types.JobID, job *types.Job, msg *types.MsgChallenge) (types.Receipt, error) {
	if job.Tasks == 1 {
		return k.Receipt(ctx, id, msg.Task)
	}
	if msg.Proof == nil {
		return types.Receipt{}, types.ErrReceiptNotFound.Wrapf("job %s is an array: expected a proof of the receipt of task %d", id, msg.Task)
	}
	receipt := msg.Proof.Receipt
	if receipt.JobId != job.Id || !receipt.Covers(msg.Task) {
		return receipt, types.ErrReceiptNotFound.Wrapf("expected the receipt of the chunk with task %d of job %s, found that of %d tasks from task %d on of job %s",
			msg.Task, id, receipt.Tasks(), receipt.Task, receipt.JobId)
	}
	leaf, err := types.ReceiptLeaf(receipt)
	if err != nil {
		return receipt, err
	}
	size := job.ChunksEnded
	if !types.VerifyFrontierPath(job.Frontier, size, msg.Proof.Index, leaf, msg.Proof.Path) {
		return receipt, types.ErrReceiptNotFound.Wrapf(
			"expected a path from the receipt of task %d of job %s to its complete subtree of the job's tree, which has %d leaves; build it anew from the job's events",
			msg.Task, id, size)
	}
	return receipt, nil
}

// judgingSpec returns the spec that judges run: the same work, on more nodes than agreed on
// the result.
func (k *Keeper) judgingSpec(
	ctx sdk.Context, params types.Params, id types.JobID, job *types.Job, receipt *types.Receipt, result *types.ChallengedTask,
) (types.JobSpec, error) {
	spec, err := k.specs.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		return spec, types.ErrChallengeLate.Wrapf("spec of job %s is not kept any more", id)
	}
	if err != nil {
		return spec, err
	}
	epoch, err := k.nodes.Epoch(ctx)
	if err != nil {
		return spec, err
	}
	class, err := k.nodes.ClassSnapshot(ctx, job.Class, epoch)
	if err != nil {
		return spec, err
	}
	agreed := len(receipt.Agreed())
	replicas := params.JudgingReplicas(agreed, class.Nodes)
	if replicas == 0 {
		return spec, types.ErrTooFewNodes.Wrapf("%d nodes have agreed, and more than these and at least 3 others have to judge: class %s has %d live nodes; wait for more",
			agreed, job.Class, class.Nodes)
	}
	spec = types.JudgingSpec(spec, result.Task, result.Count, replicas, params.JudgingLifetime(spec.CommitBlocks))
	if _, slashed := params.Effective(&spec); !slashed {
		return spec, types.ErrNotChallengeable.Wrapf("nobody vouches any more that the program of job %s gives equal results everywhere", id)
	}
	return spec, spec.ValidateWork()
}

// contest locks the liabilities that are still held from the nodes that agreed on a result.
// If they are locked already, it counts one more job that judges the result. tasks is the
// number of tasks that this job judges.
func (k *Keeper) contest(ctx sdk.Context, id types.JobID, job *types.Job, receipt *types.Receipt, tasks uint64) error {
	key := collections.Join(id, receipt.Task)
	c, err := k.challenges.Get(ctx, key)
	switch {
	case err == nil && c.Convicted:
		return types.ErrNotChallengeable.Wrapf("the result of %d tasks from task %d on of job %s has been found wrong already", receipt.Tasks(), receipt.Task, id)
	case err == nil:
		c.Judging, c.JudgedTasks = c.Judging+1, c.JudgedTasks+tasks
		return k.challenges.Set(ctx, key, c)
	case !errors.Is(err, collections.ErrNotFound):
		return err
	}
	c = types.Challenge{
		JobId: job.Id, Task: receipt.Task, Tag: receipt.Tags[0], ExitCode: receipt.ExitCode, Fuel: receipt.Fuel, Count: receipt.Tasks(), Requester: job.Requester,
		Liability: receipt.Liability, Until: receipt.ChallengeUntil, Judging: 1, JudgedTasks: tasks, Pledged: math.ZeroInt(),
	}
	if job.Grant != nil {
		c.Requester = "" // compensated would be a grantee who has paid nothing
	}
	for _, operator := range receipt.Agreed() {
		addr, err := k.addresses.StringToBytes(operator)
		if err != nil {
			return err
		}
		locked, err := k.nodes.Contest(ctx, addr, receipt.Liability, receipt.ChallengeUntil)
		if errors.Is(err, edgenodetypes.ErrNodeNotFound) {
			locked, err = math.ZeroInt(), nil // the node and its bond are gone
		}
		if err != nil {
			return err
		}
		c.Defendants = append(c.Defendants, types.Defendant{Operator: operator, Locked: locked})
	}
	return k.challenges.Set(ctx, key, c)
}

// challengeOf returns the challenge of the chunk that contains a task, and whether there is
// one.
func (k *Keeper) challengeOf(ctx context.Context, id types.JobID, task uint64) (types.Challenge, bool, error) {
	iter, err := k.challenges.Iterate(ctx, collections.NewPrefixedPairRange[types.JobID, uint64](id).EndInclusive(task).Descending())
	if err != nil {
		return types.Challenge{}, false, err
	}
	defer iter.Close()
	if !iter.Valid() {
		return types.Challenge{}, false, nil
	}
	c, err := iter.Value()
	return c, err == nil && task-c.Task < c.Count, err
}
