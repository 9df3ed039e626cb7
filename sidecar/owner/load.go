package owner

import (
	"context"
	"errors"

	"github.com/thetaedge/theta/sidecar/device"
)

// loadReadings is how many readings the mean of a load spans, so that a short burst does not stop
// work.
const loadReadings = 5

// load measures which part of the processors other programs use.
type load struct {
	// sample reads the counters. With fresh, it does not use what another sensor has just read.
	sample func(fresh bool) (loadSample, error)
	// samples contains the last readings, oldest first. Only Read uses it.
	samples []loadSample
}

// busyOf returns the time in which processors worked. One that waits for a disk, or that the host of a virtual machine
// has taken away, is not busy.
func busyOf(t device.ProcessorTimes) uint64 { return t.Total - t.Idle - t.Waiting - t.Stolen }

// loadSample is a state of counters of processor time, in any unit. own is that of our processes.
type loadSample struct{ total, busy, own uint64 }

// Read implements Sensor.
func (l *load) Read(ctx context.Context) (float64, error) {
	now, err := l.sample(false)
	if err != nil {
		return 0, err
	}
	if len(l.samples) == 0 {
		l.samples = append(l.samples, now)
		if err := wait(ctx, firstSpan); err != nil {
			return 0, err
		}
		if now, err = l.sample(true); err != nil {
			return 0, err
		}
	}
	first := l.samples[0]
	l.samples = append(l.samples, now)
	if len(l.samples) > loadReadings {
		l.samples = l.samples[1:]
	}
	if now.total <= first.total || now.busy < first.busy {
		l.samples = nil
		return 0, errors.New("the counters of processor time do not go on")
	}
	others := float64(now.busy - first.busy)
	if now.own > first.own {
		others -= float64(now.own - first.own)
	}
	return 100 * max(0, others) / float64(now.total-first.total), nil
}
