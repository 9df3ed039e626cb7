// Package simulation draws messages of x/edgenode for a simulated chain.
package simulation

import (
	"context"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/x/edgenode/types"
)

const (
	// maxNodes bounds the number of nodes of a simulated network, and therefore the time that
	// a simulation takes.
	maxNodes = 40
	// minNodes is the number of nodes that remain when operators retire.
	minNodes = 20
	// pageLimit is larger than the number of all nodes, including all that have retired.
	pageLimit = 500
)

// Register adds the messages that operators and workers send.
func Register(reg simsx.Registry, weights simsx.WeightSource, queries types.QueryServer) {
	o := operations{queries: queries}
	reg.Add(weights.Get("edgenode_register", 25), simsx.SimMsgFactoryFn[*types.MsgRegister](o.register))
	reg.Add(weights.Get("edgenode_update", 4), simsx.SimMsgFactoryFn[*types.MsgUpdate](o.update))
	reg.Add(weights.Get("edgenode_bond", 6), simsx.SimMsgFactoryFn[*types.MsgBond](o.bond))
	reg.Add(weights.Get("edgenode_unbond", 4), simsx.SimMsgFactoryFn[*types.MsgUnbond](o.unbond))
	reg.Add(weights.Get("edgenode_pause", 3), simsx.SimMsgFactoryFn[*types.MsgPause](o.pause))
	reg.Add(weights.Get("edgenode_resume", 8), simsx.SimMsgFactoryFn[*types.MsgResume](o.resume))
	reg.Add(weights.Get("edgenode_retire", 2), simsx.SimMsgFactoryFn[*types.MsgRetire](o.retire))
	reg.Add(weights.Get("edgenode_rotate_worker", 3), simsx.SimMsgFactoryFn[*types.MsgRotateWorker](o.rotateWorker))
	reg.Add(weights.Get("edgenode_renew_lease", 8), simsx.SimMsgFactoryFn[*types.MsgRenewLease](o.renewLease))
	reg.Add(weights.Get("edgenode_unjail", 12), simsx.SimMsgFactoryFn[*types.MsgUnjail](o.unjail))
}

// RegisterProposals adds the messages that governance decides.
func RegisterProposals(reg simsx.Registry, weights simsx.WeightSource, queries types.QueryServer) {
	o := operations{queries: queries}
	reg.Add(weights.Get("edgenode_update_params", 100), simsx.SimMsgFactoryFn[*types.MsgUpdateParams](o.updateParams))
}

// operations draws each message from the answers of the queries.
type operations struct{ queries types.QueryServer }

// nodes returns the nodes that match, in order of operator. It returns none after a skip.
func (o operations) nodes(
	ctx context.Context, reporter simsx.SimulationReporter, matches func(types.Node) bool,
) []types.Node {
	response, err := o.queries.Nodes(ctx, &types.QueryNodesRequest{Pagination: &query.PageRequest{Limit: pageLimit}})
	if err != nil {
		reporter.Skip(err.Error())
		return nil
	}
	var found []types.Node
	for _, node := range response.Nodes {
		if matches(node) {
			found = append(found, node)
		}
	}
	return found
}

// pick returns one of the nodes that match and the account of its operator.
func (o operations) pick(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	what string, matches func(types.Node) bool,
) (types.Node, []simsx.SimAccount) {
	nodes := o.nodes(ctx, reporter, matches)
	if len(nodes) == 0 {
		reporter.Skip("no node is " + what)
		return types.Node{Profile: types.NodeProfile{}, State: types.NodeState{}}, nil
	}
	node := nodes[world.Rand().Intn(len(nodes))]
	return node, []simsx.SimAccount{world.GetAccount(reporter, node.Profile.Operator)}
}

func standing(status types.NodeStatus) func(types.Node) bool {
	return func(n types.Node) bool { return n.State.Status == status }
}

func open(n types.Node) bool { return n.State.Status != types.NODE_STATUS_RETIRED }

// unused finds an account that does not serve a node and is not the operator's.
func (o operations) unused(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter, operator string,
) simsx.SimAccount {
	return world.AnyAccountN(50, reporter, simsx.ExcludeAddresses(operator), simsx.SimAccountFilterFn(
		func(a simsx.SimAccount) bool {
			_, err := o.queries.NodeByWorker(ctx, &types.QueryNodeByWorkerRequest{Worker: a.AddressBech32})
			return err != nil
		}))
}

// params returns the parameters. After a skip, the caller must not draw anything.
func (o operations) params(ctx context.Context, reporter simsx.SimulationReporter) types.Params {
	found, err := o.queries.Params(ctx, &types.QueryParamsRequest{})
	if err != nil {
		reporter.Skip(err.Error())
		return types.Params{}
	}
	return found.Params
}

// tokens returns a number of whole coins, of 10^18 units each.
func tokens(denom string, whole int) sdk.Coin {
	return sdk.NewCoin(denom, math.NewInt(int64(whole)).Mul(math.NewIntWithDecimal(1, 18)))
}
