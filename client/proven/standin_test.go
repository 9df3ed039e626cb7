package proven

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cometbft/cometbft/libs/bytes"
	"github.com/cometbft/cometbft/light/provider"
	rpcclient "github.com/cometbft/cometbft/rpc/client"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	"github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
)

// fakeRPC counts questions and answers each with an error.
type fakeRPC struct {
	asked int
	err   error
}

func (f *fakeRPC) ABCIQueryWithOptions(context.Context, string, bytes.HexBytes, rpcclient.ABCIQueryOptions) (*coretypes.ResultABCIQuery, error) {
	f.asked++
	return &coretypes.ResultABCIQuery{}, f.err
}

func (f *fakeRPC) LightBlock(context.Context, int64) (*types.LightBlock, error) {
	f.asked++
	return &types.LightBlock{}, f.err
}

func (*fakeRPC) ChainID() string                                      { return "test-1" }
func (*fakeRPC) ReportEvidence(context.Context, types.Evidence) error { return nil }

// countedGRPC counts calls and answers none of them.
type countedGRPC struct{ asked int }

func (c *countedGRPC) Invoke(context.Context, string, any, any, ...grpc.CallOption) error {
	c.asked++
	return errors.New("the spare was asked")
}

func (*countedGRPC) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errors.New("no streams")
}

// TestASpareIsAskedWhileTheRPCDoesNotAnswer, and only then: what the RPC says, also that it does not have a block, counts.
func TestASpareIsAskedWhileTheRPCDoesNotAnswer(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	rpc, spare, dials := &fakeRPC{}, &countedGRPC{}, 0
	var dialError error
	s := NewStandIn("", NewService(spare, "test-1"), func() time.Time { return now })
	s.rpc = func(context.Context) (source, error) {
		dials++
		return source{rpc, rpc}, dialError
	}
	both := func() (query, block error) {
		_, query = s.ABCIQueryWithOptions(t.Context(), "", nil, rpcclient.ABCIQueryOptions{})
		_, block = s.LightBlock(t.Context(), 5)
		return query, block
	}
	dialError = errors.New("connection refused")
	query, block := both()
	require.ErrorContains(t, query, "the spare was asked")
	require.ErrorContains(t, block, "the spare was asked")
	require.Equal(t, 1, dials, "it rests after the first failure")
	require.True(t, s.Resting())

	now, dialError = now.Add(rpcRest), nil
	query, block = both()
	require.NoError(t, errors.Join(query, block))
	require.Equal(t, 2, rpc.asked)
	require.False(t, s.Resting())

	asked := spare.asked
	for _, says := range []error{provider.ErrHeightTooHigh, provider.ErrLightBlockNotFound, provider.ErrBadLightBlock{Reason: errors.New("x")}, &rpctypes.RPCError{Code: 1}} {
		rpc.err = fmt.Errorf("said: %w", says)
		query, block = both()
		require.ErrorIs(t, query, rpc.err)
		require.ErrorIs(t, block, rpc.err)
	}
	require.Equal(t, asked, spare.asked)

	rpc.err = errors.New("connection reset by peer")
	query, _ = both()
	require.ErrorContains(t, query, "the spare was asked")
	before := rpc.asked
	both()
	require.Equal(t, before, rpc.asked, "it rests")
	now = now.Add(rpcRest)
	rpc.err = nil
	query, block = both()
	require.NoError(t, errors.Join(query, block))

	// A caller who leaves says nothing about the RPC.
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	rpc.err = context.Canceled
	_, err := s.LightBlock(ended, 5)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, s.Resting())
}
