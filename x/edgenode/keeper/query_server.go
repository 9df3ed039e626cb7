package keeper

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/x/edgenode/types"
)

type queryServer struct{ keeper *Keeper }

var _ types.QueryServer = queryServer{}

// NewQueryServer returns the Query service of the module.
func NewQueryServer(keeper *Keeper) types.QueryServer { return queryServer{keeper: keeper} }

// Params returns the parameters.
func (s queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	params, err := s.keeper.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	return &types.QueryParamsResponse{Params: params}, nil
}

// Node returns one node by operator.
func (s queryServer) Node(ctx context.Context, req *types.QueryNodeRequest) (*types.QueryNodeResponse, error) {
	operator, err := s.address("operator", req.GetOperator())
	if err != nil {
		return nil, err
	}
	node, err := s.keeper.Node(ctx, operator)
	if err != nil {
		return nil, asStatus(err)
	}
	left, err := s.yieldsLeft(ctx, node.State)
	if err != nil {
		return nil, err
	}
	return &types.QueryNodeResponse{Node: node, YieldsLeft: left}, nil
}

// NodeByWorker returns the node that a worker key serves.
func (s queryServer) NodeByWorker(ctx context.Context, req *types.QueryNodeByWorkerRequest) (*types.QueryNodeByWorkerResponse, error) {
	worker, err := s.address("worker", req.GetWorker())
	if err != nil {
		return nil, err
	}
	operator, err := s.keeper.OperatorOf(ctx, worker)
	if err != nil {
		return nil, asStatus(err)
	}
	node, err := s.keeper.Node(ctx, operator)
	if err != nil {
		return nil, asStatus(err)
	}
	left, err := s.yieldsLeft(ctx, node.State)
	if err != nil {
		return nil, err
	}
	return &types.QueryNodeByWorkerResponse{Node: node, YieldsLeft: left}, nil
}

func (s queryServer) yieldsLeft(ctx context.Context, state types.NodeState) (uint32, error) {
	params, err := s.keeper.params.Get(ctx)
	if err != nil {
		return 0, err
	}
	return state.YieldsLeft(params, height(ctx)), nil
}

// maxNodesPage bounds a page of nodes, because queries cost no gas.
const maxNodesPage = 1_000

// Nodes lists nodes by operator.
func (s queryServer) Nodes(ctx context.Context, req *types.QueryNodesRequest) (*types.QueryNodesResponse, error) {
	if page := req.GetPagination(); page != nil && page.Limit > maxNodesPage {
		return nil, status.Errorf(codes.InvalidArgument, "expected pages of at most %d nodes, found %d", maxNodesPage, page.Limit)
	}
	nodes, page, err := query.CollectionPaginate(ctx, s.keeper.states, req.GetPagination(),
		func(operator sdk.AccAddress, state types.NodeState) (types.Node, error) {
			profile, err := s.keeper.profiles.Get(ctx, operator)
			return types.Node{Profile: profile, State: state}, err
		})
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &types.QueryNodesResponse{Nodes: nodes, Pagination: page}, nil
}

// Class returns a class's minimum and its snapshots.
func (s queryServer) Class(ctx context.Context, req *types.QueryClassRequest) (*types.QueryClassResponse, error) {
	class, err := s.keeper.Class(ctx, req.GetClass())
	if err != nil {
		return nil, asStatus(err)
	}
	epoch, err := s.keeper.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	snapshot, err := s.keeper.ClassSnapshot(ctx, class.Id, epoch)
	if err != nil {
		return nil, err
	}
	upcoming, err := s.keeper.upcoming(ctx, class.Id)
	if err != nil {
		return nil, err
	}
	return &types.QueryClassResponse{Class: class, Epoch: epoch, Snapshot: snapshot, Upcoming: upcoming}, nil
}

// Unbondings lists the amounts of bond that are returning to an operator.
func (s queryServer) Unbondings(ctx context.Context, req *types.QueryUnbondingsRequest) (*types.QueryUnbondingsResponse, error) {
	operator, err := s.address("operator", req.GetOperator())
	if err != nil {
		return nil, err
	}
	unbondings, page, err := query.CollectionPaginate(ctx, s.keeper.unbondings, req.GetPagination(),
		func(key collections.Pair[sdk.AccAddress, int64], amount math.Int) (types.Unbonding, error) {
			return types.Unbonding{Operator: req.GetOperator(), CompletionHeight: key.K2(), Amount: amount}, nil
		},
		query.WithCollectionPaginationPairPrefix[sdk.AccAddress, int64](operator))
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &types.QueryUnbondingsResponse{Unbondings: unbondings, Pagination: page}, nil
}

// Invariants checks the module's accounts, on networks that are small enough to walk.
func (s queryServer) Invariants(ctx context.Context, _ *types.QueryInvariantsRequest) (*types.QueryInvariantsResponse, error) {
	if err := s.keeper.checkWalkable(ctx, types.MaxNodesForInvariants); err != nil {
		return nil, asStatus(err)
	}
	response := &types.QueryInvariantsResponse{}
	for _, found := range s.keeper.CheckInvariants(ctx) {
		result := types.InvariantResult{Name: found.Name, Ok: found.Err == nil}
		if found.Err != nil {
			result.Detail = found.Err.Error()
		}
		response.Results = append(response.Results, result)
	}
	return response, nil
}

func (s queryServer) address(what, text string) (sdk.AccAddress, error) {
	addr, err := s.keeper.parse(what, text)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return addr, nil
}

// asStatus gives an error that clients act on its gRPC code.
func asStatus(err error) error {
	switch {
	case errors.Is(err, types.ErrNodeNotFound), errors.Is(err, types.ErrUnknownWorker), errors.Is(err, types.ErrUnknownClass):
		return status.Error(codes.NotFound, err.Error())
	case errors.Is(err, types.ErrTooManyNodes):
		return status.Error(codes.ResourceExhausted, err.Error())
	default:
		return err
	}
}
