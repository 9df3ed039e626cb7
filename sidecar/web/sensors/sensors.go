// Package sensors reads the load, the temperature and the power of this machine for the dashboard's
// charts. A value that the system does not report is missing, with the reason; the package never
// guesses.
package sensors

import (
	"context"
	"time"

	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/web"
)

// Sensors reads the sensors of a machine. Only one goroutine may use it.
type Sensors struct {
	ctx   context.Context
	root  string
	meter device.Meter

	// last are the processor's counters at the last reading.
	last ticks
	span device.Span
	// since is when the span began.
	since time.Time
}

// New returns the sensors of the machine whose file system is below root, with the meter of its
// energy. Measurements end when ctx ends.
func New(ctx context.Context, root string, meter device.Meter) *Sensors {
	return &Sensors{ctx: ctx, root: root, meter: meter}
}

// Read implements web.Sensors.
func (s *Sensors) Read(now time.Time) []web.Reading {
	return []web.Reading{s.load(), s.temperature(), s.power(now)}
}

// load returns the share of the processor's time that was not idle since the last reading.
func (s *Sensors) load() web.Reading {
	r := web.Reading{Name: "cpu", Unit: "%"}
	now, err := readTicks(s.root)
	before := s.last
	s.last = now
	switch {
	case err != nil:
		r.Missing, s.last = err.Error(), ticks{}
	case before.all == 0:
		r.Missing = "the first reading is a few seconds away"
	case now.all <= before.all || now.idle < before.idle:
		r.Missing = "the counters of the processor went back"
	default:
		all, idle := now.all-before.all, min(now.idle-before.idle, now.all-before.all)
		r.Value = 100 * float64(all-idle) / float64(all)
	}
	return r
}

func (s *Sensors) temperature() web.Reading {
	r := web.Reading{Name: "temperature", Unit: "°C"}
	value, err := readTemperature(s.root)
	if err != nil {
		r.Missing = err.Error()
		return r
	}
	r.Value = value
	return r
}

// power returns the average power since the last reading.
func (s *Sensors) power(now time.Time) web.Reading {
	r := web.Reading{Name: "power", Unit: "W", Missing: "the first reading is a few seconds away"}
	if s.span != nil {
		energy, seconds := s.span.Stop(), now.Sub(s.since).Seconds()
		switch {
		case !energy.Measured():
			r.Missing = energy.Reason
		case seconds < 1:
			r.Missing = "the clock was set back"
		default:
			r.Missing, r.Value = "", float64(energy.Millijoules)/1000/seconds
		}
	}
	s.span, s.since = s.meter.Start(s.ctx), now
	return r
}
