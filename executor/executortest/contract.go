// Package executortest contains the tests that every executor passes.
package executortest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
)

// Subject is an executor under test.
type Subject struct {
	// New returns an executor with the number of slots.
	New func(t *testing.T, slots int) executor.Executor
	// Quick is a program that exits soon with code 0 and leaves an output.
	Quick string
	// Endless is a program that never ends within the task's fuel.
	Endless string
	// DeviceBytes bounds the tensors of both; zero for a profile without tensors.
	DeviceBytes uint64
}

const patience = time.Minute

func (s Subject) task(t *testing.T, id, program string) executor.Task {
	t.Helper()
	return executor.Task{
		ID:          id,
		ProgramPath: program,
		Fuel:        1 << 60,
		MemoryBytes: 256 << 20,
		DeviceBytes: s.DeviceBytes,
		OutputBytes: 1 << 20,
		OutputFiles: 16,
		OutputDir:   filepath.Join(t.TempDir(), "out"),
	}
}

func waiting(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// Run runs every contract test against the subject.
func Run(t *testing.T, s Subject) {
	t.Helper()
	tests := []struct {
		rule string
		test func(*testing.T, Subject)
	}{
		{"a task ends with the same result for every waiter", everyWaiter},
		{"a run has a trace for each key, and another under another key", traces},
		{"the outputs lie in the output directory with their digests", outputsOnDisk},
		{"a stopped task has no result", stopped},
		{"the wall limit is a failure and not a result", wallLimit},
		{"no more tasks run than there are slots", slots},
		{"an id is live once", idsAreUnique},
		{"an unknown id is an error", unknownID},
		{"recover begins again over what a crash left", recovers},
		{"start refuses an output directory that holds something", fullDirectory},
		{"destroy ends and forgets a task", destroys},
		{"a closed executor takes no task", closed},
		{"giving up to wait leaves the task running", waiterGivesUp},
		{"an executor that tracks its tasks says how far they are", progress},
		{"an executor that suspends its tasks resumes them", suspends},
	}
	for _, tc := range tests {
		t.Run(tc.rule, func(t *testing.T) { tc.test(t, s) })
	}
}

func (s Subject) start(t *testing.T, slots int) executor.Executor {
	t.Helper()
	e := s.New(t, slots)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	f := e.Fingerprint(waiting(t))
	require.Equal(t, executor.Healthy, f.Health, f.Detail)
	require.Equal(t, slots, f.Slots)
	require.Equal(t, e.Profile(), f.Profile)
	return e
}

func everyWaiter(t *testing.T, s Subject) {
	e := s.start(t, 1)
	task := s.task(t, "a", s.Quick)
	require.NoError(t, e.Start(waiting(t), task))
	first, err := e.Wait(waiting(t), "a")
	require.NoError(t, err)
	second, err := e.Wait(waiting(t), "a")
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.Equal(t, manifest.ReasonExited, first.Reason)
	require.Zero(t, first.ExitCode)
	require.Equal(t, e.Profile(), first.Profile)
	require.Positive(t, first.WallTime)
	_, err = first.Digest()
	require.NoError(t, err)
}

func traces(t *testing.T, s Subject) {
	e := s.start(t, 1)
	one, other := executor.Trace{1}, executor.Trace{2}
	traced := func(keys ...executor.Trace) []executor.Trace {
		task := s.task(t, "a", s.Quick)
		task.TraceKeys = keys
		require.NoError(t, e.Start(waiting(t), task))
		result, err := e.Wait(waiting(t), "a")
		require.NoError(t, err)
		require.NoError(t, e.Destroy("a"))
		require.Len(t, result.Traces, len(keys))
		return result.Traces
	}
	require.Empty(t, traced())
	both := traced(one, other)
	require.NotEqual(t, both[0], both[1])
	require.Equal(t, both[:1], traced(one))
	require.Equal(t, both[1:], traced(other))
	task := s.task(t, "a", s.Quick)
	task.TraceKeys = make([]executor.Trace, executor.MaxTraceKeys+1)
	require.ErrorIs(t, e.Start(waiting(t), task), executor.ErrBadTask)
}

func outputsOnDisk(t *testing.T, s Subject) {
	e := s.start(t, 1)
	task := s.task(t, "a", s.Quick)
	require.NoError(t, e.Start(waiting(t), task))
	result, err := e.Wait(waiting(t), "a")
	require.NoError(t, err)
	require.NotEmpty(t, result.Outputs)
	onDisk, err := FilesIn(task.OutputDir)
	require.NoError(t, err)
	require.Equal(t, onDisk, result.Outputs)
}

func stopped(t *testing.T, s Subject) {
	e := s.start(t, 1)
	require.NoError(t, e.Start(waiting(t), s.task(t, "a", s.Endless)))
	require.NoError(t, e.Stop("a"))
	_, err := e.Wait(waiting(t), "a")
	require.ErrorIs(t, err, executor.ErrStopped)
	require.NoError(t, e.Stop("a"), "stopping what has ended changes nothing")
}

func wallLimit(t *testing.T, s Subject) {
	e := s.start(t, 1)
	task := s.task(t, "a", s.Endless)
	task.WallLimit = 50 * time.Millisecond
	require.NoError(t, e.Start(waiting(t), task))
	_, err := e.Wait(waiting(t), "a")
	require.ErrorIs(t, err, executor.ErrWallLimit)
}

func slots(t *testing.T, s Subject) {
	e := s.start(t, 1)
	require.NoError(t, e.Start(waiting(t), s.task(t, "a", s.Endless)))
	require.Equal(t, 1, e.Fingerprint(waiting(t)).Running)
	second := s.task(t, "b", s.Quick)
	require.ErrorIs(t, e.Start(waiting(t), second), executor.ErrBusy)
	require.NoError(t, e.Destroy("a"))
	require.NoError(t, e.Start(waiting(t), second))
	_, err := e.Wait(waiting(t), "b")
	require.NoError(t, err)
	require.Zero(t, e.Fingerprint(waiting(t)).Running)
}

func idsAreUnique(t *testing.T, s Subject) {
	e := s.start(t, 2)
	require.NoError(t, e.Start(waiting(t), s.task(t, "a", s.Endless)))
	require.ErrorIs(t, e.Start(waiting(t), s.task(t, "a", s.Quick)), executor.ErrTaskExists)
	require.ErrorIs(t, e.Recover(waiting(t), s.task(t, "a", s.Quick)), executor.ErrTaskExists)
}

func unknownID(t *testing.T, s Subject) {
	e := s.start(t, 1)
	_, err := e.Wait(waiting(t), "nobody")
	require.ErrorIs(t, err, executor.ErrUnknownTask)
	require.ErrorIs(t, e.Stop("nobody"), executor.ErrUnknownTask)
	require.ErrorIs(t, e.Destroy("nobody"), executor.ErrUnknownTask)
}

func recovers(t *testing.T, s Subject) {
	e := s.start(t, 1)
	task := s.task(t, "a", s.Quick)
	require.NoError(t, e.Start(waiting(t), task))
	before, err := e.Wait(waiting(t), "a")
	require.NoError(t, err)

	// A killed daemon may leave complete outputs and other files.
	require.NoError(t, os.WriteFile(filepath.Join(task.OutputDir, "left-over"), []byte("x"), 0o600))
	after := s.start(t, 1)
	require.NoError(t, after.Recover(waiting(t), task))
	again, err := after.Wait(waiting(t), "a")
	require.NoError(t, err)
	require.Equal(t, before.Manifest(), again.Manifest())
	require.NoFileExists(t, filepath.Join(task.OutputDir, "left-over"))
}

func fullDirectory(t *testing.T, s Subject) {
	e := s.start(t, 1)
	task := s.task(t, "a", s.Quick)
	require.NoError(t, os.MkdirAll(task.OutputDir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(task.OutputDir, "precious"), []byte("x"), 0o600))
	require.ErrorIs(t, e.Start(waiting(t), task), executor.ErrBadTask)
	require.FileExists(t, filepath.Join(task.OutputDir, "precious"))
}

func destroys(t *testing.T, s Subject) {
	e := s.start(t, 1)
	require.NoError(t, e.Start(waiting(t), s.task(t, "a", s.Endless)))
	require.NoError(t, e.Destroy("a"))
	require.ErrorIs(t, e.Stop("a"), executor.ErrUnknownTask)
	require.NoError(t, e.Start(waiting(t), s.task(t, "a", s.Quick)), "the id is free again")
	_, err := e.Wait(waiting(t), "a")
	require.NoError(t, err)
}

func closed(t *testing.T, s Subject) {
	e := s.start(t, 1)
	require.NoError(t, e.Start(waiting(t), s.task(t, "a", s.Endless)))
	require.NoError(t, e.Close())
	require.ErrorIs(t, e.Start(waiting(t), s.task(t, "b", s.Quick)), executor.ErrClosed)
	require.NoError(t, e.Close())
}

func waiterGivesUp(t *testing.T, s Subject) {
	e := s.start(t, 1)
	require.NoError(t, e.Start(waiting(t), s.task(t, "a", s.Endless)))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := e.Wait(ctx, "a")
	require.True(t, errors.Is(err, context.Canceled), "found %v", err)
	require.Equal(t, 1, e.Fingerprint(waiting(t)).Running)
}
