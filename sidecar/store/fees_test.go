package store

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFeesOfADayAreCountedOverRestarts(t *testing.T) {
	home := t.TempDir()
	limit := big.NewInt(100)
	charge := func(day int64, sequence uint64, fee int64) (int64, bool) {
		journal, err := Open(home, nil)
		require.NoError(t, err)
		defer func() { require.NoError(t, journal.Close()) }()
		before, ok, err := journal.Charge(day, sequence, big.NewInt(fee), limit)
		require.NoError(t, err)
		return before.Int64(), ok
	}
	for _, c := range []struct {
		day      int64
		sequence uint64
		fee      int64
		before   int64
		ok       bool
	}{
		{7, 1, 60, 0, true},
		{7, 1, 60, 60, true},  // signed again: only one of the two is executed
		{7, 1, 70, 60, true},  // for 10 more
		{7, 2, 31, 70, false}, // one too many
		{7, 2, 30, 70, true},
		{7, 3, 1, 100, false},
		{7, 2, 20, 100, true}, // for less, as a replacement
		{7, 2, 30, 100, true},
		{6, 3, 1, 100, false}, // the clock was set back
		{8, 3, 100, 0, true},
		{8, 3, 101, 100, false},
	} {
		before, ok := charge(c.day, c.sequence, c.fee)
		require.Equal(t, c.before, before, "%+v", c)
		require.Equal(t, c.ok, ok, "%+v", c)
	}
}

func TestFeesWithoutLimitAreCountedAllTheSame(t *testing.T) {
	journal, err := Open(t.TempDir(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, journal.Close()) }()
	_, ok, err := journal.Charge(1, 1, big.NewInt(1<<60), nil)
	require.NoError(t, err)
	require.True(t, ok)
	spent, err := journal.Charged(1)
	require.NoError(t, err)
	require.Equal(t, int64(1<<60), spent.Int64())
	spent, err = journal.Charged(2)
	require.NoError(t, err)
	require.Zero(t, spent.Sign())
}

// TestAClockThatWasAYearAheadDoesNotStopTheBudgetForAYear: a daemon that has signed for fees under such a
// clock gets a new budget at the next midnight, and none before.
func TestAClockThatWasAYearAheadDoesNotStopTheBudgetForAYear(t *testing.T) {
	journal, err := Open(t.TempDir(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, journal.Close()) }()
	limit := big.NewInt(100)
	charge := func(day int64, sequence uint64, fee int64) bool {
		_, ok, err := journal.Charge(day, sequence, big.NewInt(fee), limit)
		require.NoError(t, err)
		return ok
	}
	require.True(t, charge(7, 1, 40))
	require.True(t, charge(7+365, 2, 100))
	require.False(t, charge(7, 3, 1), "the same day has no second budget")
	require.False(t, charge(7, 3, 1))
	require.True(t, charge(8, 3, 100))
	require.False(t, charge(8, 4, 1))

	require.True(t, charge(8+365, 5, 100))
	spent, err := journal.Charged(9)
	require.NoError(t, err)
	require.Equal(t, int64(100), spent.Int64())
	spent, err = journal.Charged(10)
	require.NoError(t, err)
	require.Zero(t, spent.Sign(), "asking for what is left is enough to notice that the clock is right again")
}
