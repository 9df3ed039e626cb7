package agent

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/sidecar/store"
)

// assigned assigns a task to the node and writes the record that a daemon leaves in the
// journal when it dies.
func (w *world) assigned(t *fakeTask, crashes uint32) {
	w.t.Helper()
	w.chain.claimed(t)
	key := keyOf(t.ref)
	require.NoError(w.t, w.journal.Put(store.Assignment{Key: key, Phase: store.PhaseAssigned}))
	_, err := w.journal.Advance(key, store.PhaseAssigned, store.PhasePreparing, nil)
	require.NoError(w.t, err)
	_, err = w.journal.Advance(key, store.PhasePreparing, store.PhaseRunning, func(r *store.Assignment) { r.Crashes = crashes })
	require.NoError(w.t, err)
}

func TestAProgramThatEndsTheDaemonTwiceIsGivenBack(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1)
	w.assigned(task, maxCrashes-1)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	record := w.untilGivenBack(task)
	require.False(t, task.released.InputUnavailable, "no input is to blame")
	require.Zero(t, w.engine.executions())
	require.Contains(t, record.LastError, "died more than once")
	require.Contains(t, a.Status().LastError, "policy.max-memory")
}

// TestAProgramThatEndsTheDaemonIsNotRunAfterThePrepareWindowEither: once a release has a cost,
// missing one task costs less than dying together with all others.
func TestAProgramThatEndsTheDaemonIsNotRunAfterThePrepareWindowEither(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1)
	task.spec.PrepareBlocks, task.spec.CommitBlocks = 0, 60
	w.assigned(task, maxCrashes-1)
	other := w.chain.post(w.web, 2)
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	require.Equal(t, "missed", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	require.Equal(t, "paid", w.untilPhase(other, store.PhaseSettled).Verdict.Status)
	require.Equal(t, 1, w.engine.executions())
}

func TestAProgramThatMayHaveEndedTheDaemonRunsAlone(t *testing.T) {
	w := newWorld(t)
	w.engine.hold = make(chan struct{})
	suspect := w.chain.post(w.web, 1)
	w.assigned(suspect, 0)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return w.engine.executions() == 1 }, patience, time.Millisecond)
	other := w.chain.post(w.web, 2)
	w.untilPhase(other, store.PhasePreparing)
	height := a.Status().Height
	require.Eventually(t, func() bool { return a.Status().Height > height+20 }, patience, time.Millisecond)
	require.Equal(t, 1, w.engine.executions())
	close(w.engine.hold)
	for _, task := range []*fakeTask{suspect, other} {
		require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	}
}

func TestAStopIsNoCrash(t *testing.T) {
	w := newWorld(t)
	w.engine.hold = make(chan struct{})
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	for range maxCrashes + 1 {
		_, stop := w.run()
		w.untilPhase(task, store.PhaseRunning)
		stop()
		w.config.Registry = nil
	}
	require.Zero(t, w.record(task).Crashes)
	close(w.engine.hold)
	_, stop := w.run()
	defer stop()
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
}

func TestAJobThatCannotBeRunHereIsLeftToOthers(t *testing.T) {
	w := newWorld(t)
	w.config.Policy.MaxJobs = 1
	w.engine.fail = errors.New("no memory left on this machine")
	tasks := w.chain.postArray(w.web, 1, 4)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	// While the machine still holds the first task, it passes the others by for want of a slot.
	require.Eventually(t, func() bool {
		passed := a.Status().Passed
		return len(passed) > 0 && strings.Contains(passed[0].Reason, "no memory left")
	}, patience, time.Millisecond)
	height := a.Status().Height
	require.Eventually(t, func() bool { return a.Status().Height > height+50 }, patience, time.Millisecond)
	w.chain.read(func() { require.Equal(t, 1, w.chain.claims, "of %d tasks", len(tasks)) })
}

// TestTheListOfOutputsIsNotKeptInTheJournal: a program can make its list of outputs megabytes
// long. The journal is read as a whole and must stay small, whatever programs do.
func TestTheListOfOutputsIsNotKeptInTheJournal(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(task, store.PhaseSettled)
	require.Empty(t, record.Manifest)
	require.True(t, record.Delivered)
	encoded, err := manifestOf(record)
	require.NoError(t, err)
	_, err = manifest.Decode(encoded)
	require.NoError(t, err)
	path := filepath.Join(record.Folder, manifestFile)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(encoded), "text", "test", 1)), 0o600))
	_, err = manifestOf(record)
	require.ErrorContains(t, err, "on this disk")
}
