package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// holding returns the number of the first node of a network that holds an assignment with a status in a phase of
// its round.
func holding(t *testing.T, chain *apptest.Chain, network *edge.Network, status computetypes.AssignmentStatus, phase computetypes.RoundPhase) (int, bool) {
	t.Helper()
	for i, node := range network.Nodes {
		held, err := computekeeper.NewQueryServer(chain.App.ComputeKeeper).Assignments(chain.Ctx(),
			&computetypes.QueryAssignmentsRequest{Operator: node.Operator.String()})
		require.NoError(t, err)
		for _, item := range held.Items {
			if item.Assignment.Status == status && item.Phase == phase {
				return i, true
			}
		}
	}
	return 0, false
}

// TestAWorkerKeyThatIsRotatedInTheMiddleOfATaskCostsNoBond: a commitment is that of the operator, so that the
// new key reveals what the old one has committed to, and commits to what the old one has claimed.
func TestAWorkerKeyThatIsRotatedInTheMiddleOfATaskCostsNoBond(t *testing.T) {
	for name, c := range map[string]struct {
		status computetypes.AssignmentStatus
		phase  computetypes.RoundPhase
	}{
		"assigned":  {computetypes.ASSIGNMENT_STATUS_ASSIGNED, computetypes.ROUND_PHASE_COMMIT},
		"committed": {computetypes.ASSIGNMENT_STATUS_COMMITTED, computetypes.ROUND_PHASE_REVEAL},
	} {
		t.Run(name, func(t *testing.T) {
			network := edge.New(t, 5, 0)
			chain := apptest.New(t, network.Options()...)
			rotated := false
			var job computetypes.Job
			for i := range 120 {
				if at, is := holding(t, chain, network, c.status, c.phase); is && !rotated {
					rotated = true
					rotate(t, chain, network, at)
					continue
				}
				txs := network.Act(chain)
				switch i {
				case 0:
					txs = append(txs, network.Register(chain)...)
				case 14:
					txs = append(txs, network.Post(chain, params.TfuelCoin(1)))
				}
				chain.NextBlock(txs...)
				edge.RequireInvariants(t, chain)
				if jobs := network.Jobs(chain); len(jobs) > 0 {
					job = jobs[0]
				}
			}
			require.True(t, rotated)
			require.Equal(t, computetypes.JOB_STATUS_COMPLETED, job.Status)
			for _, node := range network.Nodes {
				require.Equal(t, params.Tfuel(edge.NodeBond), network.Bond(chain, node), "nobody loses bond")
			}
		})
	}
}

// rotate replaces the worker key of a node, and requires that the old key can do nothing for it any more.
func rotate(t *testing.T, chain *apptest.Chain, network *edge.Network, at int) {
	t.Helper()
	node := &network.Nodes[at]
	old := node.Worker
	pending := network.Act(chain)
	require.NotEmpty(t, pending)
	node.Worker = apptest.NewAccount("worker after the rotation")
	chain.NextBlock(chain.Sign(node.Operator, []sdk.Msg{
		banktypes.NewMsgSend(node.Operator.Address, node.Worker.Address, sdk.NewCoins(params.TfuelCoin(10))),
		&edgenodetypes.MsgRotateWorker{Operator: node.Operator.String(), Worker: node.Worker.String()},
	}))
	item := node.Reveals(computetypes.ChunkRef{JobId: network.Jobs(chain)[0].Id})
	refused := chain.NextBlock(chain.Sign(old, []sdk.Msg{&computetypes.MsgReveal{Worker: old.String(), Items: []computetypes.RevealItem{item}}}))
	last := refused.TxResults[len(refused.TxResults)-1]
	require.NotZero(t, last.Code)
	require.Contains(t, last.Log, edgenodetypes.ErrUnknownWorker.Error())
}
