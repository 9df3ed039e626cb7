// Package simulation draws messages of x/feemarket for a simulated chain.
package simulation

import (
	"context"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"

	"github.com/thetaedge/theta/x/feemarket/types"
)

// RegisterProposals adds the messages of governance.
func RegisterProposals(reg simsx.Registry, weights simsx.WeightSource, queries types.QueryServer) {
	reg.Add(weights.Get("feemarket_update_params", 100), updateParams(queries))
}

// updateParams changes the lane and how fast the base fee changes. It keeps the target, so
// that the blocks of a simulation leave the base fee at the floor; otherwise the fees of
// other operations would be too low.
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
		params.LaneBps = r.Uint32InRange(0, 4_000)
		params.ClaimBps = r.Uint32InRange(0, 5_000)
		params.BeaconBps = r.Uint32InRange(0, 5_000)
		params.ChangeDenominator = r.Uint32InRange(2, 64)
		return nil, &types.MsgUpdateParams{Authority: world.ModuleAccountAddress(reporter, "gov"), Params: params}
	}
}
