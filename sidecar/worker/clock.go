package worker

import (
	"context"
	"sync"
	"time"
)

// clock counts the time in which worker processes may run. It stands still while the executor is
// suspended. All bounds on the time of a worker process are in the time of this clock.
type clock struct {
	mu sync.Mutex
	// ran is the time that was counted before since. While the clock stands still, since is zero.
	ran    time.Duration
	since  time.Time
	alarms map[*alarm]struct{}
}

// alarm calls a function once a clock has reached a time.
type alarm struct {
	clock *clock
	due   time.Duration
	ring  func()
	timer *time.Timer
}

func newClock() *clock { return &clock{since: time.Now(), alarms: map[*alarm]struct{}{}} }

// now returns the counted time.
func (c *clock) now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

func (c *clock) read() time.Duration {
	if c.since.IsZero() {
		return c.ran
	}
	return c.ran + time.Since(c.since)
}

// halt makes the clock stand still.
func (c *clock) halt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ran, c.since = c.read(), time.Time{}
	for a := range c.alarms {
		a.timer.Stop()
	}
}

// run makes a clock go on that stands still.
func (c *clock) run() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.since.IsZero() {
		return
	}
	c.since = time.Now()
	for a := range c.alarms {
		a.timer.Reset(a.due - c.ran)
	}
}

// after calls ring in a goroutine of its own once a time has been counted, unless the alarm is
// stopped before.
func (c *clock) after(wait time.Duration, ring func()) *alarm {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := &alarm{clock: c, due: c.read() + wait, ring: ring}
	c.alarms[a] = struct{}{}
	a.timer = time.AfterFunc(wait, a.fire)
	if c.since.IsZero() {
		a.timer.Stop()
	}
	return a
}

// fire rings, unless the clock was halted in the same moment.
func (a *alarm) fire() {
	c := a.clock
	c.mu.Lock()
	_, set := c.alarms[a]
	left := a.due - c.read()
	switch {
	case !set || c.since.IsZero():
		c.mu.Unlock()
		return
	case left > 0:
		a.timer.Reset(left)
		c.mu.Unlock()
		return
	}
	delete(c.alarms, a)
	c.mu.Unlock()
	a.ring()
}

func (a *alarm) stop() {
	a.clock.mu.Lock()
	defer a.clock.mu.Unlock()
	delete(a.clock.alarms, a)
	a.timer.Stop()
}

// limit returns a context that ends with a cause once a time has been counted, and a function
// that releases it.
func (c *clock) limit(ctx context.Context, wait time.Duration, cause error) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	a := c.after(wait, func() { cancel(cause) })
	return ctx, func() { a.stop(); cancel(nil) }
}
