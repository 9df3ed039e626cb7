package agent

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/executor/wasm"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// drawPolicy draws limits of which some bind the specs of drawDemand.
func drawPolicy(t *rapid.T) Policy {
	limit := func(name string) uint64 { return rapid.SampledFrom([]uint64{0, 0, 4, 12}).Draw(t, name) }
	p := Policy{
		MaxFuel: limit("max fuel"), FuelPerBlock: limit("per block"), MaxMemoryBytes: limit("max memory"),
		MaxInputBytes: limit("max input"), MaxOutputBytes: limit("max output"), MaxChallengeBlocks: limit("max challenge"),
		Trust: rapid.SampledFrom([]Trust{TrustOff, TrustNamed, TrustAny}).Draw(t, "trust"),
	}
	if rapid.Bool().Draw(t, "wants pay") {
		p.MinRewards = sdk.NewCoins(sdk.NewInt64Coin("atfuel", rapid.Int64Range(1, 12).Draw(t, "least")))
	}
	return p
}

// drawDemand draws a spec with numbers around those of drawPolicy.
func drawDemand(t *rapid.T, self string) *computetypes.JobSpec {
	number := func(name string) uint64 { return rapid.Uint64Range(1, 7).Draw(t, name) }
	spec := &computetypes.JobSpec{
		Executor: wasm.Profile, Class: "cpu-small", CommitBlocks: number("commit"),
		Program:   computetypes.Blob{Size_: number("program")},
		Inputs:    []computetypes.Input{{Blob: computetypes.Blob{Size_: number("input")}}},
		Resources: computetypes.Resources{Fuel: number("fuel"), MemoryBytes: number("memory"), OutputBytes: number("output")},
		Policy:    computetypes.Policy{Kind: computetypes.POLICY_KIND_QUORUM, Replicas: 3, ChallengeBlocks: rapid.Uint64Range(0, 14).Draw(t, "challenge")},
		Reward:    sdk.NewInt64Coin(rapid.SampledFrom([]string{"atfuel", "atfuel", "uother"}).Draw(t, "denom"), rapid.Int64Range(1, 14).Draw(t, "reward")),
	}
	if rapid.Bool().Draw(t, "trusts") {
		spec.Policy = computetypes.Policy{
			Kind: computetypes.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 1,
			Node: rapid.SampledFrom([]string{"", self, "another"}).Draw(t, "named"),
		}
	}
	return spec
}

func TestANodeTakesWhatItDeclaresToTakeAndNothingElse(t *testing.T) {
	const self = "self"
	params := computetypes.DefaultParams()
	taken, left := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		policy, spec := drawPolicy(r), drawDemand(r, self)
		refusal := policy.refusal(job{requester: "somebody", spec: spec}, self, params)
		demand := computetypes.NewDemand(spec, spec.Policy, params.MinLiability)
		strong := edgenodetypes.Hardware{MemoryBytes: 1 << 40}
		fits := computetypes.Fits(demand.NeedsOfLimits(self, strong, policy.Limits()))
		require.NoError(r, policy.Limits().Validate())
		require.Equal(r, refusal == "", fits, "the daemon says %q", refusal)
		if fits {
			taken++
		} else {
			left++
		}
	})
	require.NotZero(t, taken)
	require.NotZero(t, left)
}

func TestTheChainsLimitsOfAProfileAreTheExecutors(t *testing.T) {
	limits, known := computetypes.LimitsOf(wasm.Profile)
	require.True(t, known)
	var env []string
	for _, v := range wasm.Environment() {
		env = append(env, v.Name)
	}
	require.Equal(t, computetypes.ProfileLimits{
		Env:          env,
		ProgramBytes: wasm.MaxProgramBytes, Fuel: wasm.MaxFuel, MemoryBytes: wasm.MaxMemoryBytes, OutputBytes: wasm.MaxOutputBytes,
	}, limits)
	_, known = computetypes.LimitsOf("container/1")
	require.False(t, known, "a profile that this chain does not know has the limits of its nodes alone")
}
