package simulation

import (
	"context"
	"fmt"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// register opens a node of an account that does not have an open node.
func (o operations) register(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgRegister) {
	r := world.Rand()
	if len(o.nodes(ctx, reporter, open)) >= maxNodes {
		reporter.Skip("there are nodes enough")
		return nil, nil
	}
	bond := tokens(o.params(ctx, reporter).BondDenom, 200+r.Intn(800))
	operator := world.AnyAccountN(50, reporter, simsx.WithLiquidBalanceGTE(bond), simsx.SimAccountFilterFn(
		func(a simsx.SimAccount) bool {
			found, err := o.queries.Node(ctx, &types.QueryNodeRequest{Operator: a.AddressBech32})
			return err != nil || found.Node.State.Closed()
		}))
	worker := o.unused(ctx, world, reporter, operator.AddressBech32)
	class, hardware := declare(r)
	return []simsx.SimAccount{operator}, &types.MsgRegister{
		Operator: operator.AddressBech32, Worker: worker.AddressBech32, Moniker: fmt.Sprintf("node %d", r.Intn(1000)),
		Hardware: hardware, Region: region(r), Class: class, Executors: executors(),
		Bond: bond, Slots: 1 + r.Uint32InRange(0, 4), Limits: limits(r),
	}
}

// declare returns a class and hardware that meets its minimum. Most machines are small, so
// that most draws find many of them.
func declare(r *simsx.XRand) (string, types.Hardware) {
	if r.Intn(8) == 0 {
		return "cpu-large", types.Hardware{CpuCores: 16, MemoryBytes: 64 << 30}
	}
	return "cpu-small", types.Hardware{CpuCores: 2 + r.Uint32InRange(0, 6), MemoryBytes: 8 << 30}
}

// executors returns the profiles that every simulated machine runs.
func executors() []string { return []string{"wasm/1", "container/1"} }

// limits returns the task limits that some machines declare.
func limits(r *simsx.XRand) types.TaskLimits {
	if r.Intn(3) == 0 {
		return types.TaskLimits{}
	}
	return types.TaskLimits{
		MemoryBytes: r.Uint64InRange(1, 4<<30), InputBytes: r.Uint64InRange(1, 1<<30), OutputBytes: r.Uint64InRange(1, 1<<30),
		FuelPerBlock: r.Uint64InRange(0, 3_000_000_000), Rates: rates(r), ChallengeBlocks: r.Uint64InRange(0, 9_600),
		Trust: types.TrustStance(r.Intn(4)), //nolint:gosec // below 4
	}
}

func region(r *simsx.XRand) string { return simsx.OneOf(r, []string{"de", "us-west", "jp", "za"}) }

// update declares other hardware.
func (o operations) update(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgUpdate) {
	node, from := o.pick(ctx, world, reporter, "open", open)
	r := world.Rand()
	class, hardware := declare(r)
	return from, &types.MsgUpdate{
		Operator: node.Profile.Operator, Moniker: fmt.Sprintf("renamed %d", r.Intn(1000)), Hardware: hardware,
		Region: region(r), Class: class, Executors: executors(), Slots: node.State.UsedSlots + 1 + r.Uint32InRange(0, 4),
		Limits: limits(r),
	}
}

// bond adds to a node's bond.
func (o operations) bond(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgBond) {
	node, from := o.pick(ctx, world, reporter, "open", open)
	return from, &types.MsgBond{
		Operator: node.Profile.Operator,
		Amount:   tokens(o.params(ctx, reporter).BondDenom, 1+world.Rand().Intn(100)),
	}
}

// unbond unbonds a part of the bond that is neither locked nor needed for the minimum bond.
func (o operations) unbond(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgUnbond) {
	params := o.params(ctx, reporter)
	free := func(n types.Node) math.Int {
		return math.MinInt(n.State.Bond.Sub(n.State.Locked), n.State.Bond.Sub(params.MinBond))
	}
	node, from := o.pick(ctx, world, reporter, "bonded above the minimum", func(n types.Node) bool {
		return open(n) && free(n).IsPositive()
	})
	if reporter.IsSkipped() {
		return nil, nil
	}
	amount := free(node).QuoRaw(1 + world.Rand().Int63n(10))
	if !amount.IsPositive() {
		reporter.Skip("less than a unit is free")
		return nil, nil
	}
	return from, &types.MsgUnbond{Operator: node.Profile.Operator, Amount: sdk.NewCoin(params.BondDenom, amount)}
}

// pause stops an active node from claiming.
func (o operations) pause(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgPause) {
	node, from := o.pick(ctx, world, reporter, "active", standing(types.NODE_STATUS_ACTIVE))
	return from, &types.MsgPause{Operator: node.Profile.Operator}
}

// resume lets a paused node claim again.
func (o operations) resume(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgResume) {
	node, from := o.pick(ctx, world, reporter, "paused", standing(types.NODE_STATUS_PAUSED))
	return from, &types.MsgResume{Operator: node.Profile.Operator}
}

// retire closes a node, or unbonds bond that was locked when the node closed.
func (o operations) retire(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgRetire) {
	enough := len(o.nodes(ctx, reporter, open)) > minNodes
	node, from := o.pick(ctx, world, reporter, "to retire", func(n types.Node) bool {
		return open(n) && enough || !open(n) && n.State.Bond.GT(n.State.Locked)
	})
	return from, &types.MsgRetire{Operator: node.Profile.Operator}
}

// rotateWorker gives a node another key.
func (o operations) rotateWorker(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgRotateWorker) {
	node, from := o.pick(ctx, world, reporter, "open", open)
	worker := o.unused(ctx, world, reporter, node.Profile.Operator)
	return from, &types.MsgRotateWorker{Operator: node.Profile.Operator, Worker: worker.AddressBech32}
}

// renewLease renews the lease of a node, preferably of a lapsed one.
func (o operations) renewLease(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgRenewLease) {
	wanted := types.NODE_STATUS_ACTIVE
	if len(o.nodes(ctx, reporter, standing(types.NODE_STATUS_LAPSED))) > 0 {
		wanted = types.NODE_STATUS_LAPSED
	}
	node, _ := o.pick(ctx, world, reporter, "there to renew", standing(wanted))
	from := world.GetAccount(reporter, node.Profile.Worker)
	return []simsx.SimAccount{from}, &types.MsgRenewLease{Worker: node.Profile.Worker}
}

// unjail makes a jailed node active after its term is over.
func (o operations) unjail(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgUnjail) {
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	node, from := o.pick(ctx, world, reporter, "in jail with its term over", func(n types.Node) bool {
		return n.State.Status == types.NODE_STATUS_JAILED && n.State.Jail.Until <= height
	})
	return from, &types.MsgUnjail{Operator: node.Profile.Operator}
}

// updateParams changes the parameters of leases and jail, and the slash split.
func (o operations) updateParams(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgUpdateParams) {
	r, params := world.Rand(), o.params(ctx, reporter)
	params.LeaseBlocks = r.Uint64InRange(25, 60)
	params.Jail.JailBlocks = r.Uint64InRange(3, 12)
	params.Jail.CleanBlocks = r.Uint64InRange(20, 200)
	params.MaxYields = r.Uint32InRange(0, 3)
	if params.MinVersion = ""; r.Intn(2) == 0 {
		params.MinVersion = fmt.Sprintf("%d.%d.0", r.Intn(3), r.Intn(20))
	}
	moved := r.Uint32InRange(0, 1000)
	params.SlashSplit = types.SlashSplit{HonestBps: 4000 + moved, BurnBps: 5000 - moved, CommunityBps: 1000}
	return nil, &types.MsgUpdateParams{Authority: world.ModuleAccountAddress(reporter, "gov"), Params: params}
}

// rates returns the speeds under single profiles that some machines declare.
func rates(r *simsx.XRand) []types.ExecutorRate {
	var list []types.ExecutorRate
	for _, executor := range []string{"container/1", "wasm/1"} {
		if r.Intn(2) == 0 {
			list = append(list, types.ExecutorRate{Executor: executor, FuelPerBlock: r.Uint64InRange(0, 3_000_000_000)})
		}
	}
	return list
}
