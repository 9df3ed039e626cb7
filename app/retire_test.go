package app_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// shortUnbonding sets the number of blocks after which bonds return.
func shortUnbonding(blocks uint64) apptest.Option {
	return apptest.WithGenesis(func(cdc codec.Codec, genesis map[string]json.RawMessage) {
		var state edgenodetypes.GenesisState
		cdc.MustUnmarshalJSON(genesis[edgenodetypes.ModuleName], &state)
		state.Params.UnbondingBlocks = blocks
		genesis[edgenodetypes.ModuleName] = cdc.MustMarshalJSON(&state)
	})
}

// holder returns a node that is assigned work and has not committed yet.
func holder(t *testing.T, network *edge.Network, chain *apptest.Chain) edge.Node {
	t.Helper()
	queries := computekeeper.NewQueryServer(chain.App.ComputeKeeper)
	for range 30 {
		for _, node := range network.Nodes {
			held, err := queries.Assignments(chain.Ctx(), &computetypes.QueryAssignmentsRequest{Operator: node.Operator.String()})
			require.NoError(t, err)
			if len(held.Items) > 0 && held.Items[0].Assignment.Status == computetypes.ASSIGNMENT_STATUS_ASSIGNED {
				return node
			}
		}
		chain.NextBlock(network.Act(chain)...)
	}
	require.Fail(t, "nobody was assigned anything")
	return edge.Node{}
}

// A node that retires while it holds work does not take on more, is paid for what it holds,
// and then gets its whole bond back.
func TestRetiringDrainsFirst(t *testing.T) {
	const unbondingBlocks = 20
	network, chain := marketOf(t, 6, shortUnbonding(unbondingBlocks))
	me := network.Requester
	chain.MustDeliver(me, postJob(me.String()))
	node := holder(t, network, chain)
	bond := network.Bond(chain, node)
	before := chain.Balance(node.Operator.Address, params.BaseDenom)
	chain.MustDeliver(node.Operator, &edgenodetypes.MsgRetire{Operator: node.Operator.String()})
	spent := before.Sub(chain.Balance(node.Operator.Address, params.BaseDenom))

	state := func() edgenodetypes.NodeState {
		found, err := chain.App.EdgenodeKeeper.Node(chain.Ctx(), node.Operator.Address)
		require.NoError(t, err)
		return found.State
	}
	require.Equal(t, edgenodetypes.NODE_STATUS_RETIRED, state().Status)
	require.Equal(t, uint32(1), state().UsedSlots)
	require.True(t, state().Bond.IsPositive())
	require.Equal(t, state().Locked, state().Bond, "what is free has left, what is locked stays")
	serves, err := chain.App.EdgenodeKeeper.OperatorOf(chain.Ctx(), node.Worker.Address)
	require.NoError(t, err)
	require.Equal(t, node.Operator.Address, serves, "its worker commits and reveals")

	chain.MustDeliver(me, postJob(me.String()))
	finish(t, network, chain, me.String())
	require.True(t, state().Closed(), "of two jobs it did the one that it held")
	require.Equal(t, edgenodetypes.FaultCounts{}, state().Faults)
	_, err = chain.App.EdgenodeKeeper.OperatorOf(chain.Ctx(), node.Worker.Address)
	require.ErrorIs(t, err, edgenodetypes.ErrUnknownWorker)
	earned, err := chain.App.RewardsKeeper.Earnings(chain.Ctx(), node.Operator.Address)
	require.NoError(t, err)
	reward := postJob(me.String()).Spec.Reward.Amount
	require.Equal(t, reward.MulRaw(88).QuoRaw(100), earned.AmountOf(params.BaseDenom), "paid once, like the others")

	chain.Blocks(unbondingBlocks + 1)
	require.Equal(t, before.Sub(spent).Add(bond), chain.Balance(node.Operator.Address, params.BaseDenom), "to the unit")
	require.Equal(t, math.ZeroInt(), state().Bond)
	edge.RequireInvariants(t, chain)
}
