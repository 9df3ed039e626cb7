package grpcnode

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"cosmossdk.io/math"

	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

type ledgerService struct {
	rewardstypes.UnimplementedQueryServer
}

func (*ledgerService) SupplyLedger(context.Context, *rewardstypes.QuerySupplyLedgerRequest) (*rewardstypes.QuerySupplyLedgerResponse, error) {
	return &rewardstypes.QuerySupplyLedgerResponse{Denom: "atfuel", Genesis: math.NewInt(3), Supply: math.NewInt(4)}, nil
}

// TestAnswersWithNumbersAreRead: an answer whose fields are a math.Int, and an answer of a service that
// grpc brings along.
func TestAnswersWithNumbersAreRead(t *testing.T) {
	server := grpc.NewServer(grpc.ForceServerCodecV2(newCodec()))
	rewardstypes.RegisterQueryServer(server, &ledgerService{})
	healthpb.RegisterHealthServer(server, health.NewServer())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := dial(listener.Addr().String(), time.Minute, nil, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })

	ledger, err := rewardstypes.NewQueryClient(conn).SupplyLedger(t.Context(), &rewardstypes.QuerySupplyLedgerRequest{})
	require.NoError(t, err)
	require.Equal(t, math.NewInt(3), ledger.Genesis)
	require.Equal(t, math.NewInt(4), ledger.Supply)
	alive, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{})
	require.NoError(t, err)
	require.Equal(t, healthpb.HealthCheckResponse_SERVING, alive.Status)
}
