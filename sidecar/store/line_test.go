package store

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBytesOfADayAreCountedOverRestarts(t *testing.T) {
	home := t.TempDir()
	for _, c := range []struct {
		day            int64
		received, sent uint64
		want           Line
	}{
		{7, 0, 0, Line{7, 0, 0}},
		{7, 100, 5, Line{7, 100, 5}},
		{7, 1, 0, Line{7, 101, 5}},
		{7, 0, 0, Line{7, 101, 5}},
		{6, 0, 4, Line{7, 101, 9}}, // the clock was set back
		{6, 0, 0, Line{7, 101, 9}},
		{8, 0, 0, Line{8, 0, 0}},
		{8, 0, 2, Line{8, 0, 2}},
	} {
		journal, err := Open(home, nil)
		require.NoError(t, err)
		line, err := journal.Moved(c.day, c.received, c.sent)
		require.NoError(t, err)
		require.Equal(t, c.want, line)
		require.Equal(t, c.want.Received+c.want.Sent, line.Total())
		require.NoError(t, journal.Close())
	}
	require.Equal(t, ^uint64(0), Line{Received: ^uint64(0), Sent: 2}.Total())
}

// TestAClockThatWasAYearAheadDoesNotStopTheLineForAYear: the bytes of such a day count to the day that it is, and the
// next midnight begins a new one.
func TestAClockThatWasAYearAheadDoesNotStopTheLineForAYear(t *testing.T) {
	journal, err := Open(t.TempDir(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, journal.Close()) }()
	moved := func(day int64, bytes uint64) Line {
		line, err := journal.Moved(day, bytes, 0)
		require.NoError(t, err)
		return line
	}
	require.Equal(t, Line{7, 100, 0}, moved(7, 100))
	require.Equal(t, Line{7 + 365, 50, 0}, moved(7+365, 50))
	require.Equal(t, Line{7, 51, 0}, moved(7, 1), "the same day has no second budget")
	require.Equal(t, Line{8, 2, 0}, moved(8, 2))
}
