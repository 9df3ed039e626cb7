package owner

import (
	"fmt"
	"math"
	"time"
)

// Reading is what a sensor has seen. Its zero value has seen nothing.
type Reading[T any] struct {
	// Seen reports whether Value is meaningful.
	Seen  bool
	Value T
	// Why says why nothing was seen.
	Why string
}

// Seen returns a reading of a value.
func Seen[T any](value T) Reading[T] { return Reading[T]{Seen: true, Value: value} }

// Unseen returns a reading without a value, with the reason.
func Unseen[T any](why string) Reading[T] { return Reading[T]{Why: why} }

// why returns the reason why nothing was seen.
func (r Reading[T]) why() string {
	if r.Why == "" {
		return "this machine has no sensor for it"
	}
	return r.Why
}

// Activity says when the machine was last used.
type Activity struct {
	// Idle is the time since the keyboard or the mouse was last used.
	Idle time.Duration
	// Source says who has seen it, such as "X11".
	Source string
	// Coarse means that the source knows only that the machine is in use, and not since when.
	Coarse bool
}

// Power is how the machine is supplied.
type Power struct {
	// Battery reports whether the machine runs on its battery.
	Battery bool
	// Has reports whether the machine has a battery, and Charge is how full it is in percent.
	Has    bool
	Charge float64
}

// Readings is what the sensors have seen at one moment.
type Readings struct {
	Idle Reading[Activity]
	// FullScreen is the name of the program that fills the screen. It is empty if there is none.
	FullScreen Reading[string]
	// Programs contains the names of the processes that are not ours.
	Programs Reading[[]string]
	// CPU is the load of processes that are not ours, in percent of all processors. GPU is the
	// highest load of a graphics card by such processes, in percent.
	CPU, GPU Reading[float64]
	// CPUTemperature and GPUTemperature are those of the hottest sensor, in °C.
	CPUTemperature, GPUTemperature Reading[float64]
	// Watts is the power of the processor packages and graphics cards that count energy.
	Watts Reading[float64]
	// Fan is the speed of the fastest fan, in percent of its full speed.
	Fan   Reading[float64]
	Power Reading[Power]
	// Metered reports whether data over the network costs money.
	Metered Reading[bool]
	// FreeDisk is the free space of the disk of the daemon's home, in bytes.
	FreeDisk Reading[uint64]
}

// within returns a check that a number is between bounds, so that a broken sensor is not believed.
func within(least, most float64, unit string) func(float64) error {
	return func(value float64) error {
		if math.IsNaN(value) || value < least || value > most {
			return fmt.Errorf("expected %g to %g %s, found %g: the sensor is not believed", least, most, unit, value)
		}
		return nil
	}
}

// believable checks an idle time.
func believable(a Activity) error {
	if a.Idle < 0 {
		return fmt.Errorf("expected a time that has passed, found %s by %s: the clock or the sensor is wrong", a.Idle, a.Source)
	}
	return nil
}

// believablePower checks what is known of the supply.
func believablePower(p Power) error {
	if !p.Has {
		return nil
	}
	return within(0, 100, "percent of charge")(p.Charge)
}

func anything[T any](T) error { return nil }
