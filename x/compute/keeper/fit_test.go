package keeper_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// declare declares to the chain which tasks the n-th node takes.
func (f *fixture) declare(n int, limits edgenodetypes.TaskLimits, executors ...string) {
	f.t.Helper()
	if len(executors) == 0 {
		executors = []string{"wasm/1"}
	}
	_, err := edgenodekeeper.NewMsgServer(f.nodes).Update(f.ctx, &edgenodetypes.MsgUpdate{
		Operator: operator(n).String(), Moniker: "node", Region: "de", Class: class,
		Hardware:  edgenodetypes.Hardware{CpuCores: 16, MemoryBytes: 64 << 30},
		Executors: executors, Slots: 4, Limits: limits,
	})
	require.NoError(f.t, err)
}

func (f *fixture) quote(s types.JobSpec) *types.QueryQuoteResponse {
	f.t.Helper()
	answer, err := f.queries.Quote(f.ctx, types.NewQuoteRequest(&s))
	require.NoError(f.t, err)
	return answer
}

// explain queries what a task waits for, without naming a node.
func (f *fixture) explain(id string) *types.QueryExplainResponse {
	f.t.Helper()
	answer, err := f.queries.Explain(f.ctx, &types.QueryExplainRequest{JobId: id})
	require.NoError(f.t, err)
	return answer
}

func TestAQuoteCountsWhomTheJobFitsAndSaysWhatExcludesTheOthers(t *testing.T) {
	f := newFixture(t)
	f.network(5)
	for n := range 3 {
		f.declare(n, edgenodetypes.TaskLimits{MemoryBytes: uint64(n%2+1) << 30})
	}
	s := spec(coin(1_000), 3)
	s.Resources.MemoryBytes = 3 << 30
	fit := f.quote(s).Fit
	require.Equal(t, types.Fit{
		Live: 5, Fitting: 2, Preferred: 2, Visited: 5,
		Exclusions: []types.Exclusion{{Rule: "memory", Nodes: 3, Detail: "take at most 2GiB of memory, the job asks for 3GiB"}},
	}, fit)

	s.Resources.MemoryBytes = 2 << 30
	require.EqualValues(t, 3, f.quote(s).Fit.Fitting)
}

func TestEachConditionOfAJobExcludesNodesUnderItsOwnName(t *testing.T) {
	const all = 4
	for rule, c := range map[string]struct {
		limits edgenodetypes.TaskLimits
		change func(*types.JobSpec)
		detail string
	}{
		"memory":         {edgenodetypes.TaskLimits{MemoryBytes: 1 << 20}, func(s *types.JobSpec) { s.Resources.MemoryBytes = 2 << 20 }, "at most 1MiB of memory"},
		"input":          {edgenodetypes.TaskLimits{InputBytes: 10}, func(*types.JobSpec) {}, "at most 10 bytes of program and inputs, the job asks for 14 bytes"},
		"output":         {edgenodetypes.TaskLimits{OutputBytes: 1}, func(*types.JobSpec) {}, "at most 1 bytes of output"},
		"fuel":           {edgenodetypes.TaskLimits{Fuel: 9}, func(s *types.JobSpec) { s.Resources.Fuel = 10 }, "at most 9 fuel, the job asks for 10"},
		"fuel per block": {edgenodetypes.TaskLimits{FuelPerBlock: 100}, func(s *types.JobSpec) { s.Resources.Fuel, s.CommitBlocks = 900, 9 }, "use 100 fuel per block, so that 900 take 10 commit_blocks, and the job has 9"},
		"challenge":      {edgenodetypes.TaskLimits{ChallengeBlocks: 5}, func(s *types.JobSpec) { s.Policy.ChallengeBlocks = 6 }, "at most 5 challenge_blocks"},
		"reward":         {edgenodetypes.TaskLimits{MinRewards: sdk.NewCoins(coin(2_000))}, func(*types.JobSpec) {}, "ask for more than"},
		"trust": {edgenodetypes.TaskLimits{Trust: edgenodetypes.TRUST_STANCE_NAMED}, func(s *types.JobSpec) {
			s.Policy = types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 5}
		}, "under trust"},
		"executor":  {edgenodetypes.TaskLimits{}, func(s *types.JobSpec) { s.Executor = "container/1" }, "do not run container/1"},
		"min bond":  {edgenodetypes.TaskLimits{}, func(s *types.JobSpec) { s.Placement.MinBond = "10001" }, "min_bond of 10001"},
		"liability": {edgenodetypes.TaskLimits{}, func(s *types.JobSpec) { s.Reward = coin(9_000) }, "grows with the reward"},
	} {
		f := newFixture(t)
		f.setParams(func(p *types.Params) { p.Executors = []string{"wasm/1", "container/1"} })
		f.network(all)
		for n := range all {
			f.declare(n, c.limits)
		}
		s := spec(coin(1_000), 3)
		c.change(&s)
		fit := f.quote(s).Fit
		require.EqualValues(t, all, fit.Live, rule)
		require.Zero(t, fit.Fitting, rule)
		require.Len(t, fit.Exclusions, 1, rule)
		require.Equal(t, rule, fit.Exclusions[0].Rule)
		require.EqualValues(t, all, fit.Exclusions[0].Nodes, rule)
		require.Contains(t, fit.Exclusions[0].Detail, c.detail, rule)
	}
}

func TestAllTasksOfAChunkHaveToFitIntoItsCommitWindow(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	for n := range 4 {
		f.declare(n, edgenodetypes.TaskLimits{FuelPerBlock: 100})
	}
	s := spec(coin(10), 3)
	s.Policy = types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 5}
	s.Tasks, s.Resources.Fuel, s.CommitBlocks = 100, 90, 9
	for chunk, want := range map[uint64]uint64{1: 4, 9: 4, 10: 0, 100: 0} {
		s.ChunkTasks = chunk
		require.Equal(t, want, f.quote(s).Fit.Fitting, "%d tasks a chunk", chunk)
	}
	s.ChunkTasks = 100
	require.Contains(t, f.quote(s).Fit.Exclusions[0].Detail, "so that 9000 take 91 commit_blocks")
	s.Resources.Fuel = 1 << 62
	require.Zero(t, f.quote(s).Fit.Fitting, "a product above 2^64 fits nowhere")
}

// drawSpec draws a spec whose conditions exclude some nodes.
func drawSpec(t *rapid.T) types.JobSpec {
	s := spec(coin(int64(rapid.SampledFrom([]int{10, 1_000, 4_000}).Draw(t, "reward"))), 3)
	s.Resources = types.Resources{
		Fuel:        rapid.Uint64Range(1, 400).Draw(t, "fuel"),
		MemoryBytes: rapid.Uint64Range(1, 4).Draw(t, "memory"),
		OutputBytes: rapid.Uint64Range(1, 4).Draw(t, "output"),
	}
	s.CommitBlocks = rapid.Uint64Range(2, 8).Draw(t, "commit")
	s.PrepareBlocks = 1
	switch rapid.IntRange(0, 3).Draw(t, "policy") {
	case 0:
		s.Policy = types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 5}
	case 1:
		s.Policy = types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 5, Node: operator(rapid.IntRange(0, 5).Draw(t, "named")).String()}
	case 2:
		s.Policy.ChallengeBlocks = rapid.Uint64Range(1, 4).Draw(t, "challenge")
	}
	if rapid.Bool().Draw(t, "denies") {
		s.Placement.Denied = []string{operator(rapid.IntRange(0, 5).Draw(t, "denied")).String()}
	}
	if rapid.Bool().Draw(t, "wants bond") {
		s.Placement.MinBond = "9000"
	}
	if rapid.Bool().Draw(t, "prefers") {
		s.Placement.Regions = []string{"us"}
	}
	return s
}

func drawLimits(t *rapid.T) edgenodetypes.TaskLimits {
	limit := func(name string, most uint64) uint64 { return rapid.Uint64Range(0, most).Draw(t, name) }
	limits := edgenodetypes.TaskLimits{
		MemoryBytes: limit("max memory", 4), InputBytes: limit("max input", 20), OutputBytes: limit("max output", 4),
		Fuel: limit("max fuel", 400), FuelPerBlock: limit("per block", 100), ChallengeBlocks: limit("max challenge", 4),
		Trust: edgenodetypes.TrustStance(rapid.Int32Range(0, 3).Draw(t, "trust")),
	}
	if rapid.Bool().Draw(t, "wants pay") {
		limits.MinRewards = sdk.NewCoins(sdk.NewInt64Coin(denom, rapid.Int64Range(1, 2_000).Draw(t, "least")))
	}
	return limits
}

func TestAQuoteCountsTheNodesOfWhichExplainSaysThatTheJobFits(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		f := newFixture(r)
		const nodes = 6
		for n := range nodes {
			f.register(n, rapid.SampledFrom([]int64{2_000, 8_000, 20_000}).Draw(r, "bond"), 4)
		}
		require.NoError(r, f.nodes.RollEpoch(f.ctx))
		for n := range nodes {
			if rapid.Bool().Draw(r, "declares") {
				f.declare(n, drawLimits(r))
			}
		}
		paused := rapid.Bool().Draw(r, "pauses")
		if paused {
			_, err := edgenodekeeper.NewMsgServer(f.nodes).Pause(f.ctx, &edgenodetypes.MsgPause{Operator: operator(nodes - 1).String()})
			require.NoError(r, err)
		}
		s := drawSpec(r)
		f.fund(requester(0), coin(10_000_000))
		quoted := f.quote(s).Fit
		if s.Policy.Node == operator(nodes-1).String() && paused {
			_, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: requester(0).String(), Spec: s})
			require.ErrorIs(r, err, types.ErrNotQualified)
			return
		}
		id := f.post(0, s)
		fits, live := uint64(0), uint64(0)
		for n := range nodes {
			said, err := f.queries.Explain(f.ctx, &types.QueryExplainRequest{JobId: id, Operator: operator(n).String()})
			require.NoError(r, err)
			declared := true
			for _, c := range said.Checks {
				declared = declared && (c.Ok || !c.Declared)
				if c.Rule == "status" && c.Ok {
					live++
				}
			}
			require.True(r, declared || !said.Fits, "node %d fits although it declares otherwise: %v", n, said.Checks)
			if said.Fits {
				fits++
			}
		}
		require.Equal(r, fits, quoted.Fitting)
		if !s.Policy.NamesNode() {
			require.Equal(r, live, quoted.Live)
		}
		waiting := f.explain(id).Fit
		require.NotNil(r, waiting)
		require.Equal(r, quoted, *waiting, "a job that waits is explained as it was quoted")
		excluded := uint64(0)
		for _, e := range quoted.Exclusions {
			require.LessOrEqual(r, e.Nodes, quoted.Live-quoted.Fitting)
			excluded += e.Nodes
		}
		require.GreaterOrEqual(r, excluded, quoted.Live-quoted.Fitting, "each excluded node has a reason")
	})
}

func TestACountIsOfABoundedNumberOfNodesAndSaysSo(t *testing.T) {
	f := newFixture(t)
	const most = 1_000
	for n := range most + 3 {
		addr := sdk.AccAddress(fmt.Appendf(nil, "operator %011d", n))
		f.fund(addr, sdk.NewInt64Coin(denom, 10_000))
		_, err := edgenodekeeper.NewMsgServer(f.nodes).Register(f.ctx, &edgenodetypes.MsgRegister{
			Operator: addr.String(), Worker: sdk.AccAddress(fmt.Appendf(nil, "worker %013d", n)).String(), Moniker: "node", Region: "de",
			Class: class, Hardware: edgenodetypes.Hardware{CpuCores: 16, MemoryBytes: 64 << 30},
			Executors: []string{"wasm/1"}, Bond: sdk.NewInt64Coin(denom, 10_000), Slots: 4,
		})
		require.NoError(t, err)
	}
	require.NoError(t, f.nodes.RollEpoch(f.ctx))
	answer := f.quote(spec(coin(1_000), 3))
	require.EqualValues(t, most, answer.Fit.Visited)
	require.EqualValues(t, most, answer.Fit.Fitting)
	require.True(t, answer.Fit.Cut)
	require.EqualValues(t, most+3, answer.LiveNodes)
}

func TestPostingAndClaimingLookAtNoOtherNodes(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	f.registry.walked = 0
	id := f.drawable(spec(coin(1_000), 3))
	require.NoError(t, f.claim(0, ref(id, 0)))
	require.Zero(t, f.registry.walked)
	f.explain(id)
	require.Equal(t, 1, f.registry.walked)
}

func TestAClaimIsTakenThoughTheNodeDeclaresToTakeLess(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	f.declare(0, edgenodetypes.TaskLimits{OutputBytes: 1})
	id := f.drawable(spec(coin(1_000), 3))
	said, err := f.queries.Explain(f.ctx, &types.QueryExplainRequest{JobId: id, Operator: operator(0).String()})
	require.NoError(t, err)
	require.True(t, said.Qualifies)
	require.False(t, said.Fits)
	require.NoError(t, f.claim(0, ref(id, 0)))
}

func TestATaskThatWaitsSaysForWhat(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.post(0, spec(coin(1_000), 3))
	said := f.explain(id)
	require.Contains(t, said.Waiting.Summary, "draw 1 for 3 of 3 nodes: the randomness that belongs to height")
	require.Contains(t, said.Waiting.Summary, "expires after height")
	require.EqualValues(t, 4, said.Fit.Fitting)
	require.Empty(t, said.Checks)
	f.blocks(seedDelay)
	require.NoError(t, f.claim(0, ref(id, 0)))
	said = f.explain(id)
	require.Contains(t, said.Waiting.Summary, "nodes may claim below height")
	require.Contains(t, said.Waiting.Summary, ", 1 have")
	for f.round(id).Draw == nil || f.round(id).Draw.Attempt == 0 {
		f.next()
	}
	said = f.explain(id)
	require.Contains(t, said.Waiting.Summary, "draw 2 for 2 of 3 nodes")
	require.EqualValues(t, 1, said.Waiting.Assigned)
	require.EqualValues(t, 3, said.Fit.Fitting, "the node that holds a part cannot take another")
	require.Equal(t, "new to the task", said.Fit.Exclusions[0].Rule)

	g := newFixture(t)
	g.network(4)
	running, _ := g.assigned(4)
	said = g.explain(running)
	require.Contains(t, said.Waiting.Summary, "0 of 3 nodes have committed; the next deadline is height")
	require.Nil(t, said.Fit, "nothing is drawn")

	_, err := f.queries.Explain(f.ctx, &types.QueryExplainRequest{JobId: "7-7-7"})
	require.Equal(t, codes.NotFound, status.Code(err))
}

func TestABusyNodeFitsAndIsCounted(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	require.NoError(t, f.nodes.Reserve(f.ctx, operator(0), math.NewInt(9_000)))
	fit := f.quote(spec(coin(1_000), 3)).Fit
	require.EqualValues(t, 4, fit.Fitting)
	require.EqualValues(t, 1, fit.Busy)
}

func TestTheChainRefusesWhatTheProfileCannotDo(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	f.fund(requester(0), coin(1_000_000))
	for name, change := range map[string]func(*types.JobSpec){
		"memory_bytes: the profile wasm/1 takes at most 4294967296": func(s *types.JobSpec) { s.Resources.MemoryBytes = 4<<30 + 1 },
		"output_bytes: the profile wasm/1 takes at most 4294967296": func(s *types.JobSpec) { s.Resources.OutputBytes = 4<<30 + 1 },
		"program: size: the profile wasm/1 takes at most 33554432":  func(s *types.JobSpec) { s.Program.Size_ = 32<<20 + 1 },
	} {
		s := spec(coin(1_000), 3)
		change(&s)
		err := f.unchanged(func() error {
			_, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: requester(0).String(), Spec: s})
			return err
		})
		require.ErrorIs(t, err, types.ErrInvalidSpec, name)
		require.ErrorContains(t, err, name)
	}
	s := spec(coin(1_000), 3)
	s.Resources.MemoryBytes = 5 << 30
	_, err := f.queries.Quote(f.ctx, types.NewQuoteRequest(&s))
	require.Equal(t, codes.InvalidArgument, status.Code(err))
}
