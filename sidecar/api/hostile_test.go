package api

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/thetaedge/theta/sidecar/agent"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/owner"
	"github.com/thetaedge/theta/sidecar/store"
)

// dialed serves a service and returns a client of it.
func dialed(t *testing.T, service sidecarv1.SidecarServiceServer) sidecarv1.SidecarServiceClient {
	t.Helper()
	server, err := NewServer(service, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	listen := func() net.Listener {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		return listener
	}
	first, second := listen(), listen()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, first, second) }()
	conn, err := grpc.NewClient(first.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		cancel()
		require.NoError(t, <-done)
	})
	return sidecarv1.NewSidecarServiceClient(conn)
}

// TestATextOfAStrangerDoesNotKeepTheOwnerFromReadingTheStatus: errors contain what servers say, and a
// message with bytes that are not UTF-8 is not sent.
func TestATextOfAStrangerDoesNotKeepTheOwnerFromReadingTheStatus(t *testing.T) {
	const hostile = "refused: \xff\xfe\x1b[2J"
	key := store.Key{JobID: "1-0-0"}
	state := func() agent.Status {
		return agent.Status{
			Standing: hostile, LastError: hostile, Passed: []bid.Passed{{JobID: "2-0-0", Reason: hostile}},
			Deliveries: map[store.Key]agent.Delivery{key: {Error: hostile}}, Waits: map[store.Key]string{key: hostile},
			Holds: owner.Decision{Reasons: []owner.Reason{{Rule: owner.Idle, Sentence: hostile}}, Blind: []owner.Blind{{Rule: owner.Fan, Why: hostile}}},
		}
	}
	client := dialed(t, NewService(Identity{}, state, listed{{Key: key, LastError: hostile}}, nil))
	answer, err := client.Status(t.Context(), &sidecarv1.StatusRequest{})
	require.NoError(t, err)
	require.Contains(t, answer.LastError, "refused: ")
	require.Contains(t, answer.Passed[0].Reason, "refused: ")
	require.Contains(t, answer.Pauses[0].Sentence, "refused: ")
	jobs, err := client.Jobs(t.Context(), &sidecarv1.JobsRequest{})
	require.NoError(t, err)
	require.Contains(t, jobs.Assignments[0].Delivery, "refused: ")
	require.Contains(t, jobs.Assignments[0].WaitsFor, "refused: ")
}

// broken is a service with a fault.
type broken struct {
	sidecarv1.UnimplementedSidecarServiceServer
}

func (broken) Why(context.Context, *sidecarv1.WhyRequest) (*sidecarv1.WhyResponse, error) {
	panic("a fault")
}

func TestAFaultInAnAnswerDoesNotEndTheDaemon(t *testing.T) {
	client := dialed(t, broken{})
	for range 2 {
		_, err := client.Why(t.Context(), &sidecarv1.WhyRequest{})
		require.Equal(t, codes.Internal, status.Code(err))
		require.ErrorContains(t, err, "log")
	}
}

// slow is a chain that answers when it is told to, and counts how often it was asked.
type slow struct {
	deaf
	begun  chan struct{}
	answer chan struct{}
}

func (s slow) ChainID(ctx context.Context) (string, error) {
	s.begun <- struct{}{}
	select {
	case <-ctx.Done():
	case <-s.answer:
	}
	return s.deaf.ChainID(ctx)
}

// TestCallersWhoLeaveDoNotMakeTheChainAnswerAgain: any program of the machine may ask and leave at once, again and
// again, and the queries reach a node that others use.
func TestCallersWhoLeaveDoNotMakeTheChainAnswerAgain(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	service, asked := explained(t, func() time.Time { return now })
	chain := slow{deaf{asked: asked}, make(chan struct{}, 10), make(chan struct{})}
	from := service.why.from
	from.Chain = chain
	service.ExplainWith(from)
	leave := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, err := service.Why(ctx, &sidecarv1.WhyRequest{})
		leave <- err
	}()
	<-chain.begun
	// Another one waits for the same explanation, and leaves.
	impatient, away := context.WithCancel(t.Context())
	away()
	_, err := service.Why(impatient, &sidecarv1.WhyRequest{})
	require.Equal(t, codes.Canceled, status.Code(err))
	cancel()
	require.Equal(t, codes.Canceled, status.Code(<-leave), "the caller does not wait")
	close(chain.answer)
	for range 5 {
		_, err = service.Why(t.Context(), &sidecarv1.WhyRequest{})
		require.NoError(t, err)
	}
	require.Equal(t, 1, *asked)
}

// lying is a chain whose answers make an explanation fail.
type lying struct{ deaf }

func (l lying) ChainID(context.Context) (string, error) {
	*l.asked++
	panic("a fault")
}

func TestAFaultInAnExplanationDoesNotEndTheDaemon(t *testing.T) {
	service, asked := explained(t, time.Now)
	from := service.why.from
	from.Chain = lying{deaf{asked: asked}}
	service.ExplainWith(from)
	for n := range 2 {
		_, err := service.Why(t.Context(), &sidecarv1.WhyRequest{})
		require.Equal(t, codes.Internal, status.Code(err))
		require.Equal(t, n+1, *asked, "a fault is not an answer")
	}
}
