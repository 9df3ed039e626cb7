package guard

import (
	"sync"
	"time"
)

// clock counts the time in which this process could run. The clock of the system goes on while the
// process is suspended or the machine sleeps; this one looks at it often, and counts only a part of a
// long time between two looks.
type clock struct {
	over chan struct{}
	once sync.Once

	mu   sync.Mutex
	ran  time.Duration
	seen time.Time
}

const (
	// lookPause is the pause between two looks.
	lookPause = 100 * time.Millisecond
	// mostPause is what counts at most of the time between two looks. A busy machine delays looks.
	mostPause = 5 * lookPause
)

// newClock returns a clock that runs until it is stopped.
func newClock() *clock {
	c := &clock{over: make(chan struct{}), seen: time.Now()}
	go c.run()
	return c
}

func (c *clock) run() {
	ticker := time.NewTicker(lookPause)
	defer ticker.Stop()
	for {
		select {
		case <-c.over:
			return
		case now := <-ticker.C:
			c.look(now)
		}
	}
}

// look counts the time since the last look, and returns all that was counted.
func (c *clock) look(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if passed := now.Sub(c.seen); passed > 0 {
		c.ran += min(passed, mostPause)
		c.seen = now
	}
	return c.ran
}

// now returns the counted time.
func (c *clock) now() time.Duration { return c.look(time.Now()) }

func (c *clock) stop() { c.once.Do(func() { close(c.over) }) }
