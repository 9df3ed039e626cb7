package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAClockThatIsHaltedCountsNothing(t *testing.T) {
	c := newClock()
	c.halt()
	stood := c.now()
	time.Sleep(2 * time.Millisecond)
	require.Equal(t, stood, c.now())
	c.halt()
	c.run()
	require.Eventually(t, func() bool { return c.now() > stood }, time.Minute, time.Millisecond)
	c.run()
}

func TestAnAlarmRingsOnceItsTimeWasCounted(t *testing.T) {
	c := newClock()
	rung := make(chan time.Duration, 2)
	ring := func() { rung <- c.now() }
	before := c.after(10*time.Millisecond, ring)
	c.halt()
	during := c.after(time.Millisecond, ring)
	time.Sleep(20 * time.Millisecond)
	require.Empty(t, rung)
	c.run()
	for range 2 {
		at := <-rung
		require.GreaterOrEqual(t, at, min(before.due, during.due))
	}
	require.Empty(t, c.alarms)
}

func TestAnAlarmThatIsStoppedDoesNotRing(t *testing.T) {
	c := newClock()
	rung := make(chan struct{}, 1)
	a := c.after(time.Hour, func() { rung <- struct{}{} })
	a.stop()
	a.fire()
	require.Empty(t, rung)
	require.Empty(t, c.alarms)
	// The timer may fire while the clock is halted. The alarm then rings later.
	c.after(0, func() { rung <- struct{}{} })
	<-rung
	c.halt()
	a = c.after(0, func() { rung <- struct{}{} })
	a.fire()
	require.Empty(t, rung)
	c.run()
	<-rung
}

func TestALimitEndsItsContextWithItsCause(t *testing.T) {
	c := newClock()
	slow := errors.New("too slow")
	ctx, release := c.limit(context.Background(), time.Millisecond, slow)
	<-ctx.Done()
	require.ErrorIs(t, context.Cause(ctx), slow)
	release()
	ctx, release = c.limit(context.Background(), time.Hour, slow)
	release()
	require.ErrorIs(t, context.Cause(ctx), context.Canceled)
	require.Empty(t, c.alarms)
}

// TestTheSleepOfTheMachineIsNotTimeThatAProgramHasRun: a laptop that was closed for a night must not end its
// programs as too slow.
func TestTheSleepOfTheMachineIsNotTimeThatAProgramHasRun(t *testing.T) {
	var slept atomic.Int64
	began := time.Now()
	c := clockFrom(func() time.Time { return time.Now().Add(time.Duration(slept.Load())) }, 10*time.Millisecond)
	rung := make(chan struct{})
	limit := c.after(2*time.Hour, func() { close(rung) })
	other := c.after(3*time.Hour, func() {})
	for range 3 {
		slept.Add(int64(time.Hour))
		// Of each sleep, the limit of a delayed look may count.
		require.Less(t, c.now(), 3*(stillness+time.Second)+time.Since(began))
	}
	select {
	case <-rung:
		require.Fail(t, "the limit counts the sleep")
	default:
	}
	limit.stop()
	other.stop()
	require.Empty(t, c.alarms)
}
