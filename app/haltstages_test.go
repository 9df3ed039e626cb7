package app_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// stages returns the sorted stages of the tasks of a requester's jobs.
func stages(t *testing.T, chain *apptest.Chain, requester string) []string {
	t.Helper()
	found := map[string]bool{}
	queries := computekeeper.NewQueryServer(chain.App.ComputeKeeper)
	for _, job := range jobsOf(t, chain, requester) {
		for task := range job.TasksOpened {
			response, err := queries.Chunk(chain.Ctx(), &computetypes.QueryChunkRequest{JobId: job.Id, Task: task})
			if err != nil {
				continue // the task has ended
			}
			rounds := response.Chunk.Rounds
			round := rounds[len(rounds)-1]
			found["drawing"] = found["drawing"] || round.Draw != nil
			found["escalated"] = found["escalated"] || len(rounds) > 1
			switch round.Phase {
			case computetypes.ROUND_PHASE_AUDIT:
				found["audit"] = true
			case computetypes.ROUND_PHASE_REVEAL:
				found["revealing"] = true
			case computetypes.ROUND_PHASE_REVIEW:
				found["reviewing"] = true
			case computetypes.ROUND_PHASE_COMMIT:
				for _, a := range round.Replicas {
					found["assigned"] = found["assigned"] || a.Status == computetypes.ASSIGNMENT_STATUS_ASSIGNED
					found["committed"] = found["committed"] || a.Status == computetypes.ASSIGNMENT_STATUS_COMMITTED
				}
			default:
				require.Fail(t, "a task that has not ended is past its rounds", round.Phase.String())
			}
		}
	}
	maps.DeleteFunc(found, func(_ string, there bool) bool { return !there })
	return slices.Sorted(maps.Keys(found))
}

// variedJob returns a job under the i-th policy, or an array.
func variedJob(requester string, i int) *computetypes.MsgPostJob {
	msg := postJob(requester)
	switch i % 4 {
	case 0:
		msg.Spec.Policy = computetypes.Policy{
			Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: computetypes.BasisPoints, Auditors: 2,
		}
	case 1:
		msg.Spec.Policy = computetypes.Policy{Kind: computetypes.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 30}
	case 2:
		msg.Spec.Tasks = 4
	}
	return msg
}

// A chain that stood still for half a day while tasks were at every stage settles them all.
// Honest nodes are not at fault for the halt, and lying nodes are still slashed.
func TestNobodyIsSlashedForAHaltAtAnyStage(t *testing.T) {
	network := edge.New(t, 16, 3)
	chain := apptest.New(t, network.Options()...)
	chain.NextBlock(network.Register(chain)...)
	for range 12 { // up to the epoch in which the nodes count
		chain.NextBlock(network.Act(chain)...)
	}
	// Half of the nodes act in each block, so that rounds are half done between two blocks.
	halves := [2]edge.Network{*network, *network}
	halves[0].Nodes, halves[1].Nodes = network.Nodes[:9], network.Nodes[9:]

	me := network.Requester
	every := []string{"assigned", "audit", "committed", "drawing", "escalated", "revealing", "reviewing"}
	for i := 0; !slices.Equal(every, stages(t, chain, me.String())); i++ {
		require.Less(t, i, 100, "blocks without every stage at once, the last: %v", stages(t, chain, me.String()))
		txs := halves[i%2].Act(chain)
		chain.NextBlock(append(txs, chain.Sign(me, []sdk.Msg{variedJob(me.String(), i)}))...)
	}

	chain.Skip(12 * time.Hour)
	for i := 0; !allEnded(jobsOf(t, chain, me.String())); i++ {
		require.Less(t, i, 300, "blocks after the halt")
		chain.NextBlock(network.Act(chain)...)
	}
	edge.RequireInvariants(t, chain)
	for _, job := range jobsOf(t, chain, me.String()) {
		require.Equal(t, computetypes.JOB_STATUS_COMPLETED, job.Status, "job %s", job.Id)
	}
	lies := uint64(0)
	for _, node := range network.Nodes {
		found, err := chain.App.EdgenodeKeeper.Node(chain.Ctx(), node.Operator.Address)
		require.NoError(t, err)
		faults := found.State.Faults
		lies += faults.Wrong
		require.Zero(t, faults.Missed+faults.Silent, "%s was there", node.Operator)
		require.True(t, found.State.Locked.IsZero(), "%s has %s locked", node.Operator, found.State.Locked)
		if !node.Lies {
			require.Zero(t, faults.Wrong, "%s is honest", node.Operator)
			require.Equal(t, params.Tfuel(edge.NodeBond), found.State.Bond, "%s lost nothing", node.Operator)
			require.Equal(t, edgenodetypes.NODE_STATUS_ACTIVE, found.State.Status)
		}
	}
	require.Positive(t, lies, "the escalations found a liar")
}

func allEnded(jobs []computetypes.Job) bool {
	return !slices.ContainsFunc(jobs, func(job computetypes.Job) bool { return !job.Ended() })
}
