package sim

import (
	"context"
	"fmt"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	"github.com/cosmos/cosmos-sdk/types/query"
	simtypes "github.com/cosmos/cosmos-sdk/types/simulation"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"

	beaconkeeper "github.com/thetaedge/theta/x/beacon/keeper"
	beaconsim "github.com/thetaedge/theta/x/beacon/simulation"
	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computesim "github.com/thetaedge/theta/x/compute/simulation"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodesim "github.com/thetaedge/theta/x/edgenode/simulation"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	feemarketkeeper "github.com/thetaedge/theta/x/feemarket/keeper"
	feemarketsim "github.com/thetaedge/theta/x/feemarket/simulation"
	rewardskeeper "github.com/thetaedge/theta/x/rewards/keeper"
	rewardssim "github.com/thetaedge/theta/x/rewards/simulation"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
	tallykeeper "github.com/thetaedge/theta/x/tally/keeper"
	tallysim "github.com/thetaedge/theta/x/tally/simulation"
)

// defaults returns the weights that the modules give their operations.
func defaults(_ string, weight uint32) uint32 { return weight }

// register fills the pools with every module's operations. validator is the account whose
// vote decides.
func register(s *Simulation, n network, validator []simtypes.Account) {
	weights := simsx.WeightSourceFn(defaults)
	app := s.Chain.App
	beacon := beaconkeeper.NewQueryServer(app.BeaconKeeper)
	edgenode := edgenodekeeper.NewQueryServer(app.EdgenodeKeeper)
	compute := computekeeper.NewQueryServer(app.ComputeKeeper)
	rewards := rewardskeeper.NewQueryServer(app.RewardsKeeper)

	beaconsim.Register(&s.own, weights, beacon, n.key.Sign)
	edgenodesim.Register(&s.own, weights, edgenode)
	computesim.Register(&s.own, weights, compute, computesim.Sources{
		Nodes: func(ctx context.Context) ([]edgenodetypes.Node, error) {
			found, err := edgenode.Nodes(ctx, &edgenodetypes.QueryNodesRequest{Pagination: &query.PageRequest{Limit: accounts}})
			if err != nil {
				return nil, err
			}
			return found.Nodes, nil
		},
		Receipts: s.Tally.ReceiptsOf, Offers: offers(rewards),
	})
	rewardssim.Register(&s.own, weights, rewards, edgenode, stakingkeeper.NewQuerier(app.StakingKeeper))
	tally := tallykeeper.NewQueryServer(app.TallyKeeper)
	tallysim.Register(&s.own, weights, tally, deposit(), func(r *simsx.XRand) []computetypes.CarbonFactor {
		return computesim.CarbonFactors(r)
	})
	s.own.addFor(validator, 25, vote(app.GovKeeper))
	s.own.Add(10, opinion(app.GovKeeper))

	proposals := simsx.NewUniqueTypeRegistry()
	beaconsim.RegisterProposals(proposals, weights, beacon)
	edgenodesim.RegisterProposals(proposals, weights, edgenode)
	computesim.RegisterProposals(proposals, weights, compute)
	rewardssim.RegisterProposals(proposals, weights, rewards)
	feemarketsim.RegisterProposals(proposals, weights, feemarketkeeper.NewQueryServer(app.FeemarketKeeper))
	tallysim.RegisterProposals(proposals, weights, tally)
	for _, name := range app.ModuleManager.OrderExportGenesis {
		switch module := app.ModuleManager.Modules[name].(type) {
		case simsx.HasWeightedOperationsX:
			module.WeightedOperationsX(weights, &s.sdk)
		case simsx.HasWeightedOperationsXWithProposals:
			module.WeightedOperationsX(weights, &proposing{&s.sdk}, proposals.Iterator(), nil)
		}
	}
}

// offers lists what active grants pay for.
func offers(queries rewardstypes.QueryServer) computesim.OfferSource {
	return func(ctx context.Context) ([]computesim.Offer, error) {
		found, err := queries.Grants(ctx, &rewardstypes.QueryGrantsRequest{})
		if err != nil {
			return nil, err
		}
		var all []computesim.Offer
		for _, grant := range found.Grants {
			if grant.Status != rewardstypes.GRANT_STATUS_ACTIVE {
				continue
			}
			price := grant.Terms.Prices[0]
			all = append(all, computesim.Offer{
				Grant: grant.Id, Grantee: grant.Terms.Grantee, Denom: grant.Denom, Program: grant.Terms.Programs[0],
				Policy: grant.Terms.Policy, Class: price.Class, Price: price.Price,
			})
		}
		return all, nil
	}
}

// proposing gives proposals more weight than the SDK does, so that even in a short run
// proposals of every kind are decided.
type proposing struct{ *pool }

// Add adds an operation. It multiplies the weight of a proposal by forty.
func (p *proposing) Add(weight uint32, factory simsx.SimMsgFactoryX) {
	if _, ok := factory.MsgType().(*govv1.MsgSubmitProposal); ok {
		weight *= 40
	}
	p.pool.Add(weight, factory)
}

// vote makes the validator support a proposal that is being voted on, so that it passes.
func vote(keeper *govkeeper.Keeper) simsx.SimMsgFactoryFn[*govv1.MsgVote] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *govv1.MsgVote) {
		from := world.AccountAt(reporter, 0)
		id := voted(ctx, keeper, world, reporter)
		return []simsx.SimAccount{from}, govv1.NewMsgVote(from.Address, id, govv1.OptionYes, "")
	}
}

// opinion makes an account, which may be the operator of a node, divide its vote in two.
func opinion(keeper *govkeeper.Keeper) simsx.SimMsgFactoryFn[*govv1.MsgVoteWeighted] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *govv1.MsgVoteWeighted) {
		from := world.AnyAccount(reporter)
		id := voted(ctx, keeper, world, reporter)
		tenths := 1 + world.Rand().Intn(9)
		return []simsx.SimAccount{from}, govv1.NewMsgVoteWeighted(from.Address, id, govv1.WeightedVoteOptions{
			{Option: govv1.OptionYes, Weight: fmt.Sprintf("0.%d", tenths)},
			{Option: govv1.OptionAbstain, Weight: fmt.Sprintf("0.%d", 10-tenths)},
		}, "")
	}
}

// voted returns the id of a proposal that is being voted on, or skips the operation.
func voted(ctx context.Context, keeper *govkeeper.Keeper, world *simsx.ChainDataSource, reporter simsx.SimulationReporter) uint64 {
	var open []uint64
	err := keeper.Proposals.Walk(ctx, nil, func(id uint64, proposal govv1.Proposal) (bool, error) {
		if proposal.Status == govv1.StatusVotingPeriod {
			open = append(open, id)
		}
		return false, nil
	})
	if err != nil || len(open) == 0 {
		reporter.Skip("nothing is voted on")
		return 0
	}
	return open[world.Rand().Intn(len(open))]
}
