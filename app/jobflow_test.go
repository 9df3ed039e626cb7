package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	"github.com/thetaedge/theta/testutil/twin"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// jobFlow returns eight honest nodes and two liars, registered in the first block, with jobs
// from the second epoch on.
func jobFlow(t *testing.T) (*edge.Network, twin.Script) {
	network := edge.New(t, 8, 2)
	return network, func(chain *apptest.Chain, i int) [][]byte {
		edge.RequireInvariants(t, chain)
		txs := network.Act(chain)
		switch {
		case i == 0:
			txs = append(txs, network.Register(chain)...)
		case i >= 12 && i < 20 && i%2 == 0:
			txs = append(txs, network.Post(chain, params.TfuelCoin(1)))
		}
		return txs
	}
}

// The same jobs, lies and slashes lead to the same state on a node that executes in parallel,
// on a node that was restarted in the middle, and on a node that checked the txs before.
func TestJobsGiveTheSameStateOnEveryNode(t *testing.T) {
	const blocks = 150
	network, script := jobFlow(t)
	chain := twin.Run(t, blocks, script, twin.Variants(t, blocks), network.Options()...)
	edge.RequireInvariants(t, chain)

	jobs := network.Jobs(chain)
	require.Len(t, jobs, 4)
	for _, job := range jobs {
		require.Equal(t, computetypes.JOB_STATUS_COMPLETED, job.Status, "job %s", job.Id)
	}
	slashed := 0
	for _, node := range network.Nodes {
		bond := network.Bond(chain, node)
		if node.Lies && bond.LT(params.Tfuel(edge.NodeBond)) {
			slashed++
			continue
		}
		require.Equal(t, params.Tfuel(edge.NodeBond), bond, "%s lost nothing", node.Operator)
	}
	require.Positive(t, slashed, "a liar was drawn and slashed")
}
