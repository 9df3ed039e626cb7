package owner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thetaedge/theta/blob"
)

// Sensor reads one thing about this machine. An error says why it cannot be seen. Read is not
// called again before it has returned.
type Sensor[T any] interface {
	Read(ctx context.Context) (T, error)
}

// SensorFunc is a function that is a sensor.
type SensorFunc[T any] func(ctx context.Context) (T, error)

// Read calls the function.
func (f SensorFunc[T]) Read(ctx context.Context) (T, error) { return f(ctx) }

// Sensors contains the sensors of a machine. A field is nil if there is none.
type Sensors struct {
	Idle           Sensor[Activity]
	FullScreen     Sensor[string]
	Programs       Sensor[[]string]
	CPU, GPU       Sensor[float64]
	CPUTemperature Sensor[float64]
	GPUTemperature Sensor[float64]
	Watts, Fan     Sensor[float64]
	Power          Sensor[Power]
	Metered        Sensor[bool]
	FreeDisk       Sensor[uint64]

	// close ends the connections to the owner's screen and session.
	close []func() error
}

// Close ends what the sensors have opened. A reading that begins afterwards opens it again, so that they have to be
// read no more.
func (s Sensors) Close() error {
	errs := make([]error, len(s.close))
	for i, end := range s.close {
		errs[i] = end()
	}
	return errors.Join(errs...)
}

// readLimit is the time that a sensor has for a reading.
const readLimit = 400 * time.Millisecond

// probe reads a sensor and never waits longer than its limit, whatever the sensor does.
type probe[T any] struct {
	sensor Sensor[T]
	// check says why a value is not believed.
	check func(T) error
	limit time.Duration
	// late receives the result of a call that did not return in time.
	late chan Reading[T]
}

func newProbe[T any](sensor Sensor[T], check func(T) error) *probe[T] {
	return &probe[T]{sensor: sensor, check: check, limit: readLimit}
}

// read returns a reading. While an earlier call hangs, it does not begin another one.
func (p *probe[T]) read(ctx context.Context) Reading[T] {
	if p.sensor == nil {
		return Unseen[T]("this machine or this build has no sensor for it")
	}
	if p.late != nil {
		select {
		case <-p.late: // too old to be used
			p.late = nil
		default:
			return Unseen[T]("the sensor does not answer")
		}
	}
	ctx, cancel := context.WithTimeout(ctx, p.limit)
	result := make(chan Reading[T], 1)
	go func() {
		defer cancel()
		result <- p.call(ctx)
	}()
	timer := time.NewTimer(p.limit)
	defer timer.Stop()
	select {
	case r := <-result:
		return r
	case <-timer.C:
		p.late = result
		return Unseen[T](fmt.Sprintf("the sensor did not answer within %s", p.limit))
	}
}

// call reads the sensor once. A sensor that panics has seen nothing: the daemon does not depend on
// what drivers show.
func (p *probe[T]) call(ctx context.Context) (reading Reading[T]) {
	defer func() {
		if broken := recover(); broken != nil {
			reading = Unseen[T](blob.Printable(fmt.Sprintf("the sensor is broken: %v", broken)))
		}
	}()
	value, err := p.sensor.Read(ctx)
	if err == nil {
		err = p.check(value)
	}
	if err != nil {
		return Unseen[T](blob.Printable(err.Error()))
	}
	return Seen(value)
}
