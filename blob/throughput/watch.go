// Package throughput ends transfers that are too slow. A peer that announces much and sends
// nothing, or a byte now and then, would otherwise hold a transfer open for hours.
package throughput

import (
	"sync"
	"time"
)

// Limits bound a transfer.
type Limits struct {
	// Window is the time in which at least one byte must move, in addition to Idle. In the whole
	// time of the transfer, except for one window, Rate bytes a second must move.
	Window time.Duration
	// Rate in bytes per second.
	Rate int64
	// Idle is how much longer than a window nothing may move.
	Idle time.Duration
	// Total is the longest that the transfer may take, however fast it is.
	Total time.Duration
}

// sendingWindows is the number of further windows for which nothing may move where content is sent.
const sendingWindows = 12

// Sending returns the limits for the side that sends. The operating system takes megabytes at
// once, and then nothing until a part of them has left the machine.
func (l Limits) Sending() Limits {
	l.Idle = sendingWindows * l.Window
	return l
}

// ForSize returns limits under which a transfer of size bytes at the slowest rate ends, with
// one window to spare.
func ForSize(window time.Duration, rate, size int64) Limits {
	seconds := max(size, 0) / rate
	return Limits{Window: window, Rate: rate, Total: window + time.Duration(min(seconds, 1<<31))*time.Second}
}

// earned returns the time that bytes take at the slowest rate, rounded up.
func (l Limits) earned(bytes int64) time.Duration {
	seconds := min(bytes/l.Rate, 1<<31)
	return time.Duration(seconds)*time.Second + (time.Duration(bytes%l.Rate)*time.Second+time.Duration(l.Rate-1))/time.Duration(l.Rate)
}

// step is the part of a window by which a deadline moves at least.
const step = 8

// Watch follows one transfer and moves its deadline with the bytes that move: what was faster than
// the slowest rate makes up for what is slower later, and a pause ends the transfer. The deadline is
// never beyond the end of the transfer. It is safe for concurrent use.
type Watch struct {
	limits Limits
	set    func(deadline time.Time)
	now    func() time.Time

	mu         sync.Mutex
	start, end time.Time
	// moved is what has moved since the start, and last when it did.
	moved int64
	last  time.Time
	// deadline was set last.
	deadline time.Time
}

// New starts to watch a transfer. It calls set with each deadline; who passes set ends the
// transfer there.
func New(limits Limits, set func(deadline time.Time)) *Watch {
	return newAt(limits, set, time.Now)
}

func newAt(limits Limits, set func(time.Time), now func() time.Time) *Watch {
	start := now()
	w := &Watch{limits: limits, set: set, now: now, start: start, last: start, end: start.Add(limits.Total)}
	w.extend(start.Add(limits.Window))
	return w
}

// Move counts bytes, and moves the deadline.
func (w *Watch) Move(n int) {
	if n <= 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moved += int64(n)
	w.last = w.now()
	part := w.limits.Window / step
	deadline := w.start.Add(w.limits.Window + w.limits.earned(w.moved))
	if idle := w.last.Add(w.limits.Window + w.limits.Idle); idle.Before(deadline) {
		deadline = idle
	}
	// It is set a part later, so that it does not have to be set before it has moved by a part.
	if deadline.After(w.deadline) {
		w.extend(deadline.Add(part))
	}
}

// Renew gives the transfer a window from now on, whatever has moved before.
func (w *Watch) Renew() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.extend(w.now().Add(w.limits.Window))
}

// extend moves the deadline, never back and never beyond the end.
func (w *Watch) extend(deadline time.Time) {
	if w.end.Before(deadline) {
		deadline = w.end
	}
	if deadline.After(w.deadline) {
		w.deadline = deadline
		w.set(deadline)
	}
}

// State is how a transfer goes.
type State struct {
	// Moved is the number of bytes that have moved, in the time For.
	Moved int64
	For   time.Duration
	// Idle is the time since the last of them.
	Idle time.Duration
	// Late reports whether the whole transfer has had its time.
	Late bool
}

// State returns how the transfer goes.
func (w *Watch) State() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	return State{Moved: w.moved, For: now.Sub(w.start), Idle: now.Sub(w.last), Late: !now.Before(w.end)}
}
