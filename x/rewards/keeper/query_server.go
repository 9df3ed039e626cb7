package keeper

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/thetaedge/theta/x/internal/coins"
	"github.com/thetaedge/theta/x/rewards/types"
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

// Earnings returns the amounts that an operator may claim.
func (s queryServer) Earnings(ctx context.Context, req *types.QueryEarningsRequest) (*types.QueryEarningsResponse, error) {
	operator, err := s.keeper.parse("operator", req.GetOperator())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	coins, err := s.keeper.Earnings(ctx, operator)
	if err != nil {
		return nil, err
	}
	return &types.QueryEarningsResponse{Amount: coins}, nil
}

// Payout returns where an operator's earnings go, and what they have paid so far.
func (s queryServer) Payout(ctx context.Context, req *types.QueryPayoutRequest) (*types.QueryPayoutResponse, error) {
	operator, err := s.keeper.parse("operator", req.GetOperator())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	rule, err := s.keeper.Payout(ctx, operator)
	if err != nil {
		return nil, err
	}
	paid, err := s.keeper.Paid(ctx, operator)
	if err != nil {
		return nil, err
	}
	if rule.Address == "" {
		if rule.Address, err = s.keeper.addresses.BytesToString(operator); err != nil {
			return nil, err
		}
	}
	return &types.QueryPayoutResponse{Address: rule.Address, Validator: rule.Validator, Paid: paid}, nil
}

// Split shows how a reward would be divided.
func (s queryServer) Split(ctx context.Context, req *types.QuerySplitRequest) (*types.QuerySplitResponse, error) {
	gross, err := coins.Parse(req.GetAmount())
	if err == nil {
		err = types.CheckCoin(gross)
	}
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "expected a coin as in 1000000atfuel, found %q: %s", req.GetAmount(), err)
	}
	params, err := s.keeper.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	shares := params.Split(gross)
	return &types.QuerySplitResponse{
		Executor: shares.Executor, Burn: shares.Burn, Stakers: shares.Stakers, Community: shares.Community,
	}, nil
}
