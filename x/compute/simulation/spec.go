package simulation

import (
	"context"
	"crypto/sha256"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// randomSpec returns a job with any policy and with one or several tasks.
func randomSpec(r *simsx.XRand, params types.Params) types.JobSpec {
	denom := params.Denoms[r.Intn(len(params.Denoms))]
	prepare := params.MinPrepareBlocks + r.Uint64InRange(0, 3)
	commit := max(params.MinCommitBlocks, prepare+1) + r.Uint64InRange(0, 10)
	class := "cpu-small"
	if r.Intn(10) == 0 {
		class = "cpu-large"
	}
	spec := types.JobSpec{
		Executor: simsx.OneOf(r, params.Executors), Class: class, Tasks: 1,
		Program:   blob(r),
		Inputs:    []types.Input{{Path: "in/a", Blob: blob(r)}},
		Args:      []string{"--task", "{task}"},
		Env:       []types.Variable{{Name: "TASK", Value: "{task}"}},
		Resources: types.Resources{Fuel: 1_000_000, MemoryBytes: 1 << 20, OutputBytes: 1 << 20},
		Reward: sdk.NewCoin(denom.Denom, denom.MinReward.Add(
			math.NewInt(r.Int63n(1_000)).Mul(math.NewIntWithDecimal(1, 15)))),
		PrepareBlocks: prepare, CommitBlocks: commit, LifetimeBlocks: commit + r.Uint64InRange(20, 80),
		Sink: "http://127.0.0.1:1/v1/drops/00",
	}
	spec.Policy = randomPolicy(r, params, params.Deterministic(&spec))
	chunked := r.Intn(3) == 0
	if !chunked && r.Intn(4) > 0 {
		return spec
	}
	spec.Tasks = r.Uint64InRange(2, 12)
	if chunked {
		chunk(r, &spec, denom)
	}
	if r.Bool() {
		root := sha256.Sum256([]byte(r.StringN(16)))
		spec.ArrayInput = &types.ArrayInput{
			Path: "in/own", Root: root[:], Count: spec.Tasks, MaxBytes: 1 << 10, Uris: []string{"http://127.0.0.1:1/inputs"},
		}
	}
	return spec
}

// chunk lets nodes take the tasks of an array in chunks. The reward of a task is low, so that
// the bonds of nodes carry a chunk.
func chunk(r *simsx.XRand, spec *types.JobSpec, denom types.PaymentDenom) {
	spec.ChunkTasks = min(spec.Tasks, r.Uint64InRange(2, 10))
	spec.Reward.Amount = denom.MinReward.Add(math.NewInt(r.Int63n(50)).Mul(math.NewIntWithDecimal(1, 15)))
	if spec.Policy.Kind == types.POLICY_KIND_AUDIT {
		spec.Policy.Samples = r.Uint32InRange(0, 6)
	}
}

// randomPolicy returns a policy that a job with such a program may have.
func randomPolicy(r *simsx.XRand, params types.Params, deterministic bool) types.Policy {
	window := uint64(0)
	if deterministic {
		window = min(params.MaxChallengeBlocks, params.RetentionBlocks)
	}
	quorum := types.Policy{ChallengeBlocks: window, Kind: types.POLICY_KIND_QUORUM, Replicas: 3 + 2*r.Uint32InRange(0, 2)}
	switch draw := r.Intn(10); {
	case draw < 2:
		return types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: r.Uint64InRange(5, 15)}
	case draw < 6 && deterministic:
		return types.Policy{
			Kind: types.POLICY_KIND_AUDIT, Replicas: 1,
			AuditBps: r.Uint32InRange(1_000, 10_000), Auditors: r.Uint32InRange(1, 4), ChallengeBlocks: window,
		}
	case draw < 7 && !deterministic:
		quorum.OwnRisk = true
	}
	return quorum
}

// place gives some jobs a placement: a region, a smallest bond, a denied node, or a highest carbon
// factor, which at least one node meets. It gives some jobs under TRUST a named node.
func (o operations) place(ctx context.Context, r *simsx.XRand, spec *types.JobSpec) {
	nodes, err := o.nodes(ctx)
	if err != nil || len(nodes) == 0 {
		return
	}
	node := nodes[r.Intn(len(nodes))]
	profile := node.Profile
	switch r.Intn(6) {
	case 0:
		spec.Placement.Regions = []string{profile.Region}
	case 1:
		spec.Placement.Denied = []string{profile.Operator}
	case 2:
		spec.Placement.MinBond = math.NewIntWithDecimal(150, 18).String()
	case 3:
		live := node.State.Live(sdk.UnwrapSDKContext(ctx).BlockHeight())
		if live && spec.Policy.Kind == types.POLICY_KIND_TRUST {
			spec.Policy.Node, spec.Class = profile.Operator, profile.Class
		}
	case 4:
		if factor := o.carbonOf(ctx, profile.Region); factor > 0 {
			spec.Placement.MaxGco2PerKwh = factor
		}
	}
}

// carbonOf returns the carbon factor of a region in g CO2e/kWh, or 0 if there is none.
func (o operations) carbonOf(ctx context.Context, region string) uint32 {
	table, err := o.queries.CarbonFactors(ctx, &types.QueryCarbonFactorsRequest{})
	if err != nil {
		return 0
	}
	factor, _ := types.FactorOf(table.Factors, region)
	return factor.GramsPerKwh
}

func blob(r *simsx.XRand) types.Blob {
	sum := sha256.Sum256([]byte(r.StringN(16)))
	return types.Blob{Sha256: sum[:], Size_: 16, Uris: []string{"http://127.0.0.1:1/blob"}}
}
