package keeper

import (
	"context"
	"errors"
	"math"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	computetypes "github.com/thetaedge/theta/x/compute/types"
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
	matured, err := s.keeper.matured(ctx, operator)
	if err != nil {
		return nil, err
	}
	return &types.QueryEarningsResponse{Amount: coins.Add(matured...)}, nil
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

// SupplyLedger returns what was minted and burned so far, and the supply.
func (s queryServer) SupplyLedger(ctx context.Context, _ *types.QuerySupplyLedgerRequest) (*types.QuerySupplyLedgerResponse, error) {
	return s.keeper.supplyLedger(ctx)
}

// Emission returns what the chain mints for stakers.
func (s queryServer) Emission(ctx context.Context, _ *types.QueryEmissionRequest) (*types.QueryEmissionResponse, error) {
	return s.keeper.emissionInForce(ctx)
}

// EpochSummary returns what was minted, burned and paid in an epoch.
func (s queryServer) EpochSummary(ctx context.Context, req *types.QueryEpochSummaryRequest) (*types.QueryEpochSummaryResponse, error) {
	summary, err := s.keeper.EpochSummary(ctx, req.GetEpoch())
	if errors.Is(err, types.ErrEpochNotKept) {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	if err != nil {
		return nil, err
	}
	return &types.QueryEpochSummaryResponse{Summary: summary}, nil
}

// EpochSummaries returns a page of summaries.
func (s queryServer) EpochSummaries(ctx context.Context, req *types.QueryEpochSummariesRequest) (*types.QueryEpochSummariesResponse, error) {
	summaries, page, err := query.CollectionPaginate(ctx, s.keeper.summaries, req.GetPagination(),
		func(_ int64, summary types.EpochSummary) (types.EpochSummary, error) { return summary, nil })
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &types.QueryEpochSummariesResponse{Summaries: summaries, Pagination: page}, nil
}

// Earned lists what an operator was credited with by epoch, the newest epoch first.
func (s queryServer) Earned(ctx context.Context, req *types.QueryEarnedRequest) (*types.QueryEarnedResponse, error) {
	operator, err := s.keeper.parse("operator", req.GetOperator())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	before, epochs := req.GetBefore(), req.GetEpochs()
	if before < 0 || epochs > types.MaxEarnedEpochs {
		return nil, status.Errorf(codes.InvalidArgument, "expected before from 0 on and at most %d epochs, found %d and %d", types.MaxEarnedEpochs, before, epochs)
	}
	if before == 0 {
		before = math.MaxInt64
	}
	if epochs == 0 {
		epochs = types.DefaultEarnedEpochs
	}
	open, err := s.keeper.openEpoch(ctx)
	if err != nil {
		return nil, err
	}
	earned, next, err := s.keeper.EarnedIn(ctx, operator, before, epochs)
	return &types.QueryEarnedResponse{Earned: earned, Before: next, Open: open.Epoch}, err
}

// Credits lists the chunks that an operator's earnings of an epoch came from.
func (s queryServer) Credits(ctx context.Context, req *types.QueryCreditsRequest) (*types.QueryCreditsResponse, error) {
	operator, err := s.keeper.parse("operator", req.GetOperator())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if page := req.GetPagination(); page.GetLimit() > types.MaxCreditsPage {
		return nil, status.Errorf(codes.InvalidArgument, "expected a page of at most %d entries, found %d", types.MaxCreditsPage, page.GetLimit())
	}
	prefix := collections.QuadSuperPrefix[int64, sdk.AccAddress, computetypes.JobID, uint64](req.GetEpoch(), operator)
	credits, page, err := query.CollectionPaginate(ctx, s.keeper.credits, req.GetPagination(), s.keeper.creditOf,
		func(o *query.CollectionsPaginateOptions[creditKey]) { o.Prefix = &prefix })
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &types.QueryCreditsResponse{Credits: credits, Pagination: page}, nil
}

// Grant returns a grant and what jobs may still encumber of it.
func (s queryServer) Grant(ctx context.Context, req *types.QueryGrantRequest) (*types.QueryGrantResponse, error) {
	grant, err := s.keeper.Grant(ctx, req.GetId())
	if errors.Is(err, types.ErrGrantNotFound) {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	if err != nil {
		return nil, err
	}
	epoch, err := s.keeper.others.Nodes.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	unminted, err := s.keeper.unmintedTotal(ctx, grant.Id)
	return &types.QueryGrantResponse{Grant: grant, Epoch: epoch, Available: grant.Available(epoch), Unminted: unminted}, err
}

// Grants returns all grants, page by page.
func (s queryServer) Grants(ctx context.Context, req *types.QueryGrantsRequest) (*types.QueryGrantsResponse, error) {
	grants, page, err := query.CollectionPaginate(ctx, s.keeper.grants, req.GetPagination(),
		func(_ uint64, grant types.Grant) (types.Grant, error) { return grant, nil })
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &types.QueryGrantsResponse{Grants: grants, Pagination: page}, nil
}

// HeldPay returns the pay of grants that an operator has not claimed.
func (s queryServer) HeldPay(ctx context.Context, req *types.QueryHeldPayRequest) (*types.QueryHeldPayResponse, error) {
	operator, err := s.keeper.parse("operator", req.GetOperator())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	held, err := s.keeper.HeldPay(ctx, operator, types.MaxHeldPay)
	if err != nil {
		return nil, err
	}
	epoch, err := s.keeper.others.Nodes.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	return &types.QueryHeldPayResponse{Held: held, Epoch: epoch}, nil
}
