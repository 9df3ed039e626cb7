package simulation

import (
	"context"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"

	"github.com/thetaedge/theta/x/compute/types"
)

// CarbonFactors returns factors of some regions of simulated nodes, among them parts of countries,
// and of regions without nodes.
func CarbonFactors(r random) []types.CarbonFactor {
	var factors []types.CarbonFactor
	for _, region := range []string{"de", "us", "us-west", "fr", "jp"} {
		if r.Intn(4) > 0 {
			factors = append(factors, types.CarbonFactor{
				Region: region, GramsPerKwh: uint32(r.Intn(1_001)), Year: uint32(2_020 + r.Intn(7)), Source: "simulated",
			})
		}
	}
	return factors
}

// updateCarbonFactors changes the carbon factors of regions.
func (o operations) updateCarbonFactors(
	_ context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgUpdateCarbonFactors) {
	return nil, &types.MsgUpdateCarbonFactors{
		Authority: world.ModuleAccountAddress(reporter, "gov"), Factors: CarbonFactors(world.Rand()),
	}
}
