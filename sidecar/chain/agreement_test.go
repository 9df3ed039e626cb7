package chain

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client/grpc/node"
	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// marketNode shows a market with as many paid tasks as its function says for a height.
type marketNode struct {
	tip     uint64
	settled func(height uint64) uint64
}

func (n *marketNode) Invoke(ctx context.Context, method string, _, reply any, _ ...grpc.CallOption) error {
	sent, _ := metadata.FromOutgoingContext(ctx)
	height := n.tip
	if at := sent.Get(grpctypes.GRPCBlockHeightHeader); len(at) > 0 {
		height, _ = strconv.ParseUint(at[0], 10, 64)
	}
	switch answer := reply.(type) {
	case *node.StatusResponse:
		answer.Height = n.tip
	case *computetypes.QueryMarketResponse:
		if height > n.tip {
			return status.Error(codes.InvalidArgument, "height in the future")
		}
		answer.Market.Prices = []computetypes.Price{{Denom: "atfuel", Settled: n.settled(height)}}
	default:
		return errors.New("unexpected " + method[strings.LastIndex(method, "/"):])
	}
	return nil
}

func (*marketNode) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errors.New("no streams")
}

func TestTwoNodesHaveToShowTheSameMarketOfABlock(t *testing.T) {
	honest := func(height uint64) uint64 { return 10 * height }
	reader := func(n *marketNode) *Reader { return NewReader(n, Codec{}) }
	first := reader(&marketNode{100, honest})
	for name, c := range map[string]struct {
		second *Reader
		agrees bool
	}{
		"alone":                   {nil, true},
		"both honest":             {reader(&marketNode{100, honest}), true},
		"the second ahead":        {reader(&marketNode{103, honest}), true},
		"the second a bit late":   {reader(&marketNode{96, honest}), true},
		"the second far behind":   {reader(&marketNode{50, honest}), true},
		"the second says none":    {reader(&marketNode{100, func(uint64) uint64 { return 0 }}), false},
		"the second says a lot":   {reader(&marketNode{100, func(uint64) uint64 { return 1 << 60 }}), false},
		"the second one task off": {reader(&marketNode{100, func(h uint64) uint64 { return honest(h) + 1 }}), false},
	} {
		market, err := AgreedMarket(t.Context(), first, c.second, "cpu-small")
		if !c.agrees {
			require.ErrorIs(t, err, ErrDisagree, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, honest(100-settledDepth), market.Market.Prices[0].Settled, name)
	}
}
