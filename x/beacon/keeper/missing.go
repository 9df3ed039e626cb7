package keeper

import (
	"context"
	"encoding/binary"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/x/beacon/types"
)

const (
	// missingLimit is the largest number of rounds in a page.
	missingLimit = 100
	// missingScan is the largest number of heights that one request visits.
	missingScan = 1_000
)

// Missing lists acceptable and unknown rounds from the newest heights to the oldest. Block
// time lags behind real time, so the newest round may not be published yet.
func (s queryServer) Missing(ctx context.Context, req *types.QueryMissingRequest) (*types.QueryMissingResponse, error) {
	limit, from, err := missingPage(req)
	if err != nil {
		return nil, err
	}
	schedule, err := s.keeper.currentSchedule(ctx)
	if err != nil {
		return nil, err
	}
	page := missing{
		keeper:   s.keeper,
		schedule: schedule.Id,
		newest:   schedule.AcceptableAt(sdk.UnwrapSDKContext(ctx).BlockTime()),
		limit:    limit,
	}
	heights := new(collections.Range[int64]).Descending()
	if from > 0 {
		heights = heights.EndInclusive(from)
	}
	err = s.keeper.pins.Walk(ctx, heights, func(height int64, pin types.Pin) (bool, error) {
		return page.look(ctx, height, pin)
	})
	if err != nil {
		return nil, err
	}
	return &types.QueryMissingResponse{Rounds: page.rounds, Pagination: &query.PageResponse{NextKey: page.next}}, nil
}

// missing collects one page.
type missing struct {
	keeper   *Keeper
	schedule uint32
	newest   uint64
	limit    int

	rounds []uint64
	last   uint64 // the round of the previous height; neighbours share one
	seen   int
	next   []byte
}

// look visits one height and reports whether the page is full.
func (m *missing) look(ctx context.Context, height int64, pin types.Pin) (bool, error) {
	if pin.Schedule != m.schedule {
		// Rounds of older schedules cannot be delivered any more.
		return true, nil
	}
	if m.seen == missingScan || (len(m.rounds) == m.limit && pin.Round != m.last) {
		m.next = binary.BigEndian.AppendUint64(nil, uint64(height)) //nolint:gosec // heights are positive
		return true, nil
	}
	m.seen++
	if pin.Round > m.newest || pin.Round == m.last {
		return false, nil
	}
	m.last = pin.Round
	known, err := m.keeper.proofs.Has(ctx, collections.Join(pin.Schedule, pin.Round))
	if err == nil && !known {
		m.rounds = append(m.rounds, pin.Round)
	}
	return false, err
}

func missingPage(req *types.QueryMissingRequest) (limit int, from int64, err error) {
	if req == nil || req.Pagination == nil {
		return missingLimit, 0, nil
	}
	page := req.Pagination
	if page.Offset > 0 || page.CountTotal || page.Reverse {
		return 0, 0, status.Error(codes.InvalidArgument, "pagination: expected key and limit only")
	}
	limit = missingLimit
	if page.Limit > 0 {
		limit = int(min(page.Limit, missingLimit)) //nolint:gosec // at most missingLimit
	}
	if len(page.Key) == 0 {
		return limit, 0, nil
	}
	if len(page.Key) != 8 {
		return 0, 0, status.Errorf(codes.InvalidArgument, "pagination: expected a key of 8 bytes, found %d", len(page.Key))
	}
	from = int64(binary.BigEndian.Uint64(page.Key)) //nolint:gosec // checked below
	if from < 1 {
		return 0, 0, status.Error(codes.InvalidArgument, "pagination: the key is no height")
	}
	return limit, from, nil
}
