package owner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thetaedge/theta/sidecar/device"
)

// OpenConfig says what the sensors of this machine need.
type OpenConfig struct {
	// Home is a folder on the disk that is watched.
	Home string
	// Getenv returns variables of the environment, which name the owner's screen and session.
	Getenv func(string) string
	// Watts is the power of processor packages and graphics cards.
	Watts func() (float64, error)
	// Cards reads the graphics cards. It holds the only driver of them in the daemon.
	Cards device.Gauges
	// Now is the clock that says how old lists of processes are; nil means time.Now.
	Now func() time.Time
}

// HasScreen reports whether a person may be using this machine, as far as this process sees: whether a graphical
// session is there. getenv returns variables of the environment.
func HasScreen(getenv func(string) string) bool { return hasScreen(getenv) }

// Open returns the sensors of this machine. They open what they need when they are read.
func Open(cfg OpenConfig) Sensors {
	s := openSensors(cfg)
	s.Watts = SensorFunc[float64](func(ctx context.Context) (float64, error) {
		return twice(ctx, device.PowerSpan, cfg.Watts)
	})
	return s
}

// twice reads a mean. The first reading of all is followed by a second one.
func twice(ctx context.Context, span time.Duration, read func() (float64, error)) (float64, error) {
	value, err := read()
	if errors.Is(err, device.ErrTooEarly) {
		if err = wait(ctx, span); err == nil {
			value, err = read()
		}
	}
	return value, err
}

// firstSpan is how long the first reading of a mean takes.
const firstSpan = 150 * time.Millisecond

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
