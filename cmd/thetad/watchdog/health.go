package watchdog

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// HealthPath is the API path of the node's health.
const HealthPath = "/theta/health"

// Status of a node in one word.
type Status string

// The statuses. Only OK and WaitingForQuorum are answered with HTTP status 200.
const (
	// OK means that new blocks arrive.
	OK Status = "ok"
	// WaitingForQuorum means that no new blocks arrive because other validators do not
	// vote.
	WaitingForQuorum Status = "waiting_for_quorum"
	// Starting means that nothing is known yet.
	Starting Status = "starting"
	// CatchingUp means that the node downloads old blocks or a snapshot from other nodes.
	CatchingUp Status = "catching_up"
	// NoPeers means that no new blocks arrive and no peer is connected.
	NoPeers Status = "no_peers"
	// Stalled means that no new blocks arrive although no votes are missing.
	Stalled Status = "stalled"
	// Stopped means that consensus has ended.
	Stopped Status = "stopped"
)

// stuckAfter is how long a request to consensus may stay unanswered.
const stuckAfter = 30 * time.Second

// Health is the answer of HealthPath.
type Health struct {
	Status Status `json:"status"`
	// Height of the last block, and its age in seconds by this machine's clock.
	Height          int64 `json:"height,string"`
	BlockAgeSeconds int64 `json:"block_age_seconds"`
	CatchingUp      bool  `json:"catching_up"`
	// ConsensusAlive is false when consensus has ended.
	ConsensusAlive bool `json:"consensus_alive"`
	Peers          int  `json:"peers"`
	// Reason of any status except OK.
	Reason string `json:"reason,omitempty"`
}

// Well reports whether the node does what it can.
func (h Health) Well() bool { return h.Status == OK || h.Status == WaitingForQuorum }

// Health returns the node's health.
func (w *Watchdog) Health() Health {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.Now()
	h := Health{
		Height: max(w.probe.Height, w.committed), CatchingUp: w.probe.CatchingUp,
		ConsensusAlive: w.failure == nil, Peers: w.probe.Peers,
	}
	var age time.Duration
	if !w.probe.BlockTime.IsZero() {
		age = max(now.Sub(w.probe.BlockTime), 0)
	}
	h.BlockAgeSeconds = int64(age.Seconds())
	// A wrong clock makes new blocks look old, so what this process has committed counts.
	fresh := age <= w.settings.StaleAfter || !w.committedAt.IsZero() && now.Sub(w.committedAt) <= w.settings.StaleAfter
	switch {
	case w.failure != nil:
		h.Status, h.Reason = Stopped, w.failure.Error()
	case w.probedAt.IsZero():
		h.Status, h.Reason = Starting, "the node has just been started"
	case now.Sub(w.probedAt) > stuckAfter:
		h.Status, h.Reason = Stalled, fmt.Sprintf("consensus has not answered for %s: either a block takes that long, or the database does not write", now.Sub(w.probedAt).Round(time.Second))
	case w.probe.CatchingUp:
		h.Status, h.Reason = CatchingUp, "the node downloads blocks from other nodes, and its state is old until it is done"
	case fresh:
		h.Status = OK
	case w.probe.Lacking != "" && w.probe.Peers == 0:
		h.Status, h.Reason = NoPeers, fmt.Sprintf("no block for %s, and no peer is connected; check persistent_peers, seeds and the network: %s", age.Round(time.Second), w.probe.Lacking)
	case w.probe.Lacking != "":
		h.Status, h.Reason = WaitingForQuorum, fmt.Sprintf("no block for %s, because other validators do not vote: %s", age.Round(time.Second), w.probe.Lacking)
	default:
		h.Status, h.Reason = Stalled, fmt.Sprintf("no block for %s, and no votes are missing", age.Round(time.Second))
	}
	return h
}

// ServeHTTP implements http.Handler: 200 while the node does what it can, and 503 with the
// reason otherwise.
func (w *Watchdog) ServeHTTP(rw http.ResponseWriter, _ *http.Request) {
	h := w.Health()
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("Cache-Control", "no-store")
	if !h.Well() {
		rw.WriteHeader(http.StatusServiceUnavailable)
	}
	// The client may have left; there is no one to tell.
	_ = json.NewEncoder(rw).Encode(h)
}
