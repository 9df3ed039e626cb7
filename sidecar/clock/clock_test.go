package clock

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// machine is a machine whose clock can be set and which can sleep.
type machine struct {
	wall time.Time
	boot time.Duration
}

func newMachine() *machine {
	return &machine{wall: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), boot: time.Hour}
}

func (m *machine) clock() *Clock {
	return From(func() time.Time { return m.wall }, func() time.Duration { return m.boot })
}

// pass lets time pass, awake or asleep.
func (m *machine) pass(d time.Duration) { m.wall, m.boot = m.wall.Add(d), m.boot+d }

func TestAClockThatIsSetDoesNotMoveTheTimeOfTheDaemon(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, jump := range []time.Duration{time.Hour, -time.Hour, year, -year, 3 * time.Second} {
		m := newMachine()
		c := m.clock()
		c.Confirm(m.wall.Add(-3 * time.Second))
		truth := m.wall
		m.wall = m.wall.Add(jump)
		require.Equal(t, truth, c.Now(), jump)
		require.Equal(t, jump, c.Wrong())
		require.Contains(t, c.Warning(), "set it")
		m.pass(time.Minute)
		truth = truth.Add(time.Minute)
		require.Equal(t, truth, c.Now())
		c.Confirm(truth.Add(-3 * time.Second))
		require.Equal(t, truth, c.Now(), "the blocks agree with it")
		m.wall = truth
		require.Equal(t, truth, c.Now())
		require.Zero(t, c.Wrong())
		require.Empty(t, c.Warning())
	}
}

func TestAClockThatWasWrongAtTheStartIsFollowedWhenItIsSet(t *testing.T) {
	for _, off := range []time.Duration{time.Hour, -365 * 24 * time.Hour, 40 * time.Second} {
		m := newMachine()
		truth := m.wall
		m.wall = m.wall.Add(off)
		c := m.clock()
		require.Equal(t, m.wall, c.Now())
		c.Confirm(truth)
		m.wall = truth
		c.Confirm(truth.Add(-time.Second))
		require.Equal(t, truth, c.Now(), "the clock was set right")
		require.Zero(t, c.Wrong())
	}
}

func TestSleepIsTimeThatPasses(t *testing.T) {
	m := newMachine()
	c := m.clock()
	c.Confirm(m.wall)
	m.pass(8 * time.Hour)
	require.Equal(t, m.wall, c.Now())
	require.Zero(t, c.Wrong())
}

func TestAClockThatRunsALittleFastIsFollowed(t *testing.T) {
	m := newMachine()
	c := m.clock()
	c.Confirm(m.wall)
	for range 100 {
		m.pass(time.Minute)
		m.wall = m.wall.Add(100 * time.Millisecond)
		require.Equal(t, m.wall, c.Now())
	}
}

func TestWithoutABlockTheMachineIsBelieved(t *testing.T) {
	m := newMachine()
	c := m.clock()
	m.wall = m.wall.Add(time.Hour)
	require.Equal(t, m.wall, c.Now())
	require.Zero(t, c.Wrong())
}

func TestTheTimeSinceTheStartOfTheMachineGoesOn(t *testing.T) {
	first := SinceBoot()
	require.Positive(t, first)
	require.Eventually(t, func() bool { return SinceBoot() > first }, 30*time.Second, time.Millisecond)
}

// TestWhatEndsUnderAClockThatBeginsIn1970HasTheTimeOfTheChain, so that it does not look old once the clock is set.
func TestWhatEndsUnderAClockThatBeginsIn1970HasTheTimeOfTheChain(t *testing.T) {
	m := newMachine()
	truth := m.wall
	m.wall = time.Unix(60, 0).UTC()
	c := m.clock()
	require.Equal(t, m.wall, c.Latest(), "no block is known")
	c.Confirm(truth)
	require.Equal(t, truth, c.Latest())
	c.Confirm(truth.Add(-time.Hour))
	require.Equal(t, truth, c.Latest(), "an older block changes nothing")
	m.wall = truth.Add(time.Minute)
	require.Equal(t, m.wall, c.Latest())
}
