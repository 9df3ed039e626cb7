// Package sensors reads the load, the temperature and the power of this machine for the dashboard's
// charts. A value that the system does not report is missing, with the reason; the package never
// guesses.
package sensors

import (
	"errors"
	"time"

	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/web"
)

// soon says why there is no first reading.
const soon = "the first reading is a few seconds away"

// Sensors reads the sensors of a machine. Only one goroutine may use it.
type Sensors struct {
	root  string
	chips device.Chips
	watts func() (float64, error)

	// last are the processor's counters at the last reading.
	last device.ProcessorTimes
}

// New returns the sensors of the machine whose file system is below root. The function watts returns
// the power of its devices.
func New(root string, watts func() (float64, error)) *Sensors {
	return &Sensors{root: root, chips: device.NewChips(root), watts: watts}
}

// Read implements web.Sensors.
func (s *Sensors) Read(time.Time) []web.Reading {
	return []web.Reading{s.load(), s.temperature(), s.power()}
}

// load returns the share of the processor's time that was not idle since the last reading.
func (s *Sensors) load() web.Reading {
	r := web.Reading{Name: "cpu", Unit: "%"}
	now, err := device.ReadProcessorTimes(s.root)
	before := s.last
	s.last = now
	restNow, restBefore := now.Idle+now.Waiting, before.Idle+before.Waiting
	switch {
	case err != nil:
		r.Missing, s.last = err.Error(), device.ProcessorTimes{}
	case before.Total == 0:
		r.Missing = soon
	case now.Total <= before.Total || restNow < restBefore:
		r.Missing = "the counters of the processor went back"
	default:
		all, rest := now.Total-before.Total, min(restNow-restBefore, now.Total-before.Total)
		r.Value = 100 * float64(all-rest) / float64(all)
	}
	return r
}

func (s *Sensors) temperature() web.Reading {
	r := web.Reading{Name: "temperature", Unit: "°C"}
	value, err := s.chips.Processor()
	if err != nil {
		r.Missing = err.Error()
		return r
	}
	r.Value = value
	return r
}

// power returns the mean power of a moment ago.
func (s *Sensors) power() web.Reading {
	r := web.Reading{Name: "power", Unit: "W"}
	watts, err := s.watts()
	switch {
	case errors.Is(err, device.ErrTooEarly):
		r.Missing = soon
	case err != nil:
		r.Missing = err.Error()
	default:
		r.Value = watts
	}
	return r
}
