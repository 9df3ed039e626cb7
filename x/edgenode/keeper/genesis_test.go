package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// busy returns a fixture with nodes in every status, unbondings and snapshots.
func busy(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	f.leaseOf(3)
	f.register(6, 250, 3)
	f.endBlocks(4)
	f.leaseOf(testParams().LeaseBlocks)
	for n := range byte(4) {
		f.register(n, 200+int64(n), 3)
	}
	f.register(4, 300, 3)
	f.jail(4)
	f.roll()
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(20)))
	require.NoError(t, f.pause(1))
	require.NoError(t, f.unbond(2, coin(7)))
	_, err := f.retire(3)
	require.NoError(t, err)
	f.roll()
	change := updateMsg(0, large, 2)
	change.Limits = types.TaskLimits{
		MemoryBytes: 1, InputBytes: 2, OutputBytes: 3, Fuel: 4, FuelPerBlock: 5, ChallengeBlocks: 6,
		Rates: []types.ExecutorRate{{Executor: "wasm/1", FuelPerBlock: 7}},
		Trust: types.TRUST_STANCE_ANY, MinRewards: sdk.NewCoins(coin(7)),
	}
	_, err = f.msgs.Update(f.ctx, change)
	require.NoError(t, err)
	return f
}

func TestGenesisRoundTrip(t *testing.T) {
	f := busy(t)
	exported, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.NoError(t, exported.Validate())

	fresh := newFixture(t)
	pool := sdk.NewCoins(sdk.NewCoin(denom, exported.PoolBalance()))
	require.NoError(t, fresh.bank.MintCoins(fresh.ctx, faucet, pool))
	require.NoError(t, fresh.bank.SendCoinsFromModuleToModule(fresh.ctx, faucet, types.ModuleName, pool))
	require.NoError(t, fresh.keeper.InitGenesis(fresh.ctx, *exported))
	again, err := fresh.keeper.ExportGenesis(fresh.ctx)
	require.NoError(t, err)
	require.Equal(t, exported, again)
	fresh.requireInvariants()
	_, err = fresh.keeper.OperatorOf(fresh.ctx, worker(3))
	require.ErrorIs(t, err, types.ErrUnknownWorker, "a closed node's worker stays free")
	require.Equal(t, types.NODE_STATUS_JAILED, fresh.state(4).Status)
	require.Equal(t, types.NODE_STATUS_LAPSED, fresh.state(6).Status)
	fresh.register(5, 150, 3)
	fresh.roll()
	fresh.requireInvariants()
	fresh.at(fresh.state(5).LeaseEnd + 10)
	for range 3 {
		fresh.endBlock()
		fresh.requireInvariants()
	}
	require.Equal(t, types.NODE_STATUS_LAPSED, fresh.state(0).Status, "imported leases end")
}

func TestGenesisRefusesAPoolThatDoesNotMatch(t *testing.T) {
	f := busy(t)
	exported, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	fresh := newFixture(t)
	require.ErrorIs(t, fresh.keeper.InitGenesis(fresh.ctx, *exported), types.ErrInvalidGenesis)
}

func TestGenesisRefusesContradictions(t *testing.T) {
	cases := map[string]func(*types.GenesisState){
		"node twice":          func(g *types.GenesisState) { g.Nodes = append(g.Nodes, g.Nodes[0]) },
		"worker twice":        func(g *types.GenesisState) { g.Nodes[1].Profile.Worker = g.Nodes[0].Profile.Worker },
		"locked over bond":    func(g *types.GenesisState) { g.Nodes[0].State.Locked = math.NewInt(1_000_000) },
		"bond missing":        func(g *types.GenesisState) { g.Nodes[0].State.Bond = math.Int{} },
		"slots exceeded":      func(g *types.GenesisState) { g.Nodes[0].State.UsedSlots = 50 },
		"no status":           func(g *types.GenesisState) { g.Nodes[0].State.Status = 0 },
		"weight of the far":   func(g *types.GenesisState) { g.Nodes[0].State.Weights[0].Epoch = 99 },
		"slots of no weight":  func(g *types.GenesisState) { g.Nodes[0].State.Weights[0].Weight = math.ZeroInt() },
		"lease unwatched":     func(g *types.GenesisState) { g.Nodes[0].State.LeaseCheck = 0 },
		"lease of a paused":   func(g *types.GenesisState) { g.Nodes[1].State.LeaseCheck = 7 },
		"jailed for nothing":  func(g *types.GenesisState) { g.Nodes[4].State.Jail.Terms = 0 },
		"terms without end":   func(g *types.GenesisState) { g.Nodes[4].State.Jail.Terms = 33 },
		"unknown status":      func(g *types.GenesisState) { g.Nodes[1].State.Status = 99 },
		"unbonding twice":     func(g *types.GenesisState) { g.Unbondings = append(g.Unbondings, g.Unbondings[0]) },
		"unbonding of zero":   func(g *types.GenesisState) { g.Unbondings[0].Amount = math.ZeroInt() },
		"snapshot twice":      func(g *types.GenesisState) { g.Snapshots = append(g.Snapshots, g.Snapshots[0]) },
		"snapshot of the far": func(g *types.GenesisState) { g.Snapshots[0].Epoch = 99 },
		"bad profile":         func(g *types.GenesisState) { g.Nodes[0].Profile.Region = "Mars" },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			f := busy(t)
			exported, err := f.keeper.ExportGenesis(f.ctx)
			require.NoError(t, err)
			change(exported)
			require.ErrorIs(t, exported.Validate(), types.ErrInvalidGenesis)
		})
	}
}

func TestQueriesShowNodesClassesAndInvariants(t *testing.T) {
	f := busy(t)
	byWorker, err := f.queries.NodeByWorker(f.ctx, &types.QueryNodeByWorkerRequest{Worker: worker(2).String()})
	require.NoError(t, err)
	require.Equal(t, operator(2).String(), byWorker.Node.Profile.Operator)

	page, err := f.queries.Nodes(f.ctx, &types.QueryNodesRequest{Pagination: &query.PageRequest{Limit: 3}})
	require.NoError(t, err)
	require.Len(t, page.Nodes, 3)
	_, err = f.queries.Nodes(f.ctx, &types.QueryNodesRequest{Pagination: &query.PageRequest{Limit: 1_001}})
	require.ErrorContains(t, err, "expected pages of at most 1000 nodes")
	rest, err := f.queries.Nodes(f.ctx, &types.QueryNodesRequest{Pagination: &query.PageRequest{Key: page.Pagination.NextKey}})
	require.NoError(t, err)
	require.Len(t, rest.Nodes, 3)

	class, err := f.queries.Class(f.ctx, &types.QueryClassRequest{Class: small})
	require.NoError(t, err)
	require.Equal(t, uint64(2), class.Epoch)
	require.Equal(t, uint64(2), class.Snapshot.Nodes)
	require.Equal(t, uint64(1), class.Upcoming.Nodes, "one has moved to the large class")

	invariants, err := f.queries.Invariants(f.ctx, &types.QueryInvariantsRequest{})
	require.NoError(t, err)
	require.Equal(t, []types.InvariantResult{
		{Name: "node-pool", Ok: true}, {Name: "exposure", Ok: true}, {Name: "class-weights", Ok: true}, {Name: "leases", Ok: true}, {Name: "yields", Ok: true},
	}, invariants.Results)

	_, err = f.queries.Node(f.ctx, &types.QueryNodeRequest{Operator: operator(9).String()})
	require.ErrorContains(t, err, "node not found")
	_, err = f.queries.Node(f.ctx, nil)
	require.ErrorContains(t, err, "invalid address")
	_, err = f.queries.Class(f.ctx, &types.QueryClassRequest{Class: "tpu"})
	require.ErrorContains(t, err, "unknown hardware class")
}

func TestInvariantsSeeCoinsThatNobodyOwns(t *testing.T) {
	f := busy(t)
	require.NoError(t, f.bank.MintCoins(f.ctx, faucet, sdk.NewCoins(coin(1))))
	require.NoError(t, f.bank.SendCoinsFromModuleToModule(f.ctx, faucet, types.ModuleName, sdk.NewCoins(coin(1))))
	results := f.keeper.CheckInvariants(f.ctx)
	require.Equal(t, "node-pool", results[0].Name)
	require.ErrorIs(t, results[0].Err, types.ErrInvariantBroken)
}

func TestUpdateParamsIsForTheAuthority(t *testing.T) {
	f := newFixture(t)
	changed := testParams()
	changed.QueueLimit = 9
	_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: operator(0).String(), Params: changed})
	require.ErrorIs(t, err, sdkerrors.ErrUnauthorized)
	_, err = f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: types.Params{}})
	require.ErrorIs(t, err, types.ErrInvalidParams)
	_, err = f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: changed})
	require.NoError(t, err)
	res, err := f.queries.Params(f.ctx, &types.QueryParamsRequest{})
	require.NoError(t, err)
	require.Equal(t, changed, res.Params)
}

func TestBondDenomStaysWhileCoinsAreBonded(t *testing.T) {
	f := newFixture(t)
	changed := testParams()
	changed.BondDenom = "uother"
	f.register(0, 100, 1)
	msg := &types.MsgUpdateParams{Authority: authority(), Params: changed}
	_, err := f.msgs.UpdateParams(f.ctx, msg)
	require.ErrorIs(t, err, types.ErrInvalidParams)
	empty := newFixture(t)
	_, err = empty.msgs.UpdateParams(empty.ctx, msg)
	require.NoError(t, err)
}
