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

// newWatch watches a transfer; sends reports whether its content is sent from here.
func newWatch(cfg ClientConfig, sends bool, cancel context.CancelCauseFunc) *watch {
	w := &watch{
		cancel: cancel,
		limits: throughput.Limits{Window: cfg.StallTimeout, Rate: cfg.MinRate, Total: cfg.Timeout},
	}
	if sends {
		w.limits = w.limits.Sending()
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
	state := w.State()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	if left := time.Until(w.deadline); left > 0 {
		w.timer.Reset(left)
		return
	}
	switch {
	case state.Late:
		w.cancel(fmt.Errorf("%w: expected it to end within %s; use a nearer server or raise the timeout", ErrTooSlow, w.limits.Total))
	case state.Moved == 0 || float64(state.Moved) < state.For.Seconds()*float64(w.limits.Rate):
		w.cancel(fmt.Errorf("%w: expected at least %d bytes a second, found %d bytes in %s; use another server", ErrTooSlow, w.limits.Rate, state.Moved, state.For.Round(time.Millisecond)))
	default:
		w.cancel(fmt.Errorf("%w: expected a byte every %s, found none for %s, after %d bytes; use another server",
			ErrTooSlow, w.limits.Window+w.limits.Idle, state.Idle.Round(time.Millisecond), state.Moved))
	}
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
