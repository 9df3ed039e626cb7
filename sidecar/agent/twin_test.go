package agent

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/store"
)

// copied returns a world on another machine with a copy of the home of this one, and the same worker key.
func (w *world) copied() *world {
	w.t.Helper()
	other := &world{t: w.t, home: w.t.TempDir(), chain: w.chain, web: w.web, engine: newFakeExecutor()}
	raw, err := os.ReadFile(filepath.Join(w.home, store.FileName))
	require.NoError(w.t, err)
	require.NoError(w.t, os.WriteFile(filepath.Join(other.home, store.FileName), raw, 0o600))
	other.journal, err = store.Open(other.home, nil)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { require.NoError(w.t, other.journal.Close()) })
	other.config = w.config
	other.config.Journal, other.config.Registry = other.journal, nil
	other.config.Executors = []executor.Executor{other.engine}
	other.config.CacheDir, other.config.WorkDir = filepath.Join(other.home, "cache"), filepath.Join(other.home, "work")
	return other
}

// TestTwoMachinesWithOneKeyCommitOnceAndOneOfThemSaysSo: a home was copied in the middle of a task.
func TestTwoMachinesWithOneKeyCommitOnceAndOneOfThemSaysSo(t *testing.T) {
	w := newWorld(t)
	hold := make(chan struct{})
	w.engine.hold = hold
	same := func(uint64) []byte { return bytes.Repeat([]byte{7}, 16) }
	w.engine.says = same
	task := w.chain.post(w.web, 1, under(quorum), func(t *fakeTask) { t.spec.Args = []string{"0"} })
	stopBlocks := w.chain.blocks(time.Millisecond)
	_, stop := w.run()
	w.untilPhase(task, store.PhaseRunning)
	stop()
	stopBlocks()
	w.again()
	other := w.copied()
	other.engine.says, other.engine.hold = same, hold

	a, stop := w.run()
	defer stop()
	b, stopOther := other.run()
	defer stopOther()
	w.chain.read(func() { w.chain.watched = true })
	close(hold)
	defer w.chain.blocks(time.Millisecond)()
	w.until("an end", func() bool { return task.record.Ended() })
	said := func(agent *Agent) bool {
		return strings.Contains(agent.Status().LastError, "does another machine use this worker key")
	}
	finished := func() bool {
		one, two := w.record(task), other.record(task)
		return one.Phase.Finished() && two.Phase.Finished()
	}
	require.Eventually(t, finished, patience, time.Millisecond)
	one, two := w.record(task), other.record(task)
	paid := 0
	for _, record := range []store.Assignment{one, two} {
		if record.Verdict != nil && record.Verdict.Status == "paid" {
			paid++
		}
		if record.Verdict != nil {
			require.NotEqual(t, "slashed", record.Verdict.Status)
			require.NotEqual(t, "no_reveal", record.Verdict.Status)
		}
	}
	require.Positive(t, paid, "the machine whose commitment the chain took has revealed it")
	require.True(t, said(a) || said(b), "%q, %q", one.LastError, two.LastError)
}
