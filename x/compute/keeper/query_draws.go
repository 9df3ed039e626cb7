package keeper

import (
	"context"
	"math"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/x/compute/types"
)

// Claimable lists the draws that a node may enter now: first the draws of judges and auditors
// of its class, then those that name the node, then all others of its class. It only visits
// draws whose claim window may be open. All draws that were pinned at a height whose seed is
// not known yet, or whose window is over, cost it one step together.
func (s queryServer) Claimable(ctx context.Context, req *types.QueryClaimableRequest) (*types.QueryClaimableResponse, error) {
	operator, err := s.k.addresses.StringToBytes(req.Operator)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "operator: %s", err)
	}
	node, err := s.k.nodes.Node(ctx, operator)
	if err != nil {
		return nil, notFound(err)
	}
	params, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	walk := drawWalk{
		k: s.k, ctx: ctx, boards: s.k.boards(node.Profile.Class, node.Profile.Operator), claimBlocks: int64(params.ClaimBlocks),
	}
	resp := &types.QueryClaimableResponse{}
	resp.Pagination, err = walk.page(req.Pagination, func(key drawKey) error {
		task, ok, err := s.k.claimable(ctx, operator, key.K3(), key.K4())
		if ok {
			resp.Tasks = append(resp.Tasks, task)
		}
		return err
	})
	return resp, err
}

// Draws lists the draws of a class, or those that name a node.
func (s queryServer) Draws(ctx context.Context, req *types.QueryDrawsRequest) (*types.QueryDrawsResponse, error) {
	walk := drawWalk{k: s.k, ctx: ctx, boards: s.k.boards(req.Class, "")}
	resp := &types.QueryDrawsResponse{}
	var err error
	resp.Pagination, err = walk.page(req.Pagination, func(key drawKey) error {
		t, err := s.k.peek(ctx, key.K3(), key.K4())
		if err != nil {
			return err
		}
		if draw, ok := t.Draw(); ok {
			resp.Draws = append(resp.Draws, draw)
		}
		return nil
	})
	return resp, err
}

// drawWalk walks boards one after the other, and each board from the newest seed on.
type drawWalk struct {
	k      *Keeper
	ctx    context.Context
	boards []board
	// claimBlocks is the length of the claim window in blocks: the walk skips heights whose
	// draws do not take claims now. 0 means that it visits all.
	claimBlocks int64
}

// page calls show for the draws of a page, and returns the key of the next page. A skipped
// height counts as one draw.
func (d *drawWalk) page(req *query.PageRequest, show func(drawKey) error) (*query.PageResponse, error) {
	if req == nil {
		req = &query.PageRequest{}
	}
	if err := checkPage(req, maxTasksPage); err != nil {
		return nil, err
	}
	if req.Offset > 0 || req.CountTotal {
		return nil, status.Error(codes.InvalidArgument, "expected a page without offset and count_total: draws come and go")
	}
	left := int(req.Limit)
	if left == 0 {
		left = query.DefaultLimit
	}
	first, from, err := d.begin(req.Key)
	if err != nil {
		return nil, err
	}
	for n := first; n < len(d.boards); n++ {
		next, err := d.board(d.boards[n], from, &left, show)
		if err != nil {
			return nil, err
		}
		if next != nil {
			key, err := collections.EncodeKeyWithPrefix([]byte{byte(n)}, d.boards[n].list.KeyCodec(), *next)
			return &query.PageResponse{NextKey: key}, err
		}
		from = nil
	}
	return &query.PageResponse{}, nil
}

// begin decodes the start of a page: the number of a board, and the key in it.
func (d *drawWalk) begin(key []byte) (int, *drawKey, error) {
	if len(key) == 0 {
		return 0, nil, nil
	}
	bad := status.Error(codes.InvalidArgument, "page key: expected that of the page before")
	n := int(key[0])
	if n >= len(d.boards) {
		return 0, nil, bad
	}
	read, from, err := d.boards[n].list.KeyCodec().Decode(key[1:])
	if err != nil || read != len(key)-1 || from.K1() != d.boards[n].name {
		return 0, nil, bad
	}
	return n, &from, nil
}

// board shows the draws of a board from a key on until the page is full. It returns the next
// key, or nil at the board's end.
func (d *drawWalk) board(b board, from *drawKey, left *int, show func(drawKey) error) (*drawKey, error) {
	span := b.below(maxHeight)
	if from != nil {
		span = b.from(*from)
	}
	for {
		next, passed, err := d.span(b, span, left, show)
		if err != nil || next != nil || passed == 0 {
			return next, err
		}
		span = b.below(passed)
	}
}

// maxHeight is above all heights.
const maxHeight = int64(math.MaxInt64)

// span shows the draws of a span of a board. If it comes to a height whose draws do not take
// claims now, it returns that height. If the page is full, it returns the next key. At the
// end of the span it returns nil and 0.
func (d *drawWalk) span(b board, span *collections.Range[drawKey], left *int, show func(drawKey) error) (*drawKey, int64, error) {
	iter, err := b.list.Iterate(d.ctx, span)
	if err != nil {
		return nil, 0, err
	}
	defer iter.Close()
	looked := int64(0)
	for ; iter.Valid(); iter.Next() {
		key, err := iter.Key()
		if err != nil {
			return nil, 0, err
		}
		if *left <= 0 {
			return &key, 0, nil
		}
		*left--
		if pinned := key.K2(); pinned != looked {
			taking, err := d.takesClaims(b, pinned)
			if err != nil || !taking {
				return nil, pinned, err
			}
			looked = pinned
		}
		if err := show(key); err != nil {
			return nil, 0, err
		}
	}
	return nil, 0, nil
}

// takesClaims reports whether the draws of a board whose seed was pinned at a height may take
// claims now.
func (d *drawWalk) takesClaims(b board, pinned int64) (bool, error) {
	if d.claimBlocks == 0 {
		return true, nil
	}
	height := sdk.UnwrapSDKContext(d.ctx).BlockHeight()
	if b.named {
		return height < pinned+d.claimBlocks, nil
	}
	seed, known, err := d.k.beacon.Seed(d.ctx, pinned)
	return known && height < seed.Height+d.claimBlocks, err
}
