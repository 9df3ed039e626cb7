package executortest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
)

func progress(t *testing.T, s Subject) {
	e := s.start(t, 1)
	tracker, is := e.(executor.Tracker)
	if !is {
		t.Skip("this executor does not say how far its tasks are")
	}
	_, err := tracker.Progress("a")
	require.ErrorIs(t, err, executor.ErrUnknownTask)
	task := s.task(t, "a", s.Endless)
	require.NoError(t, e.Start(waiting(t), task))
	grown := func(since uint64) uint64 {
		var now executor.Progress
		require.Eventually(t, func() bool {
			var err error
			now, err = tracker.Progress("a")
			return err == nil && now.FuelUsed > since
		}, patience, time.Millisecond)
		require.Equal(t, task.Fuel, now.Fuel)
		return now.FuelUsed
	}
	grown(grown(0))
	require.NoError(t, e.Destroy("a"))
	require.NoError(t, e.Start(waiting(t), s.task(t, "a", s.Quick)))
	result, err := e.Wait(waiting(t), "a")
	require.NoError(t, err)
	now, err := tracker.Progress("a")
	require.NoError(t, err)
	require.Equal(t, result.FuelUsed, now.FuelUsed)
}

func suspends(t *testing.T, s Subject) {
	e := s.start(t, 2)
	control, is := e.(executor.Suspender)
	if !is {
		t.Skip("this executor cannot suspend its tasks")
	}
	require.NoError(t, control.Resume(), "resuming what is not suspended changes nothing")
	require.NoError(t, e.Start(waiting(t), s.task(t, "a", s.Endless)))
	for range 2 {
		require.NoError(t, control.Suspend())
	}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, e.Start(over, s.task(t, "b", s.Quick)), context.Canceled, "nothing begins")
	require.ErrorIs(t, e.Recover(over, s.task(t, "b", s.Quick)), context.Canceled, "nothing begins")
	require.NoError(t, e.Stop("a"))
	_, err := e.Wait(waiting(t), "a")
	require.ErrorIs(t, err, executor.ErrStopped, "a suspended task can be stopped")
	require.NoError(t, e.Destroy("a"))

	began := make(chan error, 1)
	quick, ctx := s.task(t, "b", s.Quick), waiting(t)
	go func() { began <- e.Start(ctx, quick) }()
	require.NoError(t, control.Resume())
	require.NoError(t, <-began)
	result, err := e.Wait(waiting(t), "b")
	require.NoError(t, err)
	require.Equal(t, manifest.ReasonExited, result.Reason)

	require.NoError(t, e.Start(waiting(t), s.task(t, "a", s.Endless)))
	require.NoError(t, control.Suspend())
	require.NoError(t, e.Close(), "a suspended executor can be closed")
}
