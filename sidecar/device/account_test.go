package device

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// bench is a device with a counter and a clock that a test moves.
type bench struct {
	at    time.Time
	micro uint64
	err   error
}

func newBench() *bench { return &bench{at: time.Unix(1_000_000, 0)} }

func (b *bench) now() time.Time { return b.at }

// use lets time pass at a power in watts.
func (b *bench) use(d time.Duration, watts uint64) {
	b.at = b.at.Add(d)
	b.micro += watts * uint64(d.Microseconds())
}

func (b *bench) counter() Counter {
	return Counter{ID: "card", Code: "nvml", Name: "the card", MostWatts: mostWattsCard, Every: time.Second, Read: func() (uint64, error) { return b.micro, b.err }}
}

func on(ids ...string) On { return func() ([]string, []string) { return ids, nil } }

func newLedgerOf(b *bench, counters ...Counter) *Ledger {
	l := NewLedger(b.now)
	l.Add(counters...)
	return l
}

// rest measures the idle draw of a device.
func rest(l *Ledger, b *bench, watts uint64) {
	for range 5 {
		l.tick()
		b.use(idleEvery, watts)
	}
	l.tick()
}

func TestARunIsGivenWhatItsDeviceUsesBeyondTheIdleDraw(t *testing.T) {
	b := newBench()
	l := newLedgerOf(b, b.counter())
	rest(l, b, 20)
	require.EqualValues(t, 20_000, measured(t, l.Counters()[0].Idle))
	span := l.Meter(on("card")).Start(t.Context())
	b.use(3*time.Second, 220)
	require.Equal(t, Energy{Millijoules: 600_000, Source: "nvml"}, span.Stop())
	require.Equal(t, Energy{Millijoules: 600_000, Source: "nvml"}, span.Stop(), "a span that is stopped again does not change")
}

func TestADeviceThatRunsShareIsDividedByTime(t *testing.T) {
	b := newBench()
	l := newLedgerOf(b, b.counter())
	rest(l, b, 10)
	meter := l.Meter(on("card"))
	first := meter.Start(t.Context())
	b.use(2*time.Second, 110) // 200 J for the first
	second := meter.Start(t.Context())
	b.use(4*time.Second, 210) // 800 J for both
	require.Equal(t, Energy{Millijoules: 600_000, Source: "nvml/2"}, first.Stop())
	b.use(time.Second, 60) // 50 J for the second
	require.Equal(t, Energy{Millijoules: 450_000, Source: "nvml/2"}, second.Stop())
}

func TestAnIdleDrawThatIsNotKnownIsPartOfTheEnergyAndTheSourceSaysSo(t *testing.T) {
	b := newBench()
	l := newLedgerOf(b, b.counter())
	span := l.Meter(on("card")).Start(t.Context())
	b.use(3*time.Second, 100)
	require.Equal(t, Energy{Millijoules: 300_000, Source: "nvml~"}, span.Stop())
}

func TestTheIdleDrawIsNotMeasuredSoonAfterARun(t *testing.T) {
	b := newBench()
	l := newLedgerOf(b, b.counter())
	span := l.Meter(on("card")).Start(t.Context())
	b.use(time.Second, 300)
	span.Stop()
	b.use(9*time.Second, 120)
	l.tick()
	b.use(idleEvery, 100)
	l.tick()
	_, known := l.Counters()[0].Idle.Value()
	require.False(t, known, "the interval began 9 s after the run")
	b.use(idleEvery, 30)
	l.tick()
	require.EqualValues(t, 30_000, measured(t, l.Counters()[0].Idle))
}

func TestTheIdleDrawIsAMedianThatOtherProgramsDoNotShift(t *testing.T) {
	b := newBench()
	l := newLedgerOf(b, b.counter())
	rest(l, b, 25)
	b.use(idleEvery, 400)
	l.tick()
	require.EqualValues(t, 25_000, measured(t, l.Counters()[0].Idle))
	for range 2 * idleKept {
		b.use(idleEvery, 40)
		l.tick()
	}
	require.EqualValues(t, 40_000, measured(t, l.Counters()[0].Idle), "old measurements are forgotten")
}

func TestACounterThatCannotBeTrustedIsNotMeasured(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(b *bench)
		why   string
	}{
		"goes back":    {func(b *bench) { b.micro -= 1000 }, "went back"},
		"begins again": {func(b *bench) { b.micro = 7 }, "driver was reloaded"},
		"jumps":        {func(b *bench) { b.micro += 1 << 60 }, "jumped"},
		"vanishes":     {func(b *bench) { b.err = errors.New("lost") }, "lost"},
		"stands still": {func(*bench) {}, "did not move"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			b.micro = 1 << 40
			l := newLedgerOf(b, b.counter())
			span := l.Meter(on("card")).Start(t.Context())
			b.at = b.at.Add(time.Second)
			c.spoil(b)
			e := span.Stop()
			require.False(t, e.Measured())
			require.Zero(t, e.Millijoules)
			require.Contains(t, e.Reason, c.why)
			require.Contains(t, e.String(), "not measured")
			if b.err != nil {
				return
			}
			// The next run is not touched.
			span = l.Meter(on("card")).Start(t.Context())
			b.use(time.Second, 50)
			require.Equal(t, Energy{Millijoules: 50_000, Source: "nvml~"}, span.Stop())
		})
	}
}

func TestACounterThatBreaksWhileItIsReadSpoilsTheRunForGood(t *testing.T) {
	b := newBench()
	l := newLedgerOf(b, b.counter())
	span := l.Meter(on("card")).Start(t.Context())
	b.use(time.Second, 50)
	b.err = errors.New("lost")
	l.tick()
	b.err = nil
	b.use(time.Second, 50)
	l.tick()
	b.use(time.Second, 50)
	require.Contains(t, span.Stop().Reason, "lost")
}

func TestPackagesWrapAndAreCountedTogether(t *testing.T) {
	b := newBench()
	const limit = 65_532_610_987
	values := []uint64{limit - 1_000_000, 5}
	var counters []Counter
	for i := range values {
		counters = append(counters, Counter{
			ID: fmt.Sprintf("intel-rapl:%d", i), Code: "rapl", Name: "processor", Range: limit, MostWatts: mostWattsPackage,
			Read: func() (uint64, error) { return values[i], nil },
		})
	}
	l := newLedgerOf(b, counters...)
	span := l.Meter(on("intel-rapl:0", "intel-rapl:1")).Start(t.Context())
	b.at = b.at.Add(time.Second)
	values[0], values[1] = 2_000_000, 4_000_005
	require.Equal(t, Energy{Millijoules: 7000, Source: "rapl~"}, span.Stop())

	span = l.Meter(on("intel-rapl:0", "intel-rapl:1")).Start(t.Context())
	b.at = b.at.Add(time.Minute)
	values[0], values[1] = 3_000_000, 5_000_005
	require.Contains(t, span.Stop().Reason, "may have begun again", "a package at 2 kW overflows in 33 s")

	span = l.Meter(on("intel-rapl:0", "intel-rapl:1")).Start(t.Context())
	b.at = b.at.Add(time.Second)
	values[0], values[1] = 2_500_000, 6_000_005
	require.Contains(t, span.Stop().Reason, "jumped", "a counter that went back a little has not gone through its whole range")
}

func TestWhatIsMissingDoesNotHideWhatIsMeasured(t *testing.T) {
	b := newBench()
	l := newLedgerOf(b, b.counter())
	span := l.Meter(func() ([]string, []string) { return []string{"card"}, []string{"rapl: only root may read it"} }).Start(t.Context())
	b.use(time.Second, 10)
	require.Equal(t, Energy{Millijoules: 10_000, Source: "nvml~", Reason: "rapl: only root may read it"}, span.Stop())
	require.Equal(t, Energy{Reason: "no energy counter on this machine"}, l.Meter(on()).Start(t.Context()).Stop())
	require.Equal(t, Energy{Reason: "none here"}, Unmeasured("none here").Start(t.Context()).Stop())
}

func TestSourcesFitTheChain(t *testing.T) {
	for _, card := range []string{"nvml", "amdgpu", "amdpow", "i915", "xe"} {
		text := Code([]string{"rapl", card, "rapl"}, 1000, true)
		require.LessOrEqual(t, len(text), 16, text)
	}
	require.Equal(t, "amdpow+rapl/99~", Code([]string{"rapl", "amdpow"}, 100, true))
	require.Equal(t, "nvml", Code([]string{"nvml"}, 1, false))
}

func TestPowerIsAddedUpOverTime(t *testing.T) {
	b := newBench()
	power := int64(100_000)
	i := &integral{now: b.now, read: func() (int64, error) { return power, b.err }}
	read := func() uint64 {
		value, err := i.Read()
		require.NoError(t, err)
		return value
	}
	require.Zero(t, read())
	b.at = b.at.Add(2 * time.Second)
	power = 200_000
	require.EqualValues(t, 300_000_000, read(), "150 W on average")
	b.at = b.at.Add(time.Minute)
	_, err := i.Read()
	require.ErrorIs(t, err, ErrNotMeasured, "the power in a minute without a reading is not known")
	b.at = b.at.Add(time.Second)
	require.EqualValues(t, 500_000_000, read())
	b.err = errors.New("lost")
	_, err = i.Read()
	require.Error(t, err)
}

// TestSharesAreNeverMoreThanTheDeviceUsed starts and stops runs at random on devices whose counters
// count, jump, go back and vanish.
func TestSharesAreNeverMoreThanTheDeviceUsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBench()
		b.micro = rapid.Uint64Range(0, 1<<40).Draw(t, "begin")
		limit := rapid.SampledFrom([]uint64{0, 65_532_610_987}).Draw(t, "range")
		c := b.counter()
		c.Range = limit
		if limit > 0 {
			b.micro %= limit
		}
		l := newLedgerOf(b, c)
		meter := l.Meter(on("card"))
		var open []Span
		var ends []Energy
		odd := false
		stop := func(i int) {
			ends = append(ends, open[i].Stop())
			open = append(open[:i], open[i+1:]...)
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0, 1:
				open = append(open, meter.Start(t.Context()))
			case 2:
				if len(open) > 0 {
					stop(rapid.IntRange(0, len(open)-1).Draw(t, "which"))
				}
			case 3:
				b.micro, odd = rapid.Uint64Range(0, 1<<62).Draw(t, "jump"), true
			case 4:
				b.err, odd = errors.New("lost"), true
			case 5:
				b.err = nil
			default:
				b.use(time.Duration(rapid.Int64Range(0, 15_000).Draw(t, "ms"))*time.Millisecond, rapid.Uint64Range(0, 400).Draw(t, "watts"))
				if limit > 0 {
					b.micro %= limit
				}
				l.tick()
			}
		}
		for len(open) > 0 {
			stop(0)
		}
		var sum uint64
		for _, e := range ends {
			require.Equal(t, e.Measured(), e.Source != "")
			require.LessOrEqual(t, len(e.Source), 16)
			if !e.Measured() {
				require.Zero(t, e.Millijoules)
				require.NotEmpty(t, e.Reason)
			}
			sum += e.Millijoules
		}
		a := l.list()[0]
		require.LessOrEqual(t, sum*1000, a.counted, "the shares of all runs")
		require.LessOrEqual(t, a.given, a.counted)
		if !odd {
			require.Empty(t, a.runs)
		}
	})
}
