package simulation

import (
	"context"
	"crypto/sha256"
	"fmt"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// post posts a job that the class has nodes enough for.
func (o operations) post(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgPostJob) {
	r, params := world.Rand(), o.params(ctx, reporter)
	if reporter.IsSkipped() {
		return nil, nil
	}
	spec := randomSpec(r, params)
	quote, err := o.queries.Quote(ctx, &types.QueryQuoteRequest{
		Class: spec.Class, Replicas: spec.Policy.Replicas, Reward: spec.Reward.String(), SpecBytes: uint64(spec.Size()),
	})
	if err != nil {
		reporter.Skip(err.Error())
		return nil, nil
	}
	if quote.LiveNodes < quote.NeededNodes {
		reporter.Skip("the class has too few live nodes")
		return nil, nil
	}
	from := world.AnyAccountN(10, reporter, simsx.WithLiquidBalanceGTE(quote.Reserve.Add(quote.PostingFee)))
	return []simsx.SimAccount{from}, &types.MsgPostJob{Requester: from.AddressBech32, Spec: spec}
}

func randomSpec(r *simsx.XRand, params types.Params) types.JobSpec {
	denom := params.Denoms[r.Intn(len(params.Denoms))]
	prepare := params.MinPrepareBlocks + uint64(r.Intn(3))
	commit := max(params.MinCommitBlocks, prepare+1) + uint64(r.Intn(10))
	class := "cpu-small"
	if r.Intn(10) == 0 {
		class = "cpu-large"
	}
	return types.JobSpec{
		Executor: params.Executors[0], Class: class, Tasks: 1,
		Program:   blob(r),
		Inputs:    []types.Input{{Path: "in/a", Blob: blob(r)}},
		Args:      []string{fmt.Sprint(r.Intn(1000))},
		Resources: types.Resources{Fuel: 1_000_000, MemoryBytes: 1 << 20, OutputBytes: 1 << 20},
		Policy:    types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 3 + 2*r.Uint32InRange(0, 2)},
		Reward: sdk.NewCoin(denom.Denom, denom.MinReward.Add(
			math.NewInt(r.Int63n(1_000)).Mul(math.NewIntWithDecimal(1, 15)))),
		PrepareBlocks: prepare, CommitBlocks: commit, LifetimeBlocks: commit + 20 + uint64(r.Intn(60)),
		Sink: "http://127.0.0.1:1/v1/drops/00",
	}
}

func blob(r *simsx.XRand) types.Blob {
	sum := sha256.Sum256([]byte(r.StringN(16)))
	return types.Blob{Sha256: sum[:], Size_: 16, Uris: []string{"http://127.0.0.1:1/blob"}}
}

// cancel ends one of the open jobs.
func (o operations) cancel(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgCancelJob) {
	jobs, err := o.queries.Jobs(ctx, &types.QueryJobsRequest{Class: "cpu-small"})
	if err != nil {
		reporter.Skip(err.Error())
		return nil, nil
	}
	var open []types.Job
	for _, job := range jobs.Jobs {
		if !job.Cancelled && world.HasAccount(job.Requester) {
			open = append(open, job)
		}
	}
	if len(open) == 0 {
		reporter.Skip("no job is open")
		return nil, nil
	}
	job := open[world.Rand().Intn(len(open))]
	return []simsx.SimAccount{world.GetAccount(reporter, job.Requester)},
		&types.MsgCancelJob{Requester: job.Requester, JobId: job.Id}
}
