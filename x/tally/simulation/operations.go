// Package simulation draws messages of x/tally for a simulated chain.
package simulation

import (
	"context"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/tally/types"
)

// FactorSource draws carbon factors.
type FactorSource func(r *simsx.XRand) []computetypes.CarbonFactor

// Register adds the messages of accounts. deposit is what a proposal needs.
func Register(reg simsx.Registry, weights simsx.WeightSource, queries types.QueryServer, deposit sdk.Coin, factors FactorSource) {
	reg.Add(weights.Get("tally_submit_optimistic", 6), submitOptimistic(queries, deposit, factors))
}

// RegisterProposals adds the messages of governance.
func RegisterProposals(reg simsx.Registry, weights simsx.WeightSource, queries types.QueryServer) {
	reg.Add(weights.Get("tally_update_params", 100), updateParams(queries))
}

// submitOptimistic makes an optimistic proposal of one of the accounts that may.
func submitOptimistic(queries types.QueryServer, deposit sdk.Coin, factors FactorSource) simsx.SimMsgFactoryFn[*types.MsgSubmitOptimistic] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgSubmitOptimistic) {
		found, err := queries.Params(ctx, &types.QueryParamsRequest{})
		if err != nil || len(found.Params.OptimisticProposers) == 0 {
			reporter.Skip("no account may make optimistic proposals")
			return nil, nil
		}
		r := world.Rand()
		from := world.GetAccount(reporter, found.Params.OptimisticProposers[r.Intn(len(found.Params.OptimisticProposers))])
		if reporter.IsSkipped() || !from.LiquidBalance().BlockAmount(deposit) {
			reporter.Skip("the proposer has too little")
			return nil, nil
		}
		message, err := codectypes.NewAnyWithValue(&computetypes.MsgUpdateCarbonFactors{
			Authority: world.ModuleAccountAddress(reporter, "gov"), Factors: factors(r),
		})
		if err != nil {
			reporter.Skip(err.Error())
			return nil, nil
		}
		return []simsx.SimAccount{from}, &types.MsgSubmitOptimistic{
			Proposer: from.AddressBech32, Messages: []*codectypes.Any{message}, InitialDeposit: sdk.NewCoins(deposit),
			Title: "Carbon factors", Summary: "drawn at random",
		}
	}
}

// updateParams changes who may make optimistic proposals, and how many objections reject one.
func updateParams(queries types.QueryServer) simsx.SimMsgFactoryFn[*types.MsgUpdateParams] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgUpdateParams) {
		found, err := queries.Params(ctx, &types.QueryParamsRequest{})
		one, other := world.AnyAccount(reporter), world.AnyAccount(reporter)
		if err != nil || reporter.IsSkipped() || one.AddressBech32 == other.AddressBech32 {
			reporter.Skip("no two accounts")
			return nil, nil
		}
		params := found.Params
		params.OptimisticProposers = []string{one.AddressBech32, other.AddressBech32}
		params.ObjectionBps = world.Rand().Uint32InRange(1, types.MaxObjectionBps)
		return nil, &types.MsgUpdateParams{Authority: world.ModuleAccountAddress(reporter, "gov"), Params: params}
	}
}
