// Package throughput ends transfers that are too slow. A peer that announces much and sends
// nothing, or a byte now and then, would otherwise hold a transfer open for hours.
package throughput

import (
	"sync"
	"time"
)

// Limits bound a transfer.
type Limits struct {
	// Window is the time in which Window·Rate bytes must move, and at least one.
	Window time.Duration
	// Rate in bytes per second.
	Rate int64
	// Total is the longest that the transfer may take, however fast it is.
	Total time.Duration
}

// least returns the bytes that must move in a window.
func (l Limits) least() int64 {
	return max(int64(l.Window.Seconds()*float64(l.Rate)), 1)
}

// ForSize returns limits under which a transfer of size bytes at the slowest rate ends, with
// one window to spare.
func ForSize(window time.Duration, rate, size int64) Limits {
	seconds := max(size, 0) / rate
	return Limits{Window: window, Rate: rate, Total: window + time.Duration(min(seconds, 1<<31))*time.Second}
}

// Watch follows one transfer and moves its deadline: to the end of a window, each time that
// enough bytes have moved in it, but never beyond the end of the transfer. It is safe for
// concurrent use.
type Watch struct {
	limits Limits
	set    func(deadline time.Time)
	now    func() time.Time

	mu    sync.Mutex
	end   time.Time
	moved int64
}

// New starts to watch a transfer. It calls set with each deadline; who passes set ends the
// transfer there.
func New(limits Limits, set func(deadline time.Time)) *Watch {
	return newAt(limits, set, time.Now)
}

func newAt(limits Limits, set func(time.Time), now func() time.Time) *Watch {
	w := &Watch{limits: limits, set: set, now: now, end: now().Add(limits.Total)}
	w.Renew()
	return w
}

// Move counts bytes, and starts another window once enough have moved in this one.
func (w *Watch) Move(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.moved += int64(n); w.moved >= w.limits.least() {
		w.renew()
	}
}

// Renew starts another window, whatever has moved in this one.
func (w *Watch) Renew() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.renew()
}

func (w *Watch) renew() {
	w.moved = 0
	deadline := w.now().Add(w.limits.Window)
	if w.end.Before(deadline) {
		deadline = w.end
	}
	w.set(deadline)
}

// Moved returns the bytes that have moved in this window. late reports whether the whole
// transfer has had its time, so that it is not the window that ends it.
func (w *Watch) Moved() (n int64, late bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.moved, !w.now().Before(w.end)
}
