// Package simulation draws messages of x/rewards for a simulated chain.
package simulation

import (
	"context"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"

	"github.com/thetaedge/theta/x/rewards/types"
)

// Register adds the messages of accounts.
func Register(reg simsx.Registry, weights simsx.WeightSource, queries types.QueryServer) {
	reg.Add(weights.Get("rewards_claim", 8), claim(queries))
}

// RegisterProposals adds the messages of governance.
func RegisterProposals(reg simsx.Registry, weights simsx.WeightSource, queries types.QueryServer) {
	reg.Add(weights.Get("rewards_update_params", 100), updateParams(queries))
}

// claim claims an operator's earnings.
func claim(queries types.QueryServer) simsx.SimMsgFactoryFn[*types.MsgClaim] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgClaim) {
		start := world.Rand().Intn(world.AccountsCount())
		for i := range world.AccountsCount() {
			from := world.AccountAt(reporter, (start+i)%world.AccountsCount())
			earned, err := queries.Earnings(ctx, &types.QueryEarningsRequest{Operator: from.AddressBech32})
			if err != nil {
				reporter.Skip(err.Error())
				return nil, nil
			}
			if !earned.Amount.Empty() {
				return []simsx.SimAccount{from}, &types.MsgClaim{Operator: from.AddressBech32}
			}
		}
		reporter.Skip("nobody has earned anything")
		return nil, nil
	}
}

// updateParams changes how rewards are divided and how often shares are moved. The gas price
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
		return nil, &types.MsgUpdateParams{Authority: world.ModuleAccountAddress(reporter, "gov"), Params: params}
	}
}
