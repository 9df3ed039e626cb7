package relay

import (
	"time"
)

// pace ends a transfer that moves fewer bytes in a window of Grace than MinRate asks
// for, or that outlasts its size at that rate. Without windows a peer that announces
// much and sends nothing would hold its place for hours.
type pace struct {
	window time.Duration
	// least must move in a window.
	least int64
	// end is when the transfer is over in any case.
	end time.Time
	// set moves the deadline of the connection.
	set func(time.Time) error
	now func() time.Time

	moved int64
}

// newPace starts the first window of a transfer of size bytes.
func newPace(cfg Config, size int64, set func(time.Time) error) *pace {
	p := &pace{window: cfg.Grace, least: max(int64(cfg.Grace.Seconds()*float64(cfg.MinRate)), 1), set: set, now: time.Now}
	p.end = p.now().Add(allowed(cfg, size))
	p.begin()
	return p
}

// allowed is how long a transfer of size bytes may take.
func allowed(cfg Config, size int64) time.Duration {
	seconds := max(size, 0) / cfg.MinRate
	return cfg.Grace + time.Duration(min(seconds, 1<<31))*time.Second
}

func (p *pace) begin() {
	p.moved = 0
	until := p.now().Add(p.window)
	if p.end.Before(until) {
		until = p.end
	}
	// A writer without deadlines is a test's recorder or another server's wrapper.
	_ = p.set(until)
}

// move counts bytes, and starts another window once enough have moved in this one.
func (p *pace) move(n int) {
	if p.moved += int64(n); p.moved >= p.least {
		p.begin()
	}
}
