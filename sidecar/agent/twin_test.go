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
	"github.com/thetaedge/theta/x/compute/round"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// twinText is a part of what the owner is told about another machine.
const twinText = "does another machine use this worker key"

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
	w.chain.read(func() { w.chain.twin = other.journal })
	other.config = w.config
	other.config.Journal, other.config.Registry = other.journal, nil
	other.config.Executors = []executor.Executor{other.engine}
	other.config.CacheDir, other.config.WorkDir = filepath.Join(other.home, "cache"), filepath.Join(other.home, "work")
	return other
}

// TestTwoMachinesWithOneKeyCommitOnceAndOneOfThemSaysSo: a home was copied in the middle of a task. The round stays
// open until the machine that was too late has seen the commitment of the other one.
func TestTwoMachinesWithOneKeyCommitOnceAndOneOfThemSaysSo(t *testing.T) {
	w := newWorld(t)
	hold := make(chan struct{})
	w.engine.hold = hold
	same := func(uint64) []byte { return bytes.Repeat([]byte{7}, 16) }
	w.engine.says = same
	w.chain.othersCommit = false
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
	defer w.chain.blocks(time.Millisecond)()
	close(hold)
	machines := map[*world]*Agent{w: a, other: b}
	var late, first *world
	require.Eventually(t, func() bool {
		late, first = nil, nil
		for machine := range machines {
			switch record := machine.record(task); record.Phase {
			case store.PhaseFailed:
				late = machine
			case store.PhaseCommitted:
				first = machine
			default:
			}
		}
		return late != nil && first != nil
	}, patience, time.Millisecond, "the chain takes one commitment")
	require.Contains(t, late.record(task).LastError, twinText)
	require.Eventually(t, func() bool { return strings.Contains(machines[late].Status().LastError, twinText) }, patience, time.Millisecond)
	w.chain.read(func() { w.chain.othersCommit = true })
	require.Equal(t, "paid", first.untilPhase(task, store.PhaseSettled).Verdict.Status, "it has revealed its commitment")
	require.Equal(t, store.PhaseFailed, late.record(task).Phase)
}

// TestAMachineWithTheSameKeyIsReportedAlsoAfterItHasRevealed: blocks go on while this machine does not look.
func TestAMachineWithTheSameKeyIsReportedAlsoAfterItHasRevealed(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1, under(w.chain.alone(ages)))
	w.engine.hold = make(chan struct{})
	stopBlocks := w.chain.blocks(time.Millisecond)
	_, stop := w.run()
	w.untilPhase(task, store.PhaseRunning)
	stop()
	stopBlocks()
	w.again()

	salt, tag := bytes.Repeat([]byte{9}, saltBytes), bytes.Repeat([]byte{8}, 32)
	w.chain.act(task, func(t *round.Chunk) error {
		return t.Commit(w.chain.operator, computetypes.CommitItem{Ref: task.ref, Commitment: computetypes.Commitment(w.chain.operator, tag, 0, salt)})
	})
	w.until("a round that waits for reveals", func() bool {
		w.chain.block()
		return task.phase() == computetypes.ROUND_PHASE_REVEAL
	})
	w.chain.act(task, func(t *round.Chunk) error {
		return t.Reveal(w.chain.operator, computetypes.RevealItem{Ref: task.ref, Tag: tag, Salt: salt, Metrics: computetypes.Metrics{Fuel: fakeFuel}})
	})
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return strings.Contains(a.Status().LastError, twinText) }, patience, time.Millisecond)
	require.Equal(t, store.PhaseFailed, w.record(task).Phase)
}
