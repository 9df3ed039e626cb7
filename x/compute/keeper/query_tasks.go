package keeper

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

// Queries do not cost gas, so the size of their pages is bounded. Tasks on a page have to be
// advanced to the height, whereas records are only read.
const (
	maxTasksPage   = 200
	maxRecordsPage = 1_000
)

// peekAny returns the chunk that contains a task as peek does, whichever of its tasks is named.
func (k *Keeper) peekAny(ctx context.Context, id types.JobID, index uint64) (*round.Chunk, error) {
	first, err := k.chunkOf(ctx, id, index)
	if err != nil {
		return nil, err
	}
	return k.peek(ctx, id, first)
}

// peek returns a task as a message at this height would find it, and discards what advancing
// the task writes. A client that queries between blocks sees the last height; its message is
// executed at least one height later.
func (k *Keeper) peek(ctx context.Context, id types.JobID, index uint64) (*round.Chunk, error) {
	cached, _ := sdk.UnwrapSDKContext(ctx).CacheContext()
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	t, err := k.loadStored(cached, params, id, index)
	if err != nil {
		return nil, err
	}
	return t, t.Advance()
}

func (s queryServer) Chunk(ctx context.Context, req *types.QueryChunkRequest) (*types.QueryChunkResponse, error) {
	id, err := types.ParseJobID(req.JobId)
	if err != nil {
		return nil, notFound(err)
	}
	t, err := s.k.peekAny(ctx, id, req.Task)
	if err != nil {
		return nil, notFound(err)
	}
	if t.Ended() {
		return nil, notFound(types.ErrTaskEnded.Wrap("its receipt follows with the next block"))
	}
	return &types.QueryChunkResponse{Chunk: *t.Record()}, nil
}

func (s queryServer) Assignments(ctx context.Context, req *types.QueryAssignmentsRequest) (*types.QueryAssignmentsResponse, error) {
	operator, err := s.k.addresses.StringToBytes(req.Operator)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "operator: %s", err)
	}
	if err := checkPage(req.Pagination, maxTasksPage); err != nil {
		return nil, err
	}
	text, err := s.k.addresses.BytesToString(operator)
	if err != nil {
		return nil, err
	}
	items, page, err := query.CollectionPaginate(ctx, s.k.held, req.Pagination,
		func(key heldKey, _ collections.NoValue) (*types.WorkItem, error) {
			item, ok, err := s.k.workItem(ctx, text, key.K2(), key.K3())
			return ifAny(item, ok), err
		}, func(o *query.CollectionsPaginateOptions[heldKey]) {
			prefix := collections.TriplePrefix[sdk.AccAddress, types.JobID, uint64](operator)
			o.Prefix = &prefix
		})
	return &types.QueryAssignmentsResponse{Items: present(items), Pagination: page}, err
}

// ifAny returns a pointer to v, or nil if ok is false. A page must consist of what its
// callback returns, not of what the callback does, because the callback also runs for the
// first item of the next page.
func ifAny[T any](v T, ok bool) *T {
	if !ok {
		return nil
	}
	return &v
}

// present returns the values of the pointers that are not nil.
func present[T any](all []*T) []T {
	var out []T
	for _, v := range all {
		if v != nil {
			out = append(out, *v)
		}
	}
	return out
}

// checkPage refuses pages that are too large.
func checkPage(page *query.PageRequest, most uint64) error {
	if page != nil && page.Limit > most {
		return status.Errorf(codes.InvalidArgument, "expected pages of at most %d, found %d", most, page.Limit)
	}
	return nil
}

// workItem returns what a task requires of a node that holds a part of it, and reports
// whether the node still holds it at this height.
func (k *Keeper) workItem(ctx context.Context, operator string, id types.JobID, index uint64) (types.WorkItem, bool, error) {
	t, err := k.peek(ctx, id, index)
	if err != nil || t.Ended() {
		return types.WorkItem{}, false, err
	}
	item, held := t.WorkItem(operator)
	return item, held, nil
}

// claimable returns a draw and reports whether the node may enter it: every rule of the
// matcher holds, except perhaps that lower ranks hold all slots.
func (k *Keeper) claimable(ctx context.Context, operator sdk.AccAddress, id types.JobID, index uint64) (types.ClaimableChunk, bool, error) {
	t, err := k.peek(ctx, id, index)
	if errors.Is(err, types.ErrTaskEnded) {
		return types.ClaimableChunk{}, false, nil
	}
	if err != nil || t.Ended() {
		return types.ClaimableChunk{}, false, err
	}
	return t.Claimable(operator)
}
