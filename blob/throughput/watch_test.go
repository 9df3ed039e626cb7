package throughput

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// clock is the time of a test, and the deadline that a watch has set.
type clock struct {
	now, until time.Time
}

func watched(l Limits) (*Watch, *clock) {
	c := &clock{now: time.Unix(1000, 0)}
	return newAt(l, func(at time.Time) { c.until = at }, func() time.Time { return c.now }), c
}

func (c *clock) wait(d time.Duration) { c.now = c.now.Add(d) }

// ended reports whether the deadline has passed.
func (c *clock) ended() bool { return !c.now.Before(c.until) }

func TestWhatIsSlowerThanTheLeastRateEnds(t *testing.T) {
	w, c := watched(Limits{Window: 10 * time.Second, Rate: 10, Total: time.Hour})
	require.Equal(t, time.Unix(1010, 0), c.until)
	for range 20 {
		c.wait(time.Second)
		w.Move(6) // a byte now and then
	}
	require.False(t, c.until.Before(time.Unix(1022, 0)), "what 120 bytes have earned, and one window: %s", c.until)
	require.True(t, c.until.Before(time.Unix(1024, 0)), "%s", c.until)
	c.wait(4 * time.Second)
	require.True(t, c.ended())
	require.Equal(t, State{Moved: 120, For: 24 * time.Second, Idle: 4 * time.Second}, w.State())
}

func TestWhatMovedFasterMakesUpForWhatIsSlowerLater(t *testing.T) {
	w, c := watched(Limits{Window: 10 * time.Second, Rate: 10, Total: time.Hour})
	w.Move(10_000) // enough for a quarter of an hour
	for range 90 {
		c.wait(9900 * time.Millisecond) // shorter than a window
		require.False(t, c.ended(), "at %s", c.now)
		w.Move(1)
	}
	for range 20 {
		c.wait(9900 * time.Millisecond)
		w.Move(1)
	}
	require.True(t, c.ended(), "nothing is left of that")
}

func TestAPauseEndsATransferHoweverFastItWas(t *testing.T) {
	limits := Limits{Window: 8 * time.Second, Rate: 10, Total: time.Hour}
	for most, limits := range map[time.Duration]Limits{9 * time.Second: limits, 105 * time.Second: limits.Sending()} {
		w, c := watched(limits)
		c.wait(time.Second)
		w.Move(1 << 30)
		c.wait(most - time.Second)
		require.False(t, c.ended())
		c.wait(time.Second)
		require.True(t, c.ended())
		w.Move(0)
		require.True(t, c.ended(), "that was nothing")
	}
}

func TestARenewedTransferHasAWindowAndKeepsWhatItHas(t *testing.T) {
	w, c := watched(Limits{Window: 8 * time.Second, Rate: 10, Total: 25 * time.Second})
	c.wait(5 * time.Second)
	w.Renew()
	require.Equal(t, time.Unix(1013, 0), c.until)
	c.wait(time.Second)
	w.Move(1 << 20)
	require.Equal(t, time.Unix(1015, 0), c.until, "a window and its eighth")
	w.Renew()
	require.Equal(t, time.Unix(1015, 0), c.until)
	c.wait(8 * time.Second)
	w.Move(1 << 20)
	c.wait(7 * time.Second)
	w.Move(1 << 20)
	require.Equal(t, time.Unix(1025, 0), c.until, "never beyond the end, however fast it was")
	require.False(t, w.State().Late)
	c.wait(4 * time.Second)
	require.True(t, w.State().Late)
}

// TestATransferAboveTheLeastRateWithPausesBelowAWindowIsNeverEnded: bytes come in bursts.
func TestATransferAboveTheLeastRateWithPausesBelowAWindowIsNeverEnded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := Limits{Window: time.Second, Rate: rapid.Int64Range(1, 1<<20).Draw(t, "rate"), Total: 100 * time.Hour}
		if rapid.Bool().Draw(t, "sends") {
			limits = limits.Sending()
		}
		w, c := watched(limits)
		began, moved := c.now, int64(0)
		for range rapid.IntRange(1, 50).Draw(t, "bursts") {
			c.wait(time.Duration(rapid.Int64Range(0, int64(time.Second)-1).Draw(t, "pause")))
			require.False(t, c.ended())
			// The average needs so many bytes, and there may be more.
			due := int64(c.now.Sub(began).Seconds()*float64(limits.Rate)) + 1 - moved
			n := max(due, 1) + rapid.Int64Range(0, 1<<20).Draw(t, "more")
			moved += n
			w.Move(int(n))
		}
	})
}

func TestASlowButSteadyTransferOfAnySizeEndsInTime(t *testing.T) {
	for size, want := range map[int64]time.Duration{
		-1: 30 * time.Second, 0: 30 * time.Second, 1023: 30 * time.Second, 1 << 20: 30*time.Second + 1024*time.Second,
		math.MaxInt64: 30*time.Second + (1<<31)*time.Second,
	} {
		limits := ForSize(30*time.Second, 1<<10, size)
		require.Equal(t, want, limits.Total, "%d bytes", size)
	}
}
