package simulation

import (
	"context"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"

	"github.com/thetaedge/theta/x/compute/types"
)

// updateCarbonFactors changes the carbon factors of regions, among them parts of countries and
// regions without nodes.
func (o operations) updateCarbonFactors(
	_ context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgUpdateCarbonFactors) {
	r := world.Rand()
	msg := &types.MsgUpdateCarbonFactors{Authority: world.ModuleAccountAddress(reporter, "gov")}
	for _, region := range []string{"de", "us", "us-west", "fr", "jp"} {
		if r.Intn(4) > 0 {
			msg.Factors = append(msg.Factors, types.CarbonFactor{
				Region: region, GramsPerKwh: r.Uint32InRange(0, 1_000), Year: r.Uint32InRange(2_020, 2_026), Source: "simulated",
			})
		}
	}
	return nil, msg
}
