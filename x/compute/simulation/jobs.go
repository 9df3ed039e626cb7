package simulation

import (
	"context"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// jobsSought bounds the number of requesters whose jobs are searched.
const jobsSought = 40

// post posts a job for which the class has enough nodes.
func (o operations) post(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgPostJob) {
	r, params := world.Rand(), o.params(ctx, reporter)
	if reporter.IsSkipped() {
		return nil, nil
	}
	spec := randomSpec(r, params)
	o.place(ctx, r, &spec)
	quote := o.quote(ctx, reporter, &spec)
	if reporter.IsSkipped() {
		return nil, nil
	}
	from := world.AnyAccountN(10, reporter, simsx.WithLiquidBalanceGTE(sdk.NewCoins(quote.Reserve).Add(quote.PostingFee)...))
	return []simsx.SimAccount{from}, &types.MsgPostJob{Requester: from.AddressBech32, Spec: spec}
}

// quote asks what a job costs. It skips the operation if the class has too few nodes.
func (o operations) quote(ctx context.Context, reporter simsx.SimulationReporter, spec *types.JobSpec) *types.QueryQuoteResponse {
	quote, err := o.queries.Quote(ctx, &types.QueryQuoteRequest{
		Class: spec.Class, Executor: spec.Executor, Kind: spec.Policy.Kind, Replicas: spec.Policy.Replicas,
		AuditBps: spec.Policy.AuditBps, Auditors: spec.Policy.Auditors, Tasks: spec.Tasks,
		Reward: spec.Reward.String(), SpecBytes: uint64(spec.Size()),
	})
	if err != nil {
		reporter.Skip(err.Error())
		return nil
	}
	if quote.LiveNodes < quote.NeededNodes {
		reporter.Skip("the class has too few live nodes")
	}
	return quote
}

// postGranted posts a job of a grantee that its grant pays for, if the deposit of the grant covers it.
func (o operations) postGranted(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgPostJob) {
	r, params := world.Rand(), o.params(ctx, reporter)
	offers, err := o.offers(ctx)
	if err != nil || len(offers) == 0 {
		reporter.Skip("no grant is active")
		return nil, nil
	}
	offer, spec := offers[r.Intn(len(offers))], randomSpec(r, params)
	spec.Grant, spec.Class, spec.Executor = offer.Grant, offer.Class, params.DeterministicExecutors[0]
	spec.Program.Sha256 = offer.Program
	spec.Policy = types.Policy{Kind: offer.Policy, Replicas: 3}
	spec.Reward = sdk.NewCoin(offer.Denom, types.FuelPay(offer.Price, math.NewIntFromUint64(spec.Resources.Fuel)))
	o.quote(ctx, reporter, &spec)
	from := world.GetAccount(reporter, offer.Grantee)
	return []simsx.SimAccount{from}, &types.MsgPostJob{Requester: from.AddressBech32, Spec: spec}
}

// seek returns one of the matching jobs, starting from a random requester.
func (o operations) seek(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	what string, matches func(types.Job) bool,
) ([]simsx.SimAccount, types.Job) {
	start := world.Rand().Intn(world.AccountsCount())
	for i := range min(jobsSought, world.AccountsCount()) {
		requester := world.AccountAt(reporter, (start+i)%world.AccountsCount())
		jobs, err := o.queries.Jobs(ctx, &types.QueryJobsRequest{Requester: requester.AddressBech32})
		if err != nil {
			reporter.Skip(err.Error())
			return nil, types.Job{}
		}
		for _, job := range jobs.Jobs {
			if matches(job) {
				return []simsx.SimAccount{requester}, job
			}
		}
	}
	reporter.Skip("no job is " + what)
	return nil, types.Job{}
}

// cancel cancels a job at any stage.
func (o operations) cancel(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgCancelJob) {
	from, job := o.seek(ctx, world, reporter, "open", func(job types.Job) bool { return !job.Ended() && !job.Cancelled })
	return from, &types.MsgCancelJob{Requester: job.Requester, JobId: job.Id}
}

// redraw buys a draw for a task that waits for its next one.
func (o operations) redraw(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgRedraw) {
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	msg := &types.MsgRedraw{}
	from, job := o.seek(ctx, world, reporter, "to be drawn for", func(job types.Job) bool {
		if job.Ended() || job.Cancelled || job.Challenged != nil || job.Policy.NamesNode() {
			return false
		}
		for task := range job.TasksOpened {
			found, err := o.queries.Chunk(ctx, &types.QueryChunkRequest{JobId: job.Id, Task: task})
			if err != nil {
				continue // the task has ended
			}
			last := found.Chunk.Rounds[len(found.Chunk.Rounds)-1]
			if len(found.Chunk.Rounds) == 1 && last.Auditors == 0 && last.Draw == nil && last.ResumeHeight > height {
				msg.Task = found.Chunk.Index // the first task of its chunk
				return true
			}
		}
		return false
	})
	msg.Requester, msg.JobId = job.Requester, job.Id
	return from, msg
}

// topUp adds tasks or time to a job.
func (o operations) topUp(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgTopUpJob) {
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	from, job := o.seek(ctx, world, reporter, "to be topped up", func(job types.Job) bool {
		return !job.Ended() && !job.Cancelled && job.TasksDropped == 0 && height < job.ExpiresHeight
	})
	r, msg := world.Rand(), &types.MsgTopUpJob{Requester: job.Requester, JobId: job.Id}
	if job.ArrayInputs == 0 {
		msg.Tasks = r.Uint64InRange(0, 3)
	}
	if msg.Tasks == 0 {
		msg.LifetimeBlocks = r.Uint64InRange(20, 60)
	}
	return from, msg
}

// redeliver requests the results of a job again, at its sink or at another.
func (o operations) redeliver(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgRedeliver) {
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	from, job := o.seek(ctx, world, reporter, "to be delivered again", func(job types.Job) bool {
		last := job.Redelivery
		return job.Challenged == nil && (!job.Ended() || job.TasksAccepted > 0) &&
			(last == nil || last.Count < types.MaxRedeliveries && height >= last.Height+types.RedeliveryPause)
	})
	msg := &types.MsgRedeliver{Requester: job.Requester, JobId: job.Id}
	if world.Rand().Intn(2) == 0 {
		msg.Sink = "https://other.example/v1/drops/{task}"
	}
	return from, msg
}

// review accepts results under TRUST, and rejects one in four.
func (o operations) review(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgReview) {
	r := world.Rand()
	var items []types.ReviewItem
	from, job := o.seek(ctx, world, reporter, "to be reviewed", func(job types.Job) bool {
		if job.Ended() || !job.Policy.Reviewed() {
			return false
		}
		for task := range job.TasksOpened {
			found, err := o.queries.Chunk(ctx, &types.QueryChunkRequest{JobId: job.Id, Task: task})
			if err != nil {
				continue // the task has ended
			}
			if rounds := found.Chunk.Rounds; found.Chunk.Index == task && rounds[len(rounds)-1].Phase == types.ROUND_PHASE_REVIEW {
				items = append(items, types.ReviewItem{JobId: job.Id, Task: task, Accept: r.Intn(4) > 0})
			}
		}
		return len(items) > 0
	})
	return from, &types.MsgReview{Requester: job.Requester, Items: items}
}

// challenge challenges the result of a task, whether the result is right or wrong: of a job of
// one task, of a task of an array, or of one task of a chunk.
func (o operations) challenge(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgChallenge) {
	var open []*types.MsgChallenge
	_, job := o.seek(ctx, world, reporter, "to be challenged", func(job types.Job) bool {
		open = o.contestable(ctx, job)
		return len(open) > 0
	})
	if reporter.IsSkipped() {
		return nil, nil
	}
	reserve := sdk.NewCoin(job.Reward.Denom, job.Reward.Amount.MulRaw(2*types.MaxRoundReplicas))
	from := world.AnyAccountN(10, reporter, simsx.WithLiquidBalanceGTE(reserve))
	msg := open[world.Rand().Intn(len(open))]
	msg.Challenger = from.AddressBech32
	if r := receiptOf(msg); r != nil && r.Count > 1 {
		position := uint32(world.Rand().Intn(int(r.Count)))
		msg.Task += uint64(position)
		msg.Leaf, msg.Siblings = provenLeaf(sdk.UnwrapSDKContext(ctx).ChainID(), *r, position)
	}
	return []simsx.SimAccount{from}, msg
}

// receiptOf returns the receipt that a challenge proves, or nil.
func receiptOf(msg *types.MsgChallenge) *types.Receipt {
	if msg.Proof == nil {
		return nil
	}
	return &msg.Proof.Receipt
}

// contestable returns challenges of the results of a job whose windows are open: one of the
// first task of each chunk.
func (o operations) contestable(ctx context.Context, job types.Job) []*types.MsgChallenge {
	if job.Tasks == 1 {
		found, err := o.queries.Receipt(ctx, &types.QueryReceiptRequest{JobId: job.Id})
		if err != nil || !o.isOpen(ctx, found.Receipt) {
			return nil
		}
		return []*types.MsgChallenge{{JobId: job.Id}}
	}
	var open []*types.MsgChallenge
	receipts := o.receipts(job.Id)
	for i, r := range receipts {
		if !o.isOpen(ctx, r) {
			continue
		}
		if proof, err := proofOf(receipts, i); err == nil {
			open = append(open, &types.MsgChallenge{JobId: job.Id, Task: r.Task, Proof: proof})
		}
	}
	return open
}

// isOpen reports whether a result may be challenged in the next block.
func (o operations) isOpen(ctx context.Context, r types.Receipt) bool {
	if r.ChallengeUntil <= sdk.UnwrapSDKContext(ctx).BlockHeight() || len(r.Agreed()) == 0 {
		return false
	}
	judged, err := o.queries.Challenge(ctx, &types.QueryChallengeRequest{JobId: r.JobId, Task: r.Task})
	return err != nil || !judged.Challenge.Convicted
}
