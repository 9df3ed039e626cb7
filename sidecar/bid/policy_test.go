package bid

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

func TestPolicyRefusesWhatTheOwnerDoesNotAllow(t *testing.T) {
	spec := &computetypes.JobSpec{
		Executor: "wasm/1", Program: computetypes.Blob{Size_: 10}, Inputs: []computetypes.Input{{Blob: computetypes.Blob{Size_: 20}}},
		Resources: computetypes.Resources{Fuel: 100, MemoryBytes: 200, OutputBytes: 300, DeviceBytes: 400},
		Reward:    sdk.NewInt64Coin("atfuel", 50), Policy: computetypes.Policy{ChallengeBlocks: 10},
	}
	for name, c := range map[string]struct {
		policy Policy
		reason string
	}{
		"no limits":         {Policy{}, ""},
		"exact limits":      {Policy{MaxFuel: 100, MaxMemoryBytes: 200, MaxOutputBytes: 300, MaxDeviceBytes: 400, MaxInputBytes: 30, MaxChallengeBlocks: 10, MinRewards: sdk.NewCoins(sdk.NewInt64Coin("atfuel", 50))}, ""},
		"fuel":              {Policy{MaxFuel: 99}, "fuel"},
		"window":            {Policy{FuelPerBlock: 1}, "fuel in"},
		"memory":            {Policy{MaxMemoryBytes: 199}, "memory bytes"},
		"output":            {Policy{MaxOutputBytes: 299}, "output bytes"},
		"tensors":           {Policy{MaxDeviceBytes: 399}, "400 bytes of tensors, more than 399"},
		"held for too long": {Policy{MaxChallengeBlocks: 9}, "10 challenge blocks, more than 9"},
		"inputs summed":     {Policy{MaxInputBytes: 29}, "input bytes"},
		"too little pay":    {Policy{MinRewards: sdk.NewCoins(sdk.NewInt64Coin("atfuel", 51))}, "less than"},
		"exact price":       {Policy{MinPrices: []Price{{"wasm/1", sdk.NewInt64Coin("atfuel", 500_000_000)}}}, ""},
		"price":             {Policy{MinPrices: []Price{{"wasm/1", sdk.NewInt64Coin("atfuel", 500_000_001)}}}, "less than 51atfuel"},
		"price of another":  {Policy{MinPrices: []Price{{"tensor/1", sdk.NewInt64Coin("atfuel", 1<<60)}, {"wasm/1", sdk.NewInt64Coin("uatom", 1<<60)}}}, ""},
		"other denom":       {Policy{MinRewards: sdk.NewCoins(sdk.NewInt64Coin("uatom", 1))}, "none of"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.reason == "" {
				require.Empty(t, c.policy.exceeded(spec, 1))
				return
			}
			require.Contains(t, c.policy.exceeded(spec, 1), c.reason)
		})
	}
}

func TestOwnerDecidesWhomToTrust(t *testing.T) {
	const me, other = "theta1me", "theta1other"
	program := sha256.Sum256([]byte("program"))
	trust := func(node string) computetypes.Policy {
		return computetypes.Policy{Kind: computetypes.POLICY_KIND_TRUST, Replicas: 1, Node: node, ReviewBlocks: 5}
	}
	risky := computetypes.Policy{Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, OwnRisk: true}
	vouched := computetypes.Params{DeterministicPrograms: [][]byte{program[:]}}
	for name, c := range map[string]struct {
		policy Policy
		job    computetypes.Policy
		params computetypes.Params
		why    string
	}{
		"quorum":                       {Policy{Trust: TrustOff}, computetypes.Policy{Kind: computetypes.POLICY_KIND_QUORUM}, computetypes.Params{}, ""},
		"trust off":                    {Policy{Trust: TrustOff}, trust(me), computetypes.Params{}, "policy.trust is off"},
		"trust named":                  {Policy{Trust: TrustNamed}, trust(me), computetypes.Params{}, ""},
		"trust named, nobody named":    {Policy{Trust: TrustNamed}, trust(""), computetypes.Params{}, "without naming this node"},
		"trust named, another named":   {Policy{Trust: TrustNamed}, trust(other), computetypes.Params{}, "without naming this node"},
		"trust any":                    {Policy{Trust: TrustAny}, trust(""), computetypes.Params{}, ""},
		"own risk":                     {Policy{}, risky, computetypes.Params{}, "policy.own-risk-programs"},
		"own risk, owner vouches":      {Policy{OwnRiskPrograms: [][sha256.Size]byte{program}}, risky, computetypes.Params{}, ""},
		"own risk, other program":      {Policy{OwnRiskPrograms: [][sha256.Size]byte{{1}}}, risky, computetypes.Params{}, hex.EncodeToString(program[:])},
		"own risk, governance vouches": {Policy{}, risky, vouched, ""},
		"own risk, executor vouches":   {Policy{}, risky, computetypes.Params{DeterministicExecutors: []string{"wasm/1"}}, ""},
		"requester denied":             {Policy{DenyRequesters: []string{other, "theta1payer"}}, computetypes.Policy{}, computetypes.Params{}, "policy.deny-requesters"},
	} {
		j := Job{Requester: "theta1payer", Spec: &computetypes.JobSpec{
			Executor: "wasm/1", Policy: c.job, Program: computetypes.Blob{Sha256: program[:]}, Reward: sdk.NewInt64Coin("atfuel", 1),
		}}
		why := c.policy.refusal(j, 1, me, c.params)
		if c.why == "" {
			require.Empty(t, why, name)
		} else {
			require.Contains(t, why, c.why, name)
		}
	}
}

// The owner may refuse jobs that a grant pays for: their pay is held, and void if the grant is revoked.
func TestOwnerDecidesOnJobsOfGrants(t *testing.T) {
	job := func(grant uint64) Job {
		return Job{Requester: "theta1payer", Spec: &computetypes.JobSpec{Executor: "wasm/1", Reward: sdk.NewInt64Coin("atfuel", 1), Grant: grant}}
	}
	for name, c := range map[string]struct {
		grants Grants
		grant  uint64
		why    string
	}{
		"default":             {"", 7, ""},
		"all":                 {GrantsAll, 7, ""},
		"none":                {GrantsNone, 7, "is paid by grant 7"},
		"none, without grant": {GrantsNone, 0, ""},
	} {
		why := Policy{Grants: c.grants}.refusal(job(c.grant), 1, "theta1me", computetypes.Params{})
		if c.why == "" {
			require.Empty(t, why, name)
		} else {
			require.Contains(t, why, c.why, name)
			require.Contains(t, why, "policy.grants is none", name)
		}
	}
}

func TestInputOfAnArrayCountsWithItsLargest(t *testing.T) {
	spec := &computetypes.JobSpec{
		Program: computetypes.Blob{Size_: 10}, ArrayInput: &computetypes.ArrayInput{MaxBytes: 90},
		Reward: sdk.NewInt64Coin("atfuel", 1),
	}
	require.Empty(t, Policy{MaxInputBytes: 100}.exceeded(spec, 1))
	require.Contains(t, Policy{MaxInputBytes: 99}.exceeded(spec, 1), "100 input bytes, more than 99")
}

// drawPolicy generates limits, some of which refuse the specs of drawDemand.
func drawPolicy(t *rapid.T) Policy {
	limit := func(name string) uint64 { return rapid.SampledFrom([]uint64{0, 0, 4, 12}).Draw(t, name) }
	p := Policy{
		MaxFuel: limit("max fuel"), FuelPerBlock: limit("per block"), MaxMemoryBytes: limit("max memory"),
		MaxInputBytes: limit("max input"), MaxOutputBytes: limit("max output"), MaxDeviceBytes: limit("max device"), MaxChallengeBlocks: limit("max challenge"),
		Trust: rapid.SampledFrom([]Trust{TrustOff, TrustNamed, TrustAny}).Draw(t, "trust"),
	}
	for _, executor := range []string{"tensor/1", "wasm/1"} {
		if rapid.Bool().Draw(t, "has a rate for "+executor) {
			p.Rates = append(p.Rates, Rate{Executor: executor, FuelPerBlock: limit("per block of " + executor)})
		}
	}
	if rapid.Bool().Draw(t, "wants pay") {
		p.MinRewards = sdk.NewCoins(sdk.NewInt64Coin("atfuel", rapid.Int64Range(1, 12).Draw(t, "least")))
	}
	return p
}

// drawDemand generates a spec with numbers close to those of drawPolicy.
func drawDemand(t *rapid.T, self string) *computetypes.JobSpec {
	number := func(name string) uint64 { return rapid.Uint64Range(1, 7).Draw(t, name) }
	spec := &computetypes.JobSpec{
		Executor: rapid.SampledFrom([]string{"wasm/1", "wasm/1", "tensor/1"}).Draw(t, "executor"), Class: "cpu-small", CommitBlocks: number("commit"),
		Program:   computetypes.Blob{Size_: number("program")},
		Inputs:    []computetypes.Input{{Blob: computetypes.Blob{Size_: number("input")}}},
		Resources: computetypes.Resources{Fuel: number("fuel"), MemoryBytes: number("memory"), OutputBytes: number("output"), DeviceBytes: number("device") - 1},
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
		refusal := policy.refusal(Job{Requester: "somebody", Spec: spec}, 1, self, params)
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

func TestContainersAreTakenIfTheyMayEndInTimeAndTheirCardIsAllowed(t *testing.T) {
	spec := computetypes.JobSpec{Executor: "container/1", CommitBlocks: 10, Resources: computetypes.Resources{Fuel: 3_600_000_000_000}}
	hour, minute := Policy{ContainerFuel: 3_600_000_000_000}, Policy{ContainerFuel: 60_000_000_000}
	require.Empty(t, hour.exceeded(&spec, 1))
	require.Empty(t, Policy{}.exceeded(&spec, 1))
	require.Equal(t, "may run for 3600 s, and work.execution-limit is 60 s", minute.exceeded(&spec, 1))
	spec.Resources.DeviceBytes = 1
	require.Contains(t, hour.exceeded(&spec, 1), "container.gpus allows none")
	hour.ContainerGPUs = true
	require.Empty(t, hour.exceeded(&spec, 1))
	spec.Executor = "tensor/1"
	require.Empty(t, minute.exceeded(&spec, 1), "fuel of other profiles is no time")
}
