package watchdog

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// HealthPath is where a node's API says how it is.
const HealthPath = "/theta/health"

// Status of a node in one word.
type Status string

// The statuses. Only OK and WaitingForQuorum are answered with 200.
const (
	// OK: blocks come.
	OK Status = "ok"
	// WaitingForQuorum: no block comes, because other validators do not vote.
	WaitingForQuorum Status = "waiting_for_quorum"
	// Starting: nothing is known yet.
	Starting Status = "starting"
	// CatchingUp: old blocks or a snapshot are taken from others.
	CatchingUp Status = "catching_up"
	// NoPeers: no block comes, and nobody is connected.
	NoPeers Status = "no_peers"
	// Stalled: no block comes, and it is not for want of votes.
	Stalled Status = "stalled"
	// Stopped: consensus has ended.
	Stopped Status = "stopped"
)

// stuckAfter is how long a look at consensus may stay without an answer.
const stuckAfter = 30 * time.Second

// Health is the answer of HealthPath.
type Health struct {
	Status Status `json:"status"`
	// Height of the last block, and its age in seconds by this machine's clock.
	Height          int64 `json:"height,string"`
	BlockAgeSeconds int64 `json:"block_age_seconds"`
	CatchingUp      bool  `json:"catching_up"`
	// ConsensusAlive is false once consensus has ended.
	ConsensusAlive bool `json:"consensus_alive"`
	Peers          int  `json:"peers"`
	// Reason of any status but OK.
	Reason string `json:"reason,omitempty"`
}

// Well says whether the node does what it can.
func (h Health) Well() bool { return h.Status == OK || h.Status == WaitingForQuorum }

// Health says how the node is.
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
	// A wrong clock makes new blocks look old: what this process has committed counts.
	fresh := age <= w.settings.StaleAfter || !w.committedAt.IsZero() && now.Sub(w.committedAt) <= w.settings.StaleAfter
	switch {
	case w.failure != nil:
		h.Status, h.Reason = Stopped, w.failure.Error()
	case w.probedAt.IsZero():
		h.Status, h.Reason = Starting, "the node has just been started"
	case now.Sub(w.probedAt) > stuckAfter:
		h.Status, h.Reason = Stalled, fmt.Sprintf("consensus has not answered for %s: a block takes that long, or the database does not write", now.Sub(w.probedAt).Round(time.Second))
	case w.probe.CatchingUp:
		h.Status, h.Reason = CatchingUp, "the node takes blocks from others, and its state is old until it is done"
	case fresh:
		h.Status = OK
	case w.probe.Lacking != "" && w.probe.Peers == 0:
		h.Status, h.Reason = NoPeers, fmt.Sprintf("no block for %s, and nobody is connected; check persistent_peers, seeds and the network: %s", age.Round(time.Second), w.probe.Lacking)
	case w.probe.Lacking != "":
		h.Status, h.Reason = WaitingForQuorum, fmt.Sprintf("no block for %s, because other validators do not vote: %s", age.Round(time.Second), w.probe.Lacking)
	default:
		h.Status, h.Reason = Stalled, fmt.Sprintf("no block for %s, and no votes are missing", age.Round(time.Second))
	}
	return h
}

// ServeHTTP implements http.Handler: 200 while the node does what it can, 503 with the
// reason otherwise.
func (w *Watchdog) ServeHTTP(rw http.ResponseWriter, _ *http.Request) {
	h := w.Health()
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("Cache-Control", "no-store")
	if !h.Well() {
		rw.WriteHeader(http.StatusServiceUnavailable)
	}
	// The asker may have left; there is nobody to tell.
	_ = json.NewEncoder(rw).Encode(h)
}
