package owner

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience bounds the time for which a test waits for something that happens within milliseconds.
const patience = 20 * time.Second

// fakeClock is a clock that a test moves.
type fakeClock struct{ nanos atomic.Int64 }

func newClock() *fakeClock {
	c := &fakeClock{}
	c.nanos.Store(noon().UnixNano())
	return c
}

func (c *fakeClock) now() time.Time          { return time.Unix(0, c.nanos.Load()).UTC() }
func (c *fakeClock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

func watching(t *testing.T, p *Policy, s Sensors) (*Watcher, *fakeClock) {
	t.Helper()
	clock := newClock()
	w, err := NewWatcher(WatcherConfig{Policy: p, Sensors: s, Logger: quiet(), Every: time.Millisecond, Now: clock.now})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return w, clock
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	require.Eventually(t, is, patience, time.Millisecond, what)
}

func TestAMachineThatNoSensorHasLookedAtDoesNotWork(t *testing.T) {
	w, err := NewWatcher(WatcherConfig{Policy: policyOf(t, func(s *Settings) { s.Metered = true }), Logger: quiet()})
	require.NoError(t, err)
	require.Equal(t, Suspend, w.Decision().Action)
	w, err = NewWatcher(WatcherConfig{Policy: policyOf(t, func(*Settings) {}), Logger: quiet()})
	require.NoError(t, err)
	w.Run(t.Context()) // it returns, because there is nothing to look at
	require.Equal(t, Allow, w.Decision().Action)
	_, err = NewWatcher(WatcherConfig{})
	require.Error(t, err)
}

func TestAWatcherFollowsItsSensor(t *testing.T) {
	var active atomic.Bool
	idle := SensorFunc[Activity](func(context.Context) (Activity, error) {
		if active.Load() {
			return Activity{Source: "a test"}, nil
		}
		return Activity{Source: "a test", Idle: time.Hour}, nil
	})
	w, clock := watching(t, policyOf(t, func(s *Settings) { s.Idle = "1m" }), Sensors{Idle: idle})
	for range 5 {
		until(t, "work", func() bool { return w.Decision().Action == Allow })
		active.Store(true)
		until(t, "a suspension", func() bool { return w.Decision().Action == Suspend })
		active.Store(false)
		clock.advance(2 * LeastPause)
	}
}

// TestASensorThatFailsHangsPanicsOrLiesIsNotBelieved, and it does not keep the other sensors from
// being read.
func TestASensorThatFailsHangsPanicsOrLiesIsNotBelieved(t *testing.T) {
	hangs := make(chan struct{})
	defer close(hangs)
	var calls atomic.Int64
	p := policyOf(t, func(s *Settings) {
		s.CPU, s.GPU, s.CPUTemperature, s.Fan, s.Watts, s.Metered = "50%", "50%", "80C", "50%", "100W", true
	})
	w, _ := watching(t, p, Sensors{
		CPU:            SensorFunc[float64](func(context.Context) (float64, error) { calls.Add(1); <-hangs; return 0, nil }),
		GPU:            SensorFunc[float64](func(context.Context) (float64, error) { return 0, errors.New("the card \x1b[2J has gone") }),
		CPUTemperature: SensorFunc[float64](func(context.Context) (float64, error) { return 65535, nil }),
		Fan:            SensorFunc[float64](func(context.Context) (float64, error) { panic("a driver") }),
		Metered:        SensorFunc[bool](func(context.Context) (bool, error) { return true, nil }),
	})
	// On a slow machine, a sensor that works may miss its limit in a look.
	want := map[Rule]string{
		CPU: "the sensor does not answer", GPU: "has gone", CPUTemperature: "not believed", Fan: "broken: a driver", Watts: "no sensor",
	}
	until(t, "the reasons", func() bool {
		d := w.Decision()
		for _, b := range d.Blind {
			if !strings.Contains(b.Why, want[b.Rule]) || strings.Contains(b.Why, "\x1b") {
				return false
			}
		}
		return len(d.Blind) == len(want) && d.Action == Pause // the sensor that answers counts
	})
	require.EqualValues(t, 1, calls.Load(), "a sensor that hangs is not called again")
}

func TestASensorThatHungIsReadAgain(t *testing.T) {
	hangs := make(chan struct{})
	var calls atomic.Int64
	s := SensorFunc[bool](func(context.Context) (bool, error) {
		if calls.Add(1) == 1 {
			<-hangs
		}
		return true, nil
	})
	w, _ := watching(t, policyOf(t, func(s *Settings) { s.Metered = true }), Sensors{Metered: s})
	until(t, "blindness", func() bool { return len(w.Decision().Blind) == 1 })
	require.Equal(t, Allow, w.Decision().Action)
	close(hangs)
	until(t, "a reading", func() bool { return w.Decision().Action == Pause })
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
