package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/thetaedge/theta/blob/throughput"
)

// watch cancels a transfer at the deadline that its throughput has earned.
type watch struct {
	*throughput.Watch
	limits throughput.Limits
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	deadline time.Time
	timer    *time.Timer
	stopped  bool
}

func newWatch(cfg ClientConfig, cancel context.CancelCauseFunc) *watch {
	w := &watch{
		cancel: cancel,
		limits: throughput.Limits{Window: cfg.StallTimeout, Rate: cfg.MinRate, Total: cfg.Timeout},
	}
	w.Watch = throughput.New(w.limits, w.until)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(time.Until(w.deadline), w.check)
	return w
}

// until notes a deadline. The timer, which was set for an earlier one, finds it there:
// moving the timer for each window of a fast transfer would cost more.
func (w *watch) until(deadline time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadline = deadline
}

// check cancels the transfer unless its deadline has moved.
func (w *watch) check() {
	// First, because the watch holds its lock while it notes a deadline.
	moved, late := w.Moved()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	if left := time.Until(w.deadline); left > 0 {
		w.timer.Reset(left)
		return
	}
	if late {
		w.cancel(fmt.Errorf("%w: expected it to end within %s; use a nearer server or raise the timeout", ErrTooSlow, w.limits.Total))
		return
	}
	w.cancel(fmt.Errorf("%w: expected at least %d bytes a second, found %d bytes in %s; use another server", ErrTooSlow, w.limits.Rate, moved, w.limits.Window))
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.timer.Stop()
}

// watchedReader reports an upload's progress.
type watchedReader struct {
	r     io.Reader
	watch *watch
}

func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.watch.Move(n)
	if errors.Is(err, io.EOF) {
		// Now it is the server's turn to store it: it gets a full window.
		r.watch.Renew()
	}
	return n, err
}
