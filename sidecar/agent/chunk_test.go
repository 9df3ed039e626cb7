package agent

import (
	"bytes"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestAChunkIsExecutedCommittedRevealedWithItsSamplesAndDelivered(t *testing.T) {
	w := newWorld(t)
	chunk := w.chain.postChunk(w.web, 1, 16)
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(chunk, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status, record.LastError)
	require.True(t, record.Verdict.Accepted)
	require.True(t, record.Delivered)
	require.Equal(t, uint64(16), record.Tasks)
	require.Equal(t, uint64(16*fakeFuel), record.Metrics.Fuel)
	require.Equal(t, 16, w.engine.executions(), "each task once, in order")
	for n, task := range w.engine.started {
		require.Equal(t, uint64(n), numberOf(t, task.Args))
		require.Len(t, task.Inputs, 1)
	}
	w.chain.read(func() {
		require.True(t, chunk.receipt.Audited)
		require.Equal(t, uint64(16), chunk.receipt.Count)
		require.Equal(t, record.Tag, chunk.receipt.Tags[0])
		require.Len(t, chunk.commitments, 1)
		require.Len(t, chunk.receipt.Outcomes, 3)
	})
}

func TestAChunkWithoutAnAuditShowsOnlyItsRoot(t *testing.T) {
	w := newWorld(t)
	chunk := w.chain.postChunk(w.web, 1, 5, func(t *fakeTask) { t.spec.Policy = w.chain.alone(1) })
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	require.Equal(t, "paid", w.untilPhase(chunk, store.PhaseSettled).Verdict.Status)
	w.chain.read(func() {
		for _, batch := range w.chain.batches {
			for _, item := range batch.Reveals {
				require.Empty(t, item.Leaves)
				require.Empty(t, item.Siblings)
			}
		}
	})
}

// TestAnAuditorExecutesOnlyItsSamples: another node executes the chunk.
func TestAnAuditorExecutesOnlyItsSamples(t *testing.T) {
	w := newWorld(t)
	w.engine.says = said
	chunk := w.chain.postChunk(w.web, 1, 20, func(t *fakeTask) { t.audits, t.says = true, said })
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(chunk, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status, record.LastError)
	require.Len(t, record.Samples, 4)
	require.Equal(t, uint64(4), record.Tasks)
	require.Equal(t, "4000", record.Verdict.Paid)
	for n, task := range w.engine.started {
		require.Equal(t, uint64(record.Samples[n]), numberOf(t, task.Args))
	}
	require.Equal(t, 4, w.engine.executions())
	require.False(t, record.Verdict.Accepted)
	w.web.set(func(web *fakeWeb) { require.Zero(t, web.puts, "the node that has executed the chunk delivers it") })
}

// TestALieAboutOneTaskIsJudgedByOneTask: this node audits a chunk whose replica lies about a
// task that is sampled, and opens the result of that task.
func TestALieAboutOneTaskIsJudgedByOneTask(t *testing.T) {
	w := newWorld(t)
	w.engine.says = said
	chunk := w.chain.postChunk(w.web, 1, 4, func(t *fakeTask) { t.audits, t.says, t.lie = true, said, 2 })
	defer w.chain.blocks(2 * time.Millisecond)()
	w.until("another replica", func() bool {
		if len(chunk.rivals) > 0 {
			w.chain.liars[chunk.rivals[0].String()] = true
		}
		return len(chunk.rivals) > 0
	})
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(chunk, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status, record.LastError)
	w.chain.read(func() {
		require.Equal(t, []string{chunk.rivals[0].String()}, chunk.slashed())
		require.Len(t, chunk.record.Rounds, 2)
		require.Equal(t, []uint32{2}, chunk.record.Rounds[1].Samples)
	})
}

// TestALieOfAnAuditorIsAnsweredByThePositionInDispute: this node has executed the chunk and
// opens one task of it.
func TestALieOfAnAuditorIsAnsweredByThePositionInDispute(t *testing.T) {
	w := newWorld(t)
	for _, node := range w.chain.nodes[:classNodes/2] {
		w.chain.liars[node.String()] = true
	}
	chunk := w.chain.postChunk(w.web, 1, 4, func(t *fakeTask) { t.lie = 1 })
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilRecord(chunk, "its end", func(r store.Assignment) bool { return r.Phase == store.PhaseSettled })
	w.chain.read(func() {
		require.NotEmpty(t, chunk.slashed())
		require.Contains(t, []string{"paid", "slashed"}, record.Verdict.Status, "more than half of the nodes may lie")
	})
}

func TestACutChunkCommitsToItsFirstTasksAndTheRestIsOpenedAgain(t *testing.T) {
	for name, p := range map[string]int{"several": 3, "one": 1} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			slow := make(chan struct{})
			w.engine.holdFrom, w.engine.hold = p+1, slow
			chunk := w.chain.postChunk(w.web, 1, 8, func(t *fakeTask) { t.spec.CommitBlocks = 50 })
			defer w.chain.blocks(20 * time.Millisecond)()
			_, stop := w.run()
			defer stop()
			w.untilRecord(chunk, "a commitment", func(r store.Assignment) bool { return r.Phase >= store.PhaseCommitted })
			w.engine.mu.Lock()
			w.engine.hold = nil
			w.engine.mu.Unlock()
			record := w.untilPhase(chunk, store.PhaseSettled)
			require.Equal(t, "paid", record.Verdict.Status, record.LastError)
			require.True(t, record.Verdict.Accepted)
			require.True(t, record.Delivered)
			require.Equal(t, uint64(p), record.Tasks)
			require.Equal(t, p == 1, !record.Several())
			w.until("the rest", func() bool {
				rest := w.chain.findTask(chunk.ref.JobId, uint64(p))
				return rest != nil && rest.receipt != nil && rest.receipt.Count == uint64(8-p)
			})
		})
	}
}

// TestAChunkOfLightTasksIsCutToWhatAnAuditMaySample: the tasks use much less fuel than they
// may.
func TestAChunkOfLightTasksIsCutToWhatAnAuditMaySample(t *testing.T) {
	w := newWorld(t)
	chunk := w.chain.postChunk(w.web, 1, 80, func(t *fakeTask) { t.spec.Resources.Fuel = 100 * fakeFuel })
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(chunk, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status, record.LastError)
	require.Equal(t, uint64(computetypes.MaxSamples), record.Tasks)
	require.Empty(t, record.LastError)
}

// TestAKilledChunkGoesOnAfterTheTasksThatHaveAResult: no task is executed twice.
func TestAKilledChunkGoesOnAfterTheTasksThatHaveAResult(t *testing.T) {
	w := newWorld(t)
	hold := make(chan struct{})
	w.engine.holdFrom, w.engine.hold = 4, hold
	chunk := w.chain.postChunk(w.web, 1, 6)
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	require.Eventually(t, func() bool { return w.engine.executions() == 4 }, patience, time.Millisecond)
	stop()
	w.engine.mu.Lock()
	w.engine.hold, w.engine.tasks = nil, map[string]chan struct{}{}
	w.engine.mu.Unlock()
	w.config.Registry = prometheus.NewRegistry()
	_, stop = w.run()
	defer stop()
	record := w.untilPhase(chunk, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status, record.LastError)
	require.Equal(t, uint64(6), record.Tasks)
	var numbers []uint64
	for _, task := range w.engine.started {
		numbers = append(numbers, numberOf(t, task.Args))
	}
	require.Equal(t, []uint64{0, 1, 2, 3, 3, 4, 5}, numbers)
}

func TestABrokenMachineEndsTheChunkWithWhatItHas(t *testing.T) {
	w := newWorld(t)
	w.engine.runs = func(n int) error {
		if n > 3 {
			return bytes.ErrTooLarge
		}
		return nil
	}
	chunk := w.chain.postChunk(w.web, 1, 6)
	w.chain.params.ClaimBlocks = 3
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(chunk, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status, record.LastError)
	require.Equal(t, uint64(3), record.Tasks)
}
