package chain

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protowire"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"
	"github.com/cosmos/cosmos-sdk/x/feegrant"

	"github.com/thetaedge/theta/client/grpcnode"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// rawNode returns a reader of a node that answers every call with the same bytes.
func rawNode(t *testing.T, answer []byte) *Reader {
	t.Helper()
	server := grpc.NewServer(grpc.ForceServerCodec(rawCodec{}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		var asked []byte
		if err := stream.RecvMsg(&asked); err != nil {
			return err
		}
		if err := stream.SetHeader(metadata.Pairs(grpctypes.GRPCBlockHeightHeader, "7")); err != nil {
			return err
		}
		return stream.SendMsg(&answer)
	}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }()
	conn, err := grpcnode.Dial(listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		server.Stop()
	})
	cdc, err := NewCodec()
	require.NoError(t, err)
	return NewReader(conn, cdc)
}

// rawCodec passes bytes through unchanged.
type rawCodec struct{}

func (rawCodec) Name() string                       { return "proto" }
func (rawCodec) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }

// field encodes a protobuf message with one field.
func field(number protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), content)
}

// TestAmountsThatNobodyCanHaveAreNoAnswer: a node that leaves out an amount, or reports an
// impossible amount, must not end the daemon. The SDK's numbers panic if they are used in
// calculations.
func TestAmountsThatNobodyCanHaveAreNoAnswer(t *testing.T) {
	huge := []byte(sdkmath.NewIntWithDecimal(1, 76).String())
	for name, ask := range map[string]func(ctx context.Context, r *Reader) error{
		"node":    func(ctx context.Context, r *Reader) error { _, err := r.NodeOf(ctx, "operator"); return err },
		"job":     func(ctx context.Context, r *Reader) error { _, _, err := r.Job(ctx, "1-0-0"); return err },
		"receipt": func(ctx context.Context, r *Reader) error { _, err := r.Receipt(ctx, "1-0-0", 0); return err },
		"params":  func(ctx context.Context, r *Reader) error { _, err := r.ComputeParams(ctx); return err },
		"price":   func(ctx context.Context, r *Reader) error { _, err := r.RewardsParams(ctx); return err },
		"nodes":   func(ctx context.Context, r *Reader) error { _, err := r.EdgenodeParams(ctx); return err },
		"class":   func(ctx context.Context, r *Reader) error { _, err := r.Class(ctx, "cpu"); return err },
		"balance": func(ctx context.Context, _ *Reader) error {
			_, err := rawNode(t, field(1, field(1, []byte("atfuel")))).Balance(ctx, "a", "atfuel")
			return err
		},
		"large": func(ctx context.Context, _ *Reader) error {
			coin := append(field(1, []byte("atfuel")), field(2, huge)...)
			_, err := rawNode(t, field(1, coin)).Balance(ctx, "a", "atfuel")
			return err
		},
	} {
		require.ErrorContains(t, ask(t.Context(), rawNode(t, nil)), "expected an amount", name)
	}
}

func TestAGrantOfNoAmountIsNone(t *testing.T) {
	for _, allowance := range []feegrant.FeeAllowanceI{
		&feegrant.BasicAllowance{SpendLimit: sdk.Coins{{Denom: "atfuel"}}},
		&feegrant.PeriodicAllowance{Basic: feegrant.BasicAllowance{SpendLimit: sdk.Coins{{Denom: "atfuel"}}}},
	} {
		_, err := readGrant(allowance)
		require.ErrorContains(t, err, "expected an amount")
	}
}

// TestAJobHasTheNameThatTheChainGivesJobs: the ids of jobs become names of folders.
func TestAJobHasTheNameThatTheChainGivesJobs(t *testing.T) {
	for _, name := range []string{"", "../../../home", "1-0-0/..", "1-0-0\x00", "1-0", "01-0-0", strings.Repeat("1", 100)} {
		ref := computetypes.ChunkRef{JobId: name}
		for what, c := range map[string]struct {
			answer interface{ Marshal() ([]byte, error) }
			ask    func(*Reader) error
		}{
			"draws": {&computetypes.QueryClaimableResponse{Tasks: []computetypes.ClaimableChunk{{Ref: ref, Reward: sdk.NewInt64Coin("atfuel", 1)}}}, func(r *Reader) error {
				_, err := r.ClaimablePage(t.Context(), "operator", nil)
				return err
			}},
			"all draws": {&computetypes.QueryClaimableResponse{Tasks: []computetypes.ClaimableChunk{{Ref: ref, Reward: sdk.NewInt64Coin("atfuel", 1)}}}, func(r *Reader) error {
				_, err := r.Claimable(t.Context(), "operator")
				return err
			}},
			"requests": {&computetypes.QueryRedeliveriesResponse{Redeliveries: []computetypes.JobRedelivery{{JobId: name}}}, func(r *Reader) error {
				_, err := r.Redeliveries(t.Context(), 1, nil)
				return err
			}},
			"work": {&computetypes.QueryAssignmentsResponse{Items: []computetypes.WorkItem{{Ref: ref}}}, func(r *Reader) error {
				_, err := r.Assignments(t.Context(), "operator")
				return err
			}},
		} {
			raw, err := c.answer.Marshal()
			require.NoError(t, err)
			require.ErrorIs(t, c.ask(rawNode(t, raw)), computetypes.ErrInvalidJobID, "%s: %q", what, name)
		}
	}
}
