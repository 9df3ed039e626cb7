package device

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// gaugedDriver is a driver with gauges that a test controls.
type gaugedDriver struct {
	*fakeDriver

	read func() (float64, error)
}

func (d gaugedDriver) Use(map[int]bool) (float64, error) { return d.read() }

func (d gaugedDriver) Temperature() (float64, error) { return d.read() }

func (d gaugedDriver) Fan() (float64, error) { return d.read() }

// watchOfGauges returns a watch that has looked at a driver once.
func watchOfGauges(t *testing.T, d gaugedDriver, now func() time.Time, failed error) *Watch {
	t.Helper()
	w := NewWatch(WatchConfig{Now: now, Open: func() (Driver, error) {
		_, err := d.openDriver()
		return JoinDrivers(d, NoCards{}), errors.Join(failed, err)
	}})
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return w
}

// gaugesOf returns the gauges of a watch by name.
func gaugesOf(w *Watch) map[string]func() (float64, error) {
	return map[string]func() (float64, error){
		"use": func() (float64, error) { return w.Use(nil) }, "temperature": w.Temperature, "fan": w.Fan,
	}
}

// answered reads a gauge until its driver has answered: a slow machine may miss the limit.
func answered(t *testing.T, read func() (float64, error)) (value float64, err error) {
	t.Helper()
	require.Eventually(t, func() bool {
		var hang *hangError
		value, err = read()
		return !errors.As(err, &hang)
	}, waitFor, time.Millisecond)
	return value, err
}

func TestGaugesAreReadThroughTheDriverThatTheWatchHolds(t *testing.T) {
	d := gaugedDriver{newFakeDriver(cool("a")), func() (float64, error) { return 42, nil }}
	w := watchOfGauges(t, d, time.Now, nil)
	for name, read := range gaugesOf(w) {
		_, err := answered(t, read)
		require.ErrorContains(t, err, "not been looked at yet", name)
	}
	w.Look(t.Context())
	for name, read := range gaugesOf(w) {
		got, err := answered(t, read)
		require.NoError(t, err, name)
		require.InDelta(t, 42, got, 0.01, name)
	}
	require.Equal(t, 1, d.opened)
}

// TestGaugesSayWhichCardIsIll: while it waits for a reset, its driver is not held.
func TestGaugesSayWhichCardIsIll(t *testing.T) {
	lost := cool("a")
	lost.Model, lost.State = "Big Card", lostState("GPU is lost")
	d := gaugedDriver{newFakeDriver(lost), func() (float64, error) { return 42, nil }}
	w := watchOfGauges(t, d, time.Now, nil)
	w.Look(t.Context())
	for name, read := range gaugesOf(w) {
		_, err := answered(t, read)
		require.ErrorContains(t, err, "Big Card", name)
		require.ErrorContains(t, err, "GPU is lost", name)
	}
	require.Zero(t, d.open, "the driver can be reloaded")
	d.set(func() { d.cards = []Card{cool("a")} })
	w.Look(t.Context())
	for name, read := range gaugesOf(w) {
		_, err := answered(t, read)
		require.NoError(t, err, name)
	}
}

func TestADriverThatDoesNotStartIsPartOfTheReason(t *testing.T) {
	d := gaugedDriver{newFakeDriver(), func() (float64, error) { return 0, errors.New("no chip") }}
	w := watchOfGauges(t, d, time.Now, errors.New("the driver does not start"))
	w.Look(t.Context())
	_, err := answered(t, w.Temperature)
	require.ErrorContains(t, err, "no chip; graphics cards: the driver does not start")
}

// TestABusyDriverIsBridgedAndOneThatHangsIsNot: the last value stands for a few seconds.
func TestABusyDriverIsBridgedAndOneThatHangsIsNot(t *testing.T) {
	now := time.Unix(1000, 0)
	stuck := make(chan struct{})
	hangs := false
	d := gaugedDriver{newFakeDriver(cool("a")), func() (float64, error) {
		if hangs {
			<-stuck
		}
		return 42, nil
	}}
	w := watchOfGauges(t, d, func() time.Time { return now }, nil)
	w.Look(t.Context())
	_, err := answered(t, w.Temperature)
	require.NoError(t, err)
	hangs = true
	got, err := w.Temperature()
	require.NoError(t, err)
	require.InDelta(t, 42, got, 0.01)
	_, err = w.Fan()
	require.ErrorContains(t, err, "has not answered", "it was never read")
	now = now.Add(gaugeAge)
	_, err = w.Temperature()
	require.ErrorContains(t, err, "has not answered")
	close(stuck)
}

func TestTheHighestValueCountsAndOtherwiseAllReasons(t *testing.T) {
	value := func(v float64) func() (float64, error) { return func() (float64, error) { return v, nil } }
	fails := func(why string) func() (float64, error) { return func() (float64, error) { return 0, errors.New(why) } }
	got, err := Highest(fails("a"), value(-3), value(-7))
	require.NoError(t, err)
	require.InDelta(t, -3, got, 0.01)
	_, err = Highest(fails("a"), fails("b"))
	require.EqualError(t, err, "a; b")
	_, err = Highest()
	require.Error(t, err)
}
