package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/feemarket/types"
)

type queryServer struct{ keeper *Keeper }

var _ types.QueryServer = queryServer{}

// NewQueryServer returns the Query service of the module.
func NewQueryServer(keeper *Keeper) types.QueryServer { return queryServer{keeper: keeper} }

// Params returns the parameters.
func (s queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	params, err := s.keeper.Params(ctx)
	if err != nil {
		return nil, err
	}
	return &types.QueryParamsResponse{Params: params}, nil
}

// BaseFee returns the price of a unit of gas in the next block.
func (s queryServer) BaseFee(ctx context.Context, _ *types.QueryBaseFeeRequest) (*types.QueryBaseFeeResponse, error) {
	base, floor, err := s.keeper.Prices(ctx)
	if err != nil {
		return nil, err
	}
	denom, err := s.keeper.floor.FeeDenom(ctx)
	if err != nil {
		return nil, err
	}
	return &types.QueryBaseFeeResponse{
		BaseFee: sdk.Coin{Denom: denom, Amount: base}, Floor: sdk.Coin{Denom: denom, Amount: floor},
	}, nil
}
