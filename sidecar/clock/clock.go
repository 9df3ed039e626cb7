package clock

import (
	"fmt"
	"sync"
	"time"
)

const (
	// step is the difference above which the machine's clock was set, and did not only run a little
	// faster or slower.
	step = 2 * time.Second
	// agreement is the difference up to which the time of a new block agrees with a clock. A block is a
	// few seconds old when it is proven.
	agreement = time.Minute
)

// Clock is the time of the daemon. It is safe for concurrent use.
type Clock struct {
	wall func() time.Time
	boot func() time.Duration

	mu sync.Mutex
	// at is the time when the machine had run for a time of since, sleep included.
	at    time.Time
	since time.Duration
	// block is the time of the newest proven block.
	block time.Time
	// agreed reports whether the last proven block agreed with this clock.
	agreed bool
}

// New returns a clock that shows what the machine's clock shows.
func New() *Clock { return From(time.Now, SinceBoot) }

// From returns a clock that reads the machine's clock from wall, and from boot the time since a fixed
// moment, in which a sleep of the machine counts and which cannot be set.
func From(wall func() time.Time, boot func() time.Duration) *Clock {
	return &Clock{wall: wall, boot: boot, at: wall().Round(0), since: boot()}
}

// Now returns the time. It has no monotonic reading, so that differences include sleep.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

// Latest returns the time of this clock or of the newest proven block, whichever is later. What ends under a clock that
// begins in 1970 would otherwise look old once that clock is set.
func (c *Clock) Latest() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.read(); now.After(c.block) {
		return now
	}
	return c.block
}

func (c *Clock) read() time.Time {
	wall, since := c.wall().Round(0), c.boot()
	own := c.at.Add(since - c.since)
	if c.agreed && wall.Sub(own).Abs() > step {
		return own
	}
	c.at, c.since = wall, since
	return wall
}

// Confirm compares the clocks with the time of a block that is new and was just proven.
func (c *Clock) Confirm(block time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if block.After(c.block) {
		c.block = block
	}
	own, wall := c.read(), c.wall().Round(0)
	if wall.Sub(block).Abs() < own.Sub(block).Abs() {
		own, c.at, c.since = wall, wall, c.boot()
	}
	c.agreed = own.Sub(block).Abs() <= agreement
}

// Wrong returns how far the machine's clock is ahead of this clock, if it was set to a time with which the
// blocks do not agree; otherwise 0. A negative result means that it is behind.
func (c *Clock) Wrong() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if off := c.wall().Round(0).Sub(c.read()); off.Abs() > step {
		return off
	}
	return 0
}

// Warning says what is wrong with the machine's clock and what to do; it is empty if nothing is.
func (c *Clock) Warning() string {
	off := c.Wrong()
	if off == 0 {
		return ""
	}
	side := "ahead of"
	if off < 0 {
		side = "behind"
	}
	return fmt.Sprintf("the clock of this machine was set while the daemon runs and is %s %s the blocks of the chain; the daemon goes on by its own time until the clock is right: set it, for example with: sudo timedatectl set-ntp true", off.Abs().Round(time.Second), side)
}
