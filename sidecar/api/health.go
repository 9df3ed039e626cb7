package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/thetaedge/theta/sidecar/agent"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
)

// staleAfter is the time without a new block after which the node counts as cut off. The chain
// continues without this machine, and deadlines pass on it.
const staleAfter = time.Minute

// health is the answer to requests for /healthz.
type health struct {
	// Status is "ok" or "unhealthy".
	Status string `json:"status"`
	Mode   string `json:"mode,omitempty"`
	// Height is the last height that the daemon has seen. The age is in seconds.
	Height           int64 `json:"height,string"`
	HeightAgeSeconds int64 `json:"height_age_seconds"`
	// Reason says what does not work.
	Reason string `json:"reason,omitempty"`
}

// healthOf returns a handler that answers with status 200 while the daemon sees new blocks and
// its executors work. Otherwise it answers with status 503 and the reason.
func healthOf(service sidecarv1.SidecarServiceServer, now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := health{Status: "ok"}
		status, err := service.Status(r.Context(), &sidecarv1.StatusRequest{})
		if err != nil {
			h.Reason = err.Error()
		} else {
			h.read(status, now())
		}
		w.Header().Set("Content-Type", "application/json")
		if h.Reason != "" {
			h.Status = "unhealthy"
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		// The client may have disconnected. In this case the error cannot be reported to it.
		_ = json.NewEncoder(w).Encode(h)
	})
}

// read fills in the health from the status that the daemon reports.
func (h *health) read(status *sidecarv1.StatusResponse, now time.Time) {
	h.Mode, h.Height = status.Mode, status.Height
	because := ""
	if status.LastError != "" {
		because = ": " + status.LastError
	}
	if status.Height > 0 {
		h.HeightAgeSeconds = int64(now.Sub(status.HeightAt.AsTime()).Seconds())
	}
	switch {
	case status.Mode == string(agent.Starting) || status.Height == 0:
		h.Reason = "the chain's state was not read yet, or no node is registered" + because
	case h.HeightAgeSeconds > int64(staleAfter.Seconds()):
		h.Reason = fmt.Sprintf("no block came after height %d for %d seconds%s", h.Height, h.HeightAgeSeconds, because)
	}
	for _, e := range status.Executors {
		if !e.Healthy && h.Reason == "" {
			h.Reason = fmt.Sprintf("executor %s is unhealthy: %s", e.Profile, e.Detail)
		}
	}
}
