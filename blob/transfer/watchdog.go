package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// watchdog cancels a transfer that misses its overall deadline or, in any window
// of StallTimeout, moves fewer bytes than MinRate asks for. A server that sends a
// byte now and then could otherwise hold a transfer open for ever.
type watchdog struct {
	cancel context.CancelCauseFunc
	window time.Duration
	least  int64
	rate   int64

	mu      sync.Mutex
	bytes   int64
	checked *time.Timer
	overall *time.Timer
	stopped bool
}

func newWatchdog(cfg ClientConfig, cancel context.CancelCauseFunc) *watchdog {
	w := &watchdog{
		cancel: cancel, window: cfg.StallTimeout, rate: cfg.MinRate,
		least: max(int64(cfg.StallTimeout.Seconds()*float64(cfg.MinRate)), 1),
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.checked = time.AfterFunc(w.window, w.check)
	w.overall = time.AfterFunc(cfg.Timeout, func() {
		cancel(fmt.Errorf("%w: expected it to end within %s; use a nearer server or raise the timeout", ErrTooSlow, cfg.Timeout))
	})
	return w
}

func (w *watchdog) check() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	if w.bytes < w.least {
		w.cancel(fmt.Errorf("%w: expected at least %d bytes a second, found %d bytes in %s; use another server", ErrTooSlow, w.rate, w.bytes, w.window))
		return
	}
	w.bytes = 0
	w.checked.Reset(w.window)
}

func (w *watchdog) moved(n int) {
	w.mu.Lock()
	w.bytes += int64(n)
	w.mu.Unlock()
}

func (w *watchdog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.checked.Stop()
	w.overall.Stop()
}

// watchedReader reports an upload's progress.
type watchedReader struct {
	r     io.Reader
	watch *watchdog
}

func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.watch.moved(n)
	if errors.Is(err, io.EOF) {
		// Now it is the server's turn to store it: it gets a full window.
		r.watch.moved(int(r.watch.least))
	}
	return n, err
}
