package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/sidecar/agent"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/store"
	"github.com/thetaedge/theta/sidecar/why"
)

// deaf is a chain that does not answer, and counts how often it was asked.
type deaf struct {
	why.Chain
	asked *int
}

func (d deaf) ChainID(context.Context) (string, error) {
	*d.asked++
	return "", errors.New("connection refused")
}

// listed is a journal of some records.
type listed []store.Assignment

func (l listed) List(store.Filter) ([]store.Assignment, error) { return l, nil }

// explained is a service that explains a daemon whose chain does not answer.
func explained(t *testing.T, clock func() time.Time, records ...store.Assignment) (*Service, *int) {
	t.Helper()
	for i := range records {
		records[i].UpdatedAt = clock()
	}
	service := NewService(Identity{}, func() agent.Status { return agent.Status{Mode: agent.Working, FreeSlots: 2} }, listed(records), nil)
	asked := 0
	service.ExplainWith(why.Sources{
		Settings:  why.Settings{Endpoint: "127.0.0.1:9"},
		Chain:     deaf{asked: &asked},
		Daemon:    func() (why.Daemon, error) { return why.Daemon{Running: true}, nil },
		FeesToday: func() (math.Int, bool, error) { return math.ZeroInt(), false, nil },
		Paused:    func() bool { return false }, FreeDisk: func() (uint64, error) { return 1 << 40, nil }, Now: clock,
	})
	return service, &asked
}

func TestAnExplanationIsGivenAgainForSomeSeconds(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	service, asked := explained(t, func() time.Time { return now })
	for range 3 {
		answer, err := service.Why(t.Context(), &sidecarv1.WhyRequest{})
		require.NoError(t, err)
		require.Equal(t, string(why.EndpointUnreachable), answer.Findings[0].Cause)
		require.Contains(t, answer.Findings[0].Evidence[0], "connection refused")
	}
	require.Equal(t, 1, *asked)
	now = now.Add(whyFresh)
	_, err := service.Why(t.Context(), &sidecarv1.WhyRequest{})
	require.NoError(t, err)
	require.Equal(t, 2, *asked)
}

func TestWhyIsServedAsRESTToo(t *testing.T) {
	service, _ := explained(t, time.Now)
	server, err := NewServer(service, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/why", nil)
	request.Host = "localhost"
	server.http.Handler.ServeHTTP(answer, request)
	require.Equal(t, http.StatusOK, answer.Code, answer.Body)
	var shown struct {
		Findings []struct{ Cause, Sentence string }
	}
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &shown))
	require.Equal(t, "endpoint-unreachable", shown.Findings[0].Cause)
}

func TestADaemonWithoutSourcesDoesNotExplain(t *testing.T) {
	_, err := NewService(Identity{}, nil, nil, nil).Why(t.Context(), &sidecarv1.WhyRequest{})
	require.Equal(t, codes.Unimplemented, status.Code(err))
}

func TestTheMachineOfAnExplanationIsWhatTheJournalSays(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	key := func(job string) store.Key { return store.Key{JobID: job} }
	service, _ := explained(t, func() time.Time { return now },
		store.Assignment{Key: key("1-0-0"), Phase: store.PhasePreparing, LastError: "connection refused"},
		store.Assignment{Key: key("2-0-0"), Phase: store.PhaseReleased, LastError: "not drawn"},
		store.Assignment{Key: key("3-0-0"), Phase: store.PhaseClaimed},
		store.Assignment{Key: key("4-0-0"), Phase: store.PhaseSettled, FinishedAt: now, Verdict: &store.Verdict{Status: "paid", Paid: "1500000000000000000"}},
		store.Assignment{Key: key("5-0-0"), Phase: store.PhaseSettled, FinishedAt: now, Verdict: &store.Verdict{Status: "slashed"}},
	)
	machine, err := service.machine(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, machine.FreeSlots)
	require.Equal(t, []why.Held{{Name: "1-0-0/0/0", Phase: "preparing"}}, machine.Held)
	require.Equal(t, []string{"1-0-0/0/0 is preparing: connection refused"}, machine.Failures)
	require.NotNil(t, machine.Paid)
	require.Equal(t, "1.5 tfuel", machine.Paid.Amount)
	require.Equal(t, "task 4-0-0/0/0", machine.Paid.Name)
}
