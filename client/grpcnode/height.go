package grpcnode

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"google.golang.org/grpc/metadata"

	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"
)

// Tip is the newest block of a node.
type Tip struct {
	// Height of the block.
	Height int64
	// UnixSeconds is its time; 0 if the node does not say.
	UnixSeconds int64
}

// ReadTip returns the newest block that the node has committed.
func ReadTip(ctx context.Context, conn Connection) (Tip, error) {
	res, err := nodeservice.NewServiceClient(conn).Status(ctx, &nodeservice.StatusRequest{})
	if err != nil {
		return Tip{}, Explain(ctx, "height", err)
	}
	if res.Height > math.MaxInt64 {
		return Tip{}, fmt.Errorf("height: expected at most %d, found %d; use another node", int64(math.MaxInt64), res.Height)
	}
	tip := Tip{Height: int64(res.Height)}
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
	if err != nil || height < 0 {
		return 0, fmt.Errorf("expected a height in header %s, found %q", grpctypes.GRPCBlockHeightHeader, values[0])
	}
	return height, nil
}
