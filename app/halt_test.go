package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/testutil/edge"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Deadlines are heights: if the chain stands still for half a day, a job in any state
// completes, and no account loses anything.
func TestNobodyIsSlashedForAHalt(t *testing.T) {
	for _, blocks := range []int{0, 3, 6, 9} {
		network, chain := openMarket(t)
		bonds := make([]math.Int, len(network.Nodes))
		for i, node := range network.Nodes {
			bonds[i] = network.Bond(chain, node)
		}
		chain.MustDeliver(network.Requester, postJob(network.Requester.String()))
		for range blocks {
			chain.NextBlock(network.Act(chain)...)
		}
		epoch, err := chain.App.EdgenodeKeeper.Epoch(chain.Ctx())
		require.NoError(t, err)

		chain.Skip(12 * time.Hour)
		finish(t, network, chain, network.Requester.String())
		for range 30 {
			chain.NextBlock(network.Act(chain)...)
		}
		for i, node := range network.Nodes {
			found, err := chain.App.EdgenodeKeeper.Node(chain.Ctx(), node.Operator.Address)
			require.NoError(t, err)
			require.Equal(t, edgenodetypes.NODE_STATUS_ACTIVE, found.State.Status)
			require.Equal(t, edgenodetypes.FaultCounts{}, found.State.Faults)
			require.Equal(t, bonds[i], found.State.Bond)
			require.True(t, found.State.Locked.IsZero())
		}
		after, err := chain.App.EdgenodeKeeper.Epoch(chain.Ctx())
		require.NoError(t, err)
		require.LessOrEqual(t, after, epoch+2, "of thousands of epochs that the halt skipped")
		edge.RequireInvariants(t, chain)
	}
}

// A halt must not make a chain lose the seeds that x/beacon keeps by height.
func TestSeedsAreKeptForLongerThanTasksWaitForThem(t *testing.T) {
	require.GreaterOrEqual(t, beacontypes.DefaultParams().RetentionBlocks, 2*computetypes.DefaultParams().SeedTimeoutBlocks)
}
