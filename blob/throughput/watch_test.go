package throughput

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEveryWindowOfATransferHasToMove(t *testing.T) {
	now := time.Unix(1000, 0)
	var until time.Time
	w := newAt(Limits{Window: 10 * time.Second, Rate: 10, Total: 25 * time.Second},
		func(at time.Time) { until = at }, func() time.Time { return now })
	require.Equal(t, time.Unix(1010, 0), until)
	now = now.Add(5 * time.Second)
	w.Move(99)
	require.Equal(t, time.Unix(1010, 0), until, "not enough yet")
	moved, late := w.Moved()
	require.EqualValues(t, 99, moved)
	require.False(t, late)
	w.Move(1)
	require.Equal(t, time.Unix(1015, 0), until)
	w.Move(99)
	now = now.Add(time.Second)
	w.Renew()
	require.Equal(t, time.Unix(1016, 0), until)
	w.Move(99)
	require.Equal(t, time.Unix(1016, 0), until, "what moved before counts no more")
	now = time.Unix(1019, 0)
	w.Move(1 << 20)
	require.Equal(t, time.Unix(1025, 0), until, "never beyond the end, however fast it was")
	now = time.Unix(1025, 0)
	_, late = w.Moved()
	require.True(t, late)
}

func TestASlowButSteadyTransferOfAnySizeEndsInTime(t *testing.T) {
	for size, want := range map[int64]time.Duration{
		-1: 30 * time.Second, 0: 30 * time.Second, 1023: 30 * time.Second, 1 << 20: 30*time.Second + 1024*time.Second,
		math.MaxInt64: 30*time.Second + (1<<31)*time.Second,
	} {
		limits := ForSize(30*time.Second, 1<<10, size)
		require.Equal(t, want, limits.Total, "%d bytes", size)
		require.EqualValues(t, 30<<10, limits.least())
	}
	require.EqualValues(t, 1, Limits{Window: time.Millisecond, Rate: 1}.least(), "an idle transfer never goes on")
}
