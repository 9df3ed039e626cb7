package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thetaedge/theta/sidecar/store"
)

const (
	// leap is the number of blocks by which a height may be ahead of what the time since the last
	// believed height allows: several machines answer for one endpoint, and queries take time.
	leap = 20
	// doubtPause is the pause between two proofs of the newest height while the node's heights
	// cannot be right.
	doubtPause = 5 * time.Second
	// maxDrawBlocks is the longest that a draw stays open; the chain's parameters allow no more.
	maxDrawBlocks = 10_000
)

// errInvented means that a node names a height that the chain cannot have reached.
var errInvented = errors.New("the node of chain.grpc names a height that the chain cannot have reached, and nothing is done at it: the node lies, or its state is damaged; name another in chain.grpc if this goes on")

// horizon bounds the heights that a node may name. One invented height, once it is believed,
// would hide all true ones: they are lower.
type horizon struct {
	// fastest is the shortest time between two blocks.
	fastest time.Duration
	// height is a height that the chain had at the time at. It is 0 if none is known.
	height int64
	at     time.Time
	// proven reports whether a light client has followed the header of that height, whose time is
	// at. Otherwise the node has named it at that time.
	proven bool

	// asked is when a proof of the newest height was last asked for, underway reports whether one
	// is being read, and tried whether one was read or has failed.
	asked           time.Time
	underway, tried bool
	// doubt is since when the node's heights cannot be right. It is zero if they can.
	doubt time.Time
}

// ceiling returns the largest height that the chain can have reached.
func (h *horizon) ceiling(now time.Time) int64 {
	// Without its monotonic reading, the time includes that in which the machine slept.
	elapsed := max(now.Round(0).Sub(h.at.Round(0)), 0)
	return h.height + leap + int64(elapsed/h.fastest)
}

// check returns errInvented for a height that the chain cannot have reached.
func (h *horizon) check(height int64, now time.Time) error {
	if most := h.ceiling(now); h.height > 0 && height > most {
		return fmt.Errorf("%w: expected at most height %d, because the chain was at height %d at %s, found %d",
			errInvented, most, h.height, h.at.UTC().Format(time.RFC3339), height)
	}
	return nil
}

// show notes a height that the node has named and that may be right.
func (h *horizon) show(height int64, now time.Time) {
	if !h.proven {
		h.height, h.at = height, now
	}
}

// prove notes a height that a light client has followed.
func (h *horizon) prove(height int64, at time.Time) {
	if height > 0 && (!h.proven || height > h.height) {
		h.height, h.at, h.proven = height, at, true
	}
}

// vouched returns the newest height that may be written into the journal: if heights can be
// proven, one that agrees with a proof.
func (a *Agent) vouched() int64 {
	if a.proofs.prover != nil && !a.horizon.proven {
		return a.view.floor
	}
	return min(a.view.height, a.horizon.ceiling(a.cfg.Now()))
}

// follow proves the newest height concurrently with the loop. It returns false if a proof is being read
// already, or has just been read.
func (a *Agent) follow() bool {
	now := a.cfg.Now()
	if a.horizon.underway || a.horizon.tried && now.Sub(a.horizon.asked) < doubtPause {
		return false
	}
	a.horizon.underway, a.horizon.asked = true, now
	ctx, prover, endpoint := a.loop.ctx, a.proofs.prover, a.cfg.Endpoints.Using()
	a.loop.beside(func() event {
		ctx, cancel := context.WithTimeout(ctx, queryTimeout)
		defer cancel()
		_, err := prover.Follow(ctx)
		return followed{endpoint, err}
	})
	return true
}

// followed reports that the newest height was proven, or why not.
type followed struct {
	endpoint string
	err      error
}

// apply implements event.
func (f followed) apply(a *Agent) {
	a.horizon.underway, a.horizon.tried = false, true
	if f.err != nil {
		a.judgeHeight(f.err)
		a.unprovable(f.endpoint, f.err)
		return
	}
	a.proofs.failed = 0
	a.learn()
	a.judgeHeight(nil)
	a.look()
}

// learn takes over the newest height that was proven.
func (a *Agent) learn() {
	a.horizon.prove(a.proofs.prover.Newest())
	a.goBack()
}

// foresees reports whether a look may begin: the first proof of a height has been read, if heights
// can be proven, so that the node's first height can be compared with it.
func (a *Agent) foresees() bool {
	if a.proofs.prover == nil || a.horizon.tried {
		return true
	}
	a.follow()
	return false
}

// doubt is called when the node's heights cannot be right, or cannot follow what it has shown
// before. It finds out at which height the chain is: by a proof or, if the node is believed without
// proofs, from a node that says for a while that its newest block is new.
func (a *Agent) doubt(height, unixSeconds int64) {
	now := a.cfg.Now()
	if a.proofs.prover != nil {
		a.follow()
		return
	}
	if unixSeconds <= 0 || now.Sub(time.Unix(unixSeconds, 0)) > staleAfter {
		a.horizon.doubt = time.Time{} // it catches up
		return
	}
	if a.horizon.doubt.IsZero() {
		a.horizon.doubt = now
	}
	if now.Sub(a.horizon.doubt) >= staleAfter {
		a.horizon.height, a.horizon.at = height, now
		a.goBack()
	}
}

// goBack corrects the heights that the chain cannot have reached: a node has invented one, and it
// was believed before anything could be compared with it.
func (a *Agent) goBack() {
	if a.horizon.height == 0 || a.proofs.prover != nil && !a.horizon.proven {
		return // there is nothing to compare with
	}
	most := a.horizon.ceiling(a.cfg.Now())
	if a.view.height <= most && a.view.floor <= most && a.outbox.freshFrom <= most {
		return
	}
	a.cfg.Logger.Warn("a node has named a height that the chain cannot have reached; going on from the height of the chain",
		"invented", max(a.view.height, a.view.floor, a.outbox.freshFrom), "height", a.horizon.height, "most", most)
	to := a.horizon.height
	lower := func(heights ...*int64) {
		for _, height := range heights {
			if *height > most {
				*height = to
			}
		}
	}
	lower(&a.view.height)
	a.view.floor = 0
	for _, w := range a.assignments {
		lower(&w.goneSince, &w.revealSince, &w.retriedAt, &w.clearance.since)
		if w.record.Seen > most && !a.edit(w, func(r *store.Assignment) { lower(&r.Seen) }) {
			return
		}
		a.view.floor = max(a.view.floor, w.record.Seen)
	}
	lower(&a.listings.at, &a.listings.second, &a.proofs.audited)
	for key, since := range a.listings.shown {
		a.listings.shown[key] = min(since, most)
	}
	lower(&a.view.paramsAt, &a.outbox.freshFrom, &a.outbox.renewFrom, &a.asked.from, &a.asked.at)
	if a.receipts.scanned > most {
		a.receipts = receipts{}
	}
}
