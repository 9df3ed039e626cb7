package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
)

// said is a service that answers with a fixed status.
type said struct {
	sidecarv1.UnimplementedSidecarServiceServer
	status *sidecarv1.StatusResponse
	err    error
}

func (s said) Status(context.Context, *sidecarv1.StatusRequest) (*sidecarv1.StatusResponse, error) {
	return s.status, s.err
}

func TestHealthIsWhatTheDaemonCanDoAndNotThatItAnswers(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	seen := func(age time.Duration) *timestamppb.Timestamp { return timestamppb.New(now.Add(-age)) }
	for name, c := range map[string]struct {
		said said
		code int
		says string
	}{
		"blocks come":      {said{status: &sidecarv1.StatusResponse{Mode: "working", Height: 7, HeightAt: seen(time.Second)}}, http.StatusOK, ""},
		"paused":           {said{status: &sidecarv1.StatusResponse{Mode: "paused", Height: 7, HeightAt: seen(time.Second)}}, http.StatusOK, ""},
		"no block yet":     {said{status: &sidecarv1.StatusResponse{Mode: "starting", LastError: "height: unreachable"}}, http.StatusServiceUnavailable, "unreachable"},
		"blocks stopped":   {said{status: &sidecarv1.StatusResponse{Mode: "working", Height: 7, HeightAt: seen(5 * time.Minute)}}, http.StatusServiceUnavailable, "no block came after height 7 for 300 seconds"},
		"a broken sandbox": {said{status: &sidecarv1.StatusResponse{Mode: "working", Height: 7, HeightAt: seen(0), Executors: []*sidecarv1.ExecutorStatus{{Profile: "wasm/1", Detail: "no memory"}}}}, http.StatusServiceUnavailable, "no memory"},
		"no journal":       {said{err: errors.New("cannot read the journal")}, http.StatusServiceUnavailable, "cannot read the journal"},
	} {
		recorder := httptest.NewRecorder()
		healthOf(c.said, func() time.Time { return now }).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/healthz", nil))
		require.Equal(t, c.code, recorder.Code, name)
		var told map[string]any
		require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &told), name)
		if c.says == "" {
			require.Equal(t, "ok", told["status"], name)
			require.NotContains(t, told, "reason", name)
			continue
		}
		require.Equal(t, "unhealthy", told["status"], name)
		require.Contains(t, told["reason"], c.says, name)
	}
}
