package client

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// nodesAfter returns a page of the nodes.
func (c *chain) nodesAfter(page *query.PageRequest) *edgenodetypes.QueryNodesResponse {
	from := uint64(0)
	if len(page.Key) > 0 {
		from = binary.BigEndian.Uint64(page.Key)
	}
	to := min(from+page.Limit, uint64(len(c.nodes)))
	out := &edgenodetypes.QueryNodesResponse{Nodes: c.nodes[from:to], Pagination: &query.PageResponse{}}
	if to < uint64(len(c.nodes)) {
		out.Pagination.NextKey = binary.BigEndian.AppendUint64(nil, to)
	}
	return out
}

// planned is a spec of an array of which each chunk is audited.
func planned(tasks, fuel uint64) *computetypes.JobSpec {
	return &computetypes.JobSpec{
		Executor: "wasm/1", Class: "c", Tasks: tasks, CommitBlocks: 1000, Reward: params.TfuelCoin(1),
		Resources: computetypes.Resources{Fuel: fuel},
		Policy:    computetypes.Policy{Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 10_000, Auditors: 1},
	}
}

// typicalClass has ten slots and ten places in five nodes with much bond.
func typicalClass() classFacts {
	facts := classFacts{params: computetypes.DefaultParams(), slots: 10, places: 10, fuelPerBlock: 1_000_000, bond: params.Tfuel(1_000_000)}
	return facts
}

func TestAChunkTakesMinutesAndFitsTheJobTheClassAndItsBonds(t *testing.T) {
	params.SetSDKDefaults()
	for name, c := range map[string]struct {
		tasks, fuel uint64
		change      func(*classFacts, *computetypes.JobSpec)
		want        uint64
	}{
		"a busy class":       {tasks: 100_000, fuel: 100_000, want: 2000},
		"a class to spare":   {tasks: 15_000, fuel: 100_000, want: 1500},
		"a class half idle":  {tasks: 1500, fuel: 100_000, want: 750},
		"few tasks":          {tasks: 7, fuel: 1, want: 7},
		"tiny tasks":         {tasks: 1_000_000, fuel: 1, want: 4082},
		"one task a chunk":   {tasks: 1000, fuel: 200_000_000, want: 1},
		"tasks of two hours": {tasks: 1000, fuel: 1 << 62, want: 1},
		"a short window":     {tasks: 100_000, fuel: 100_000, change: func(_ *classFacts, s *computetypes.JobSpec) { s.CommitBlocks = 60 }, want: 300},
		"a lower parameter":  {tasks: 100_000, fuel: 1, change: func(f *classFacts, _ *computetypes.JobSpec) { f.params.MaxChunkTasks = 17 }, want: 17},
		"no bond":            {tasks: 100_000, fuel: 1, change: func(f *classFacts, _ *computetypes.JobSpec) { f.bond = math.ZeroInt() }, want: 1},
		"no node":            {tasks: 100_000, fuel: 1, change: func(f *classFacts, _ *computetypes.JobSpec) { f.bond = math.Int{} }, want: 4000},
		"a fast class":       {tasks: 1 << 19, fuel: 1 << 40, change: func(f *classFacts, _ *computetypes.JobSpec) { f.fuelPerBlock = 1 << 63 }, want: computetypes.MaxChunkTasks},
	} {
		facts, spec := typicalClass(), planned(c.tasks, c.fuel)
		if c.change != nil {
			c.change(&facts, spec)
		}
		require.Equal(t, c.want, facts.chunk(spec), name)
	}
}

func TestNodesCanLockTheLiabilityOfAProposedChunk(t *testing.T) {
	params.SetSDKDefaults()
	rapid.Check(t, func(t *rapid.T) {
		facts := typicalClass()
		facts.bond = params.Tfuel(rapid.Int64Range(1, 5000).Draw(t, "bond"))
		spec := planned(rapid.Uint64Range(1, 5000).Draw(t, "tasks"), rapid.Uint64Range(1, 1e8).Draw(t, "fuel"))
		spec.Policy.AuditBps = rapid.Uint32Range(1, 10_000).Draw(t, "audit")
		n, largest := facts.chunk(spec), facts.largest(spec)
		require.True(t, n >= 1 && n <= largest && largest <= spec.Tasks, "%d of %d tasks", n, spec.Tasks)
		require.Equal(t, ceilDiv(spec.Tasks, largest), ceilDiv(spec.Tasks, n), "number of chunks")
		policy, slashed := facts.params.Effective(spec)
		if largest > 1 {
			require.True(t, facts.params.Liability(spec.Reward.Amount, policy, slashed, largest).LTE(facts.bond), "a chunk of %d", largest)
			require.LessOrEqual(t, largest*spec.Resources.Fuel, facts.fuelPerBlock*spec.CommitBlocks/2)
		}
		if largest < min(spec.Tasks, facts.within(spec, leastChunkBlocks)) {
			require.True(t, facts.params.Liability(spec.Reward.Amount, policy, slashed, largest+1).GT(facts.bond), "%d is not the largest", largest)
		}
	})
}

func TestThePriceOfTrustIsThatOfTheSamples(t *testing.T) {
	params.SetSDKDefaults()
	facts := typicalClass()
	spec := planned(1000, 1_000_000)
	for chunk, want := range map[uint64]Plan{
		// Four tasks of each chunk are audited; without chunks, each task.
		1:   {Chunks: 1000, Audited: 1000, TrustBps: 20_000, Cost: params.TfuelCoin(2000)},
		100: {Chunks: 10, Audited: 40, TrustBps: 10_400, Cost: params.TfuelCoin(1040)},
		300: {Chunks: 4, Audited: 16, TrustBps: 10_160, Cost: params.TfuelCoin(1016)},
		999: {Chunks: 2, Audited: 5, TrustBps: 10_050, Cost: params.TfuelCoin(1005)},
	} {
		spec.ChunkTasks = chunk
		found := facts.plan(spec)
		require.Equal(t, []uint64{want.Chunks, want.Audited, want.TrustBps}, []uint64{found.Chunks, found.Audited, found.TrustBps}, "chunks of %d", chunk)
		require.Equal(t, want.Cost, found.Cost, "chunks of %d", chunk)
	}
	spec.Policy.AuditBps, spec.ChunkTasks = 1000, 100
	require.EqualValues(t, 10_040, facts.plan(spec).TrustBps)
	spec.Policy, spec.ChunkTasks = computetypes.Policy{Kind: computetypes.POLICY_KIND_QUORUM, Replicas: 3}, 0
	require.Equal(t, params.TfuelCoin(3050), facts.plan(spec).Cost, "with the audits that the chain adds")
}

func TestAPlanLastsAsLongAsItsPlacesNeed(t *testing.T) {
	params.SetSDKDefaults()
	facts := typicalClass()
	spec := planned(1000, 1_000_000) // a block each
	for chunk, want := range map[uint64]uint64{
		100: 104 + 2*drawOverhead,  // 1,040 runs in ten places
		500: 504 + 2*drawOverhead,  // two chunks, and four samples after each
		10:  140 + 20*drawOverhead, // 1,400 runs, and 20 draws for each slot
	} {
		spec.ChunkTasks = chunk
		require.Equal(t, want, facts.plan(spec).Blocks, "chunks of %d", chunk)
	}
}

func TestPlacesFollowFromTheSlotsThatNodesRegister(t *testing.T) {
	for _, c := range []struct{ slots, nodes, want uint64 }{
		{0, 0, 1}, {1, 1, 1}, {4, 1, 1}, {6, 1, 2}, {18, 1, 6}, {12, 3, 4}, {18, 3, 6}, {6, 3, 3}, {2, 3, 2}, {10, 0, 3},
	} {
		require.Equal(t, c.want, placesOf(c.slots, c.nodes), "%+v", c)
	}
}

func TestTheClientProposesTheChunksThatTheFileLeavesToIt(t *testing.T) {
	packed, err := packedArray(t, startRelay(t), 9, "policy: {audit: 100%}")
	require.NoError(t, err)
	require.True(t, packed.AutoChunk)
	chain := newChain()
	c := testClient(t, chain)
	parameters := computetypes.DefaultParams()
	chain.params, chain.market = &parameters, &computetypes.QueryMarketResponse{Market: computetypes.Market{Class: "c"}, FundedSlots: 2}
	for i := range 150 { // more than a page, and half of them in another class
		chain.nodes = append(chain.nodes, edgeNode(fmt.Sprint(i), [2]string{"c", "d"}[i%2], uint64(i)))
	}
	plan, err := c.Plan(t.Context(), packed)
	require.NoError(t, err)
	require.EqualValues(t, 9, packed.Spec.ChunkTasks)
	require.EqualValues(t, 9, plan.ChunkTasks)
	require.EqualValues(t, 76, plan.FuelPerBlock, "the rate of the typical node of the class")

	slices.Reverse(chain.nodes)
	again, err := c.Plan(t.Context(), packed)
	require.NoError(t, err)
	require.Equal(t, plan, again)

	packed.AutoChunk, packed.Spec.ChunkTasks = false, 2
	plan, err = c.Plan(t.Context(), packed)
	require.NoError(t, err)
	require.EqualValues(t, 2, packed.Spec.ChunkTasks, "a size of the file stays")
	require.EqualValues(t, 5, plan.Chunks)

	chain.params.HonestBps = 0
	_, err = c.Plan(t.Context(), packed)
	require.ErrorContains(t, err, "honest_bps", "a node that lies about parameters does not crash the client")
}

// TestNodesOfOtherProfilesAreNotTypical: the rate of a node that does not run a profile says nothing about it, and a
// chunk that is too large for those that run it would find no nodes.
func TestNodesOfOtherProfilesAreNotTypical(t *testing.T) {
	packed, err := packedArray(t, startRelay(t), 9, "policy: {audit: 100%}")
	require.NoError(t, err)
	chain := newChain()
	c := testClient(t, chain)
	parameters := computetypes.DefaultParams()
	chain.params, chain.market = &parameters, &computetypes.QueryMarketResponse{Market: computetypes.Market{Class: "c"}, FundedSlots: 30, LiveNodes: 15}
	for i := range 15 {
		node := edgeNode(fmt.Sprint(i), "c", 1_500_000_000)
		if i%5 == 0 {
			node.Profile.Executors = []string{"tensor/1", "wasm/1"}
			node.Profile.Limits.Rates = []edgenodetypes.ExecutorRate{{Executor: "tensor/1", FuelPerBlock: 100_000_000}}
		}
		chain.nodes = append(chain.nodes, node)
	}
	packed.Spec.Executor = "tensor/1"
	plan, err := c.Plan(t.Context(), packed)
	require.NoError(t, err)
	require.EqualValues(t, 100_000_000, plan.FuelPerBlock)
	packed.Spec.Executor = "wasm/1"
	plan, err = c.Plan(t.Context(), packed)
	require.NoError(t, err)
	require.EqualValues(t, 1_500_000_000, plan.FuelPerBlock)
}

// edgeNode is an active node with two slots.
func edgeNode(operator, class string, rate uint64) edgenodetypes.Node {
	return edgenodetypes.Node{
		Profile: edgenodetypes.NodeProfile{Operator: operator, Class: class, Executors: []string{"wasm/1"}, Limits: edgenodetypes.TaskLimits{FuelPerBlock: rate}},
		State: edgenodetypes.NodeState{
			Status: edgenodetypes.NODE_STATUS_ACTIVE, Slots: 2, Bond: params.Tfuel(10_000), Locked: math.ZeroInt(),
			Faults: edgenodetypes.FaultCounts{},
		},
	}
}
