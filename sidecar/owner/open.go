package owner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/thetaedge/theta/sidecar/device"
)

// OpenConfig says what the sensors of this machine need.
type OpenConfig struct {
	// Home is a folder on the disk that is watched.
	Home string
	// Getenv returns variables of the environment, which name the owner's screen and session.
	Getenv func(string) string
	// Meter measures the energy of processor packages and graphics cards.
	Meter device.Meter
}

// Open returns the sensors of this machine. They open what they need when they are read.
func Open(cfg OpenConfig) Sensors {
	s := openSensors(cfg)
	s.Watts = &wattmeter{meter: cfg.Meter, now: time.Now}
	return s
}

// wattmeter turns a meter of energy into one of power: the mean power since the last reading.
type wattmeter struct {
	meter device.Meter
	now   func() time.Time
	// mu is held during a reading.
	mu    sync.Mutex
	span  device.Span
	since time.Time
}

// firstSpan is how long the first reading of a mean takes.
const firstSpan = 150 * time.Millisecond

// Read implements Sensor. Counters of energy change about once a millisecond, so that readings a
// second apart are exact enough.
func (m *wattmeter) Read(ctx context.Context) (float64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.meter == nil {
		return 0, errors.New("no meter of energy on this machine")
	}
	if m.span == nil {
		m.begin()
		if err := wait(ctx, firstSpan); err != nil {
			return 0, err
		}
	}
	used, seconds := m.span.Stop(), m.now().Sub(m.since).Seconds()
	m.begin()
	switch {
	case !used.Measured():
		return 0, errors.New(used.Reason)
	case seconds <= 0:
		return 0, fmt.Errorf("expected a time that has passed, found %gs", seconds)
	}
	return float64(used.Millijoules) / 1000 / seconds, nil
}

// begin starts a measurement that ends with the next reading, whatever its context is.
func (m *wattmeter) begin() {
	m.span, m.since = m.meter.Start(context.Background()), m.now()
}

// wait waits unless ctx ends first.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// source is one of several ways to see the same.
type source[T any] struct {
	name string
	read func(ctx context.Context) (T, error)
}

// firstOf returns a sensor that takes the first source that answers. If none does, it says why of
// each.
func firstOf[T any](sources ...source[T]) Sensor[T] {
	return SensorFunc[T](func(ctx context.Context) (T, error) {
		var none T
		var errs []error
		for _, s := range sources {
			value, err := s.read(ctx)
			if err == nil {
				return value, nil
			}
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
		}
		return none, join(errs)
	})
}

// join puts errors into one line.
func join(errs []error) error {
	var all error
	for _, err := range errs {
		if all == nil {
			all = err
			continue
		}
		all = fmt.Errorf("%w; %w", all, err)
	}
	return all
}
