// Package simulation draws messages of x/rewards for a simulated chain.
package simulation

import (
	"context"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

// Register adds the messages of accounts. nodes and validators are asked whom earnings belong
// and go to.
func Register(
	reg simsx.Registry, weights simsx.WeightSource, queries types.QueryServer,
	nodes edgenodetypes.QueryServer, validators stakingtypes.QueryServer,
) {
	reg.Add(weights.Get("rewards_claim", 8), claim(queries))
	reg.Add(weights.Get("rewards_collect", 8), collect(queries, nodes))
	reg.Add(weights.Get("rewards_set_payout", 6), setPayout(validators))
	reg.Add(weights.Get("rewards_claim_and_delegate", 6), claimAndDelegate(queries, validators))
	reg.Add(weights.Get("rewards_claim_and_bond", 6), claimAndBond(queries))
	reg.Add(weights.Get("rewards_fund_grant", 6), fundGrant(queries))
	reg.Add(weights.Get("rewards_withdraw_grant", 6), withdrawGrant(queries))
}

// RegisterProposals adds the messages of governance.
func RegisterProposals(reg simsx.Registry, weights simsx.WeightSource, queries types.QueryServer) {
	reg.Add(weights.Get("rewards_update_params", 100), updateParams(queries))
	reg.Add(weights.Get("rewards_create_grant", 100), simsx.SimMsgFactoryFn[*types.MsgCreateGrant](createGrant))
	reg.Add(weights.Get("rewards_revoke_grant", 100), revokeGrant(queries))
}

// claim claims an operator's earnings.
func claim(queries types.QueryServer) simsx.SimMsgFactoryFn[*types.MsgClaim] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgClaim) {
		from := earner(ctx, world, reporter, queries)
		if reporter.IsSkipped() {
			return nil, nil
		}
		return []simsx.SimAccount{from}, &types.MsgClaim{Operator: from.AddressBech32}
	}
}

// collect collects an operator's earnings with its own key or the key of its worker.
func collect(queries types.QueryServer, nodes edgenodetypes.QueryServer) simsx.SimMsgFactoryFn[*types.MsgCollect] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgCollect) {
		operator := earner(ctx, world, reporter, queries)
		if reporter.IsSkipped() {
			return nil, nil
		}
		from := operator
		node, err := nodes.Node(ctx, &edgenodetypes.QueryNodeRequest{Operator: operator.AddressBech32})
		if err == nil && world.Rand().Intn(4) > 0 {
			from = world.GetAccount(reporter, node.Node.Profile.Worker)
			if reporter.IsSkipped() {
				return nil, nil
			}
		}
		return []simsx.SimAccount{from}, &types.MsgCollect{Sender: from.AddressBech32, Operator: operator.AddressBech32}
	}
}

// earner returns an account that has earned something.
func earner(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter, queries types.QueryServer,
) simsx.SimAccount {
	start := world.Rand().Intn(world.AccountsCount())
	for i := range world.AccountsCount() {
		from := world.AccountAt(reporter, (start+i)%world.AccountsCount())
		earned, err := queries.Earnings(ctx, &types.QueryEarningsRequest{Operator: from.AddressBech32})
		if err != nil {
			reporter.Skip(err.Error())
			return simsx.SimAccount{}
		}
		if !earned.Amount.Empty() {
			return from
		}
	}
	reporter.Skip("no account has earned anything")
	return simsx.SimAccount{}
}

// setPayout sends the earnings of an account elsewhere, has them delegated, or removes the rule.
func setPayout(validators stakingtypes.QueryServer) simsx.SimMsgFactoryFn[*types.MsgSetPayout] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgSetPayout) {
		from := world.AnyAccount(reporter)
		if reporter.IsSkipped() {
			return nil, nil
		}
		msg := &types.MsgSetPayout{Operator: from.AddressBech32}
		switch world.Rand().Intn(5) {
		case 0: // without a rule
		case 1:
			other := world.AnyAccount(reporter)
			msg.Address = other.AddressBech32
		default:
			msg.Validator = anyValidator(ctx, world, reporter, validators)
			if reporter.IsSkipped() {
				return nil, nil
			}
		}
		return []simsx.SimAccount{from}, msg
	}
}

// anyValidator returns the address of a validator, which may be jailed.
func anyValidator(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter, validators stakingtypes.QueryServer,
) string {
	found, err := validators.Validators(ctx, &stakingtypes.QueryValidatorsRequest{})
	if err != nil || len(found.Validators) == 0 {
		reporter.Skip("no validators")
		return ""
	}
	return found.Validators[world.Rand().Intn(len(found.Validators))].OperatorAddress
}

// claimAndDelegate delegates what an operator has earned.
func claimAndDelegate(
	queries types.QueryServer, validators stakingtypes.QueryServer,
) simsx.SimMsgFactoryFn[*types.MsgClaimAndDelegate] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgClaimAndDelegate) {
		from := earner(ctx, world, reporter, queries)
		if reporter.IsSkipped() {
			return nil, nil
		}
		validator := anyValidator(ctx, world, reporter, validators)
		return []simsx.SimAccount{from}, &types.MsgClaimAndDelegate{Operator: from.AddressBech32, Validator: validator}
	}
}

// claimAndBond adds what an operator has earned to the bond of its node.
func claimAndBond(queries types.QueryServer) simsx.SimMsgFactoryFn[*types.MsgClaimAndBond] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgClaimAndBond) {
		from := earner(ctx, world, reporter, queries)
		return []simsx.SimAccount{from}, &types.MsgClaimAndBond{Operator: from.AddressBech32}
	}
}

// updateParams changes how rewards are divided, how often shares are moved and what is minted. The gas price
// stays, because otherwise the fees of other operations would be too low.
func updateParams(queries types.QueryServer) simsx.SimMsgFactoryFn[*types.MsgUpdateParams] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgUpdateParams) {
		found, err := queries.Params(ctx, &types.QueryParamsRequest{})
		if err != nil {
			reporter.Skip(err.Error())
			return nil, nil
		}
		r, params := world.Rand(), found.Params
		params.FoldBlocks = 1 + uint64(r.Intn(40)) //nolint:gosec // at most 40
		moved := r.Uint32InRange(0, 300)
		params.FeeSplit = types.FeeSplit{
			ExecutorBps: 8800 - moved, BurnBps: 500 + moved, StakersBps: 500, CommunityBps: 200,
		}
		params.Emission.Yearly = params.Emission.MaxSupply.QuoRaw(int64(1 + r.Intn(1_000)))
		params.HistoryEpochs = 1 + uint64(r.Intn(20)) //nolint:gosec // at most 20
		return nil, &types.MsgUpdateParams{Authority: world.ModuleAccountAddress(reporter, "gov"), Params: params}
	}
}
