package devnet

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/sidecar/agent"
	"github.com/thetaedge/theta/sidecar/api"
	"github.com/thetaedge/theta/sidecar/store"
)

// empty is a journal without assignments.
type empty struct{}

func (empty) List(store.Filter) ([]store.Assignment, error) { return nil, nil }

func TestANodeReportsTheEngineOfEachProfile(t *testing.T) {
	var executors []executor.Executor
	for _, profile := range profiles.Names() {
		e, err := profiles.Open(profile, profiles.Config{Slots: 1})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, e.Close()) })
		executors = append(executors, e)
	}
	service := api.NewService(api.Identity{ChainID: "test-1"}, func() agent.Status { return agent.Status{Height: 7} }, empty{}, executors)
	server, err := api.NewServer(service, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	forGRPC, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	forHTTP, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- server.Serve(ctx, forGRPC, forHTTP) }()

	status, err := Node{Name: "edge-0", api: forHTTP.Addr().String()}.Status(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 7, status.Height)
	require.Len(t, status.Executors, len(executors))
	for i, found := range status.Executors {
		require.Equal(t, profiles.Names()[i], found.Profile)
		require.Equal(t, executors[i].Fingerprint(t.Context()).Engine, found.Engine)
		require.True(t, found.Healthy)
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	require.NoError(t, <-done)
}

func TestAnAnswerThatIsNotAStatusIsAnError(t *testing.T) {
	for says, answer := range map[string]http.HandlerFunc{
		"expected an answer with 200, found 503": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"syntax error":                           func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
	} {
		server := httptest.NewServer(answer)
		_, err := Node{Name: "edge-0", api: strings.TrimPrefix(server.URL, "http://")}.Status(t.Context())
		server.Close()
		require.ErrorContains(t, err, "status of edge-0")
		require.ErrorContains(t, err, says)
	}
}
