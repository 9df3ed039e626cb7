package worker

import (
	"context"
	"sync"
	"time"
)

// clock counts the time in which worker processes may run. It stands still while the executor is
// suspended, and while the daemon itself stands still because the machine sleeps or the process was
// stopped. All bounds on the time of a worker process are in the time of this clock.
type clock struct {
	// wall is the clock of the machine, and beat the longest time between two looks at it while an alarm
	// is set.
	wall func() time.Time
	beat time.Duration

	mu sync.Mutex
	// looked is the time of the last look while an alarm is set.
	looked time.Time
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

// lookEvery is the longest time between two looks at the clock of the machine, and stillness the delay of a look
// above which the daemon stood still.
const (
	lookEvery = 5 * time.Second
	stillness = 5 * time.Second
)

func newClock() *clock { return clockFrom(time.Now, lookEvery) }

func clockFrom(wall func() time.Time, beat time.Duration) *clock {
	return &clock{wall: wall, beat: beat, since: wall(), alarms: map[*alarm]struct{}{}}
}

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
	if len(c.alarms) > 0 {
		c.look()
	}
	return c.ran + c.wall().Sub(c.since)
}

// look leaves out the time in which the daemon has stood still since the last look.
func (c *clock) look() {
	now := c.wall()
	if late := now.Sub(c.looked) - c.beat; late > stillness && !c.since.IsZero() {
		c.since = c.since.Add(late)
	}
	c.looked = now
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
	c.since = c.wall()
	c.looked = c.since
	for a := range c.alarms {
		a.timer.Reset(min(a.due-c.ran, c.beat))
	}
}

// after calls ring in a goroutine of its own once a time has been counted, unless the alarm is
// stopped before.
func (c *clock) after(wait time.Duration, ring func()) *alarm {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.alarms) == 0 {
		c.looked = c.wall()
	}
	a := &alarm{clock: c, due: c.read() + wait, ring: ring}
	c.alarms[a] = struct{}{}
	a.timer = time.AfterFunc(min(wait, c.beat), a.fire)
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
		a.timer.Reset(min(left, c.beat))
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
