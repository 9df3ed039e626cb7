package keeper

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/collections"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/x/compute/types"
)

func (s queryServer) Energy(ctx context.Context, req *types.QueryEnergyRequest) (*types.QueryEnergyResponse, error) {
	if _, err := s.k.nodes.Class(ctx, req.Class); err != nil {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	if err := checkPage(req.Pagination, maxRecordsPage); err != nil {
		return nil, err
	}
	prefix := collections.PairPrefix[string, collections.Pair[uint64, string]](req.Class)
	if req.Epoch > 0 {
		prefix = collections.Join(req.Class, collections.PairPrefix[uint64, string](req.Epoch))
	}
	reports, page, err := query.CollectionPaginate(ctx, s.k.energy, req.Pagination,
		func(_ energyKey, sum types.EnergySum) (types.EnergyReport, error) { return s.k.reportEnergy(ctx, sum) },
		func(o *query.CollectionsPaginateOptions[energyKey]) { o.Prefix = &prefix })
	return &types.QueryEnergyResponse{Reports: reports, Pagination: page}, err
}

// reportEnergy adds to a sum what follows from it.
func (k *Keeper) reportEnergy(ctx context.Context, sum types.EnergySum) (types.EnergyReport, error) {
	total := sum.Total()
	report := types.EnergyReport{
		Sum: sum, MeasuredBps: sum.MeasuredBps(), Tasks: total.Tasks, DeviceMs: total.DeviceMs, EnergyMj: total.EnergyMj,
	}
	factor, known, err := k.carbonOf(ctx, sum.Region)
	if err != nil || !known {
		return report, err
	}
	report.Factor, report.Co2EMg = &factor, factor.Milligrams(total.EnergyMj).String()
	return report, nil
}

func (s queryServer) CarbonFactors(ctx context.Context, _ *types.QueryCarbonFactorsRequest) (*types.QueryCarbonFactorsResponse, error) {
	factors, err := s.k.carbonFactors(ctx)
	return &types.QueryCarbonFactorsResponse{Factors: factors}, err
}
