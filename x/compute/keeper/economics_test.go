package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// The task of docs/economics.md that fails: three nodes at 10 find three results, and two other
// nodes are too few for a jury of seven. A unit of the page is a million here.
func TestTheTaskThatFailsOnThePageOfTheEconomy(t *testing.T) {
	const unit = 1_000_000
	f := newFixture(t)
	f.setParams(func(p *types.Params) {
		defaults := types.DefaultParams()
		p.Escalation, p.AuditFloorBps, p.SpareNodes = defaults.Escalation, defaults.AuditFloorBps, defaults.SpareNodes
	})
	f.publicNetwork(5)
	f.fund(requester(0), coin(100*unit))
	id := f.post(0, spec(coin(10*unit), 3))
	require.EqualValues(t, 45*unit, f.job(id).Reserved.Int64())
	job := f.play(f.players(slices.Repeat([]behaviour{liar}, 5)...), id, 200)
	require.Equal(t, types.JOB_STATUS_FAILED, job.Status)
	require.EqualValues(t, 42*unit, job.Refunded.Int64())
	earned := int64(0)
	for n := range 5 {
		earned += f.earned(n).AmountOf(denom).Int64()
	}
	require.EqualValues(t, 2_640_000, earned, "88% of three attempt fees of a tenth of the reward")
}
