package grpcnode

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/grpc/metadata"

	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"
)

// MaxHeight is the largest height that a node may name. No chain reaches it, and numbers of blocks
// can be added to it.
const MaxHeight = 1 << 48

// ErrHeight means that a node names a height that cannot be.
var ErrHeight = errors.New("the node names a height that cannot be; use another node")

// CheckHeight returns ErrHeight for a height that no chain has.
func CheckHeight(height int64) error {
	if height < 0 || height > MaxHeight {
		return fmt.Errorf("%w: expected 0 to %d, found %d", ErrHeight, int64(MaxHeight), height)
	}
	return nil
}

// Tip is the newest block of a node.
type Tip struct {
	// Height of the block.
	Height int64
	// UnixSeconds is its time; 0 if the node does not say.
	UnixSeconds int64
}

// ReadTip returns the newest block that the node has committed. It fails with ErrHeight for a height
// that no chain has.
func ReadTip(ctx context.Context, conn Connection) (Tip, error) {
	res, err := nodeservice.NewServiceClient(conn).Status(ctx, &nodeservice.StatusRequest{})
	if err != nil {
		return Tip{}, Explain(ctx, "height", err)
	}
	tip := Tip{Height: int64(res.Height)} //nolint:gosec // checked on the next line
	if err := CheckHeight(tip.Height); err != nil {
		return Tip{}, err
	}
	if res.Timestamp != nil {
		tip.UnixSeconds = res.Timestamp.Unix()
	}
	return tip, nil
}

// HeightIn returns the height of the state that an answer was read from.
func HeightIn(header metadata.MD) (int64, error) {
	values := header.Get(grpctypes.GRPCBlockHeightHeader)
	if len(values) == 0 {
		return 0, fmt.Errorf("expected the node to name the height of its answer in header %s, found none; use an endpoint of thetad, not a proxy that drops headers", grpctypes.GRPCBlockHeightHeader)
	}
	height, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: expected a height in header %s, found %.40q", ErrHeight, grpctypes.GRPCBlockHeightHeader, values[0])
	}
	return height, CheckHeight(height)
}
