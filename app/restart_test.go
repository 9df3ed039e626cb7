package app_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// A chain that restarts from an export to height zero continues with its nodes: they are
// live, their unbonding bonds return in time, and they work.
func TestNodesAndEndedJobsStartAnewAtHeightZero(t *testing.T) {
	network, old := openMarket(t)
	me := network.Requester
	old.MustDeliver(me, postJob(me.String()))
	_, err := old.App.ExportAppStateAndValidators(true, nil, nil)
	require.ErrorContains(t, err, "1 jobs are under way")
	finish(t, network, old, me.String())
	old.MustDeliver(network.Nodes[0].Operator, &edgenodetypes.MsgUnbond{
		Operator: network.Nodes[0].Operator.String(), Amount: params.TfuelCoin(3),
	})
	unbonded := old.Height()
	again := &computetypes.MsgRedeliver{Requester: me.String(), JobId: jobsOf(t, old, me.String())[0].Id}
	old.MustDeliver(me, again)
	old.Blocks(5)

	exported, err := old.App.ExportAppStateAndValidators(true, nil, nil)
	require.NoError(t, err)
	var state map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(exported.AppState, &state))
	anew := apptest.New(t, append(network.Options(), apptest.WithGenesis(
		func(_ codec.Codec, genesis map[string]json.RawMessage) {
			for module := range genesis {
				genesis[module] = state[module]
			}
		}))...)
	edge.RequireInvariants(t, anew)

	rules := edgenodetypes.DefaultParams()
	for _, node := range network.Nodes {
		found, err := anew.App.EdgenodeKeeper.Node(anew.Ctx(), node.Operator.Address)
		require.NoError(t, err)
		require.True(t, found.State.Live(anew.Height()))
		require.Equal(t, int64(rules.LeaseBlocks), found.State.LeaseEnd)
	}
	genesis, err := anew.App.EdgenodeKeeper.ExportGenesis(anew.Ctx())
	require.NoError(t, err)
	require.Len(t, genesis.Unbondings, 1)
	require.Equal(t, unbonded+int64(rules.UnbondingBlocks)-old.Height(), genesis.Unbondings[0].CompletionHeight)

	jobs := jobsOf(t, anew, me.String())
	require.Len(t, jobs, 1)
	require.Equal(t, computetypes.JOB_STATUS_COMPLETED, jobs[0].Status)
	require.Equal(t, int64(1), jobs[0].ClosedHeight, "kept for as long as one that ends now")
	require.Equal(t, int64(1), jobs[0].Redelivery.Height, "asked for in a block of this chain, as nodes that read by height see it")
	anew.Blocks(computetypes.RedeliveryPause)
	anew.MustDeliver(me, again)
	anew.MustDeliver(me, postJob(me.String()))
	finish(t, network, anew, me.String())
	require.Len(t, jobsOf(t, anew, me.String()), 2)
}
