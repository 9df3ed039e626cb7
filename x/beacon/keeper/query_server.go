package keeper

import (
	"context"
	stderrors "errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/beacon/types"
)

type queryServer struct {
	keeper *Keeper
}

var _ types.QueryServer = queryServer{}

// NewQueryServer returns the module's Query service.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{keeper: k} }

// Params returns the parameters and the current schedule.
func (s queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	params, err := s.keeper.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	schedule, err := s.keeper.currentSchedule(ctx)
	if err != nil {
		return nil, err
	}
	return &types.QueryParamsResponse{Params: params, Schedule: schedule}, nil
}

// Round returns a verified round.
func (s queryServer) Round(ctx context.Context, req *types.QueryRoundRequest) (*types.QueryRoundResponse, error) {
	if req == nil {
		return nil, status.Error(codes.InvalidArgument, "expected a round, found no request")
	}
	id := req.Schedule
	if id == 0 {
		current, err := s.keeper.current.Get(ctx)
		if err != nil {
			return nil, err
		}
		id = current
	}
	proof, err := s.keeper.proofs.Get(ctx, collections.Join(id, req.Round))
	if stderrors.Is(err, collections.ErrNotFound) {
		return nil, status.Errorf(codes.NotFound, "%s: round %d of schedule %d", types.ErrUnknownRound, req.Round, id)
	}
	if err != nil {
		return nil, err
	}
	return &types.QueryRoundResponse{Round: types.NewRound(id, req.Round, proof)}, nil
}

// Latest returns the highest verified round and the highest due one.
func (s queryServer) Latest(ctx context.Context, _ *types.QueryLatestRequest) (*types.QueryLatestResponse, error) {
	schedule, err := s.keeper.currentSchedule(ctx)
	if err != nil {
		return nil, err
	}
	res := &types.QueryLatestResponse{Due: schedule.DueAt(sdk.UnwrapSDKContext(ctx).BlockTime())}
	newest := collections.NewPrefixedPairRange[uint32, uint64](schedule.Id).Descending()
	err = s.keeper.proofs.Walk(ctx, newest, func(key collections.Pair[uint32, uint64], p types.Proof) (bool, error) {
		round := types.NewRound(key.K1(), key.K2(), p)
		res.Round = &round
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

// HeightRound returns the round that seeds a height.
func (s queryServer) HeightRound(ctx context.Context, req *types.QueryHeightRoundRequest) (*types.QueryHeightRoundResponse, error) {
	if req == nil {
		return nil, status.Error(codes.InvalidArgument, "expected a height, found no request")
	}
	w, found, err := s.keeper.wait(ctx, req.Height)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, status.Errorf(codes.NotFound, "%s: %d", types.ErrUnknownHeight, req.Height)
	}
	schedule, err := s.keeper.schedules.Get(ctx, w.pin.Schedule)
	if err != nil {
		return nil, err
	}
	res := &types.QueryHeightRoundResponse{
		Pin:  types.HeightPin{Height: req.Height, Schedule: w.pin.Schedule, Round: w.pin.Round},
		Time: schedule.TimeOf(w.pin.Round),
	}
	if w.known {
		round := types.NewRound(w.pin.Schedule, w.pin.Round, w.proof)
		res.Round = &round
	}
	return res, nil
}
