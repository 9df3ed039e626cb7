package agent

import (
	"bytes"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// judging makes a chunk of n tasks one that judges the tasks 30 and following of another job.
func judging(n int) func(*fakeTask) {
	return func(t *fakeTask) {
		t.spec.Policy, t.spec.Sink, t.says = quorum, "", said
		t.challenged = &computetypes.ChallengedTask{
			JobId: jobID(9), Task: 30, Chunk: 30, TraceKey: bytes.Repeat([]byte{9}, computetypes.HashSize), Count: uint64(n),
		}
	}
}

// TestAJudgeOfAChunkExecutesAllOfItAndOpensItsRoot: the root is that of the challenged job, and
// the tag also contains what the node has traced under the key of its own round.
func TestAJudgeOfAChunkExecutesAllOfItAndOpensItsRoot(t *testing.T) {
	w := newWorld(t)
	w.engine.says = said
	chunk := w.chain.postChunk(w.web, 1, 6, judging(6))
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(chunk, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status, record.LastError)
	require.Equal(t, &store.Key{JobID: jobID(9), Task: 30}, record.Judges)
	require.Equal(t, 6, w.engine.executions())
	for n, task := range w.engine.started {
		require.Equal(t, uint64(n), numberOf(t, task.Args))
		require.Len(t, task.TraceKeys, 2)
	}
	w.chain.read(func() {
		require.Len(t, chunk.record.Rounds, 1)
		require.Len(t, chunk.receipt.Outcomes, 3)
		require.Empty(t, chunk.slashed())
		item := computetypes.WorkItem{Count: 6, TraceKeys: [][]byte{chunk.challenged.TraceKey}}
		root := w.chain.rootOf(chunk, w.chain.nodes[9], &item, chunk.challenged.JobId, chunk.challenged.Chunk)
		require.True(t, chunk.opened(root.Hash))
		for _, batch := range w.chain.batches {
			for _, reveal := range batch.Reveals {
				require.Empty(t, reveal.Leaves)
				require.Equal(t, root.Fuel, reveal.Metrics.Fuel)
			}
		}
	})
	w.web.set(func(web *fakeWeb) { require.Zero(t, web.puts, "judges deliver nothing by themselves") })
}

// TestAJudgeDeliversAfterTheVerdictIfItIsAskedTo: what it delivers gives the root of the
// challenged chunk, so that its requester has the results which the chunk's node has kept.
func TestAJudgeDeliversAfterTheVerdictIfItIsAskedTo(t *testing.T) {
	w := newWorld(t)
	w.engine.says = said
	chunk := w.chain.postChunk(w.web, 1, 5, judging(5))
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(chunk, store.PhaseSettled)
	require.Empty(t, record.Sink)
	require.True(t, record.Verdict.Accepted)
	w.chain.askAgain("http://relay.example/v1/drops/judged", chunk)
	require.Eventually(t, func() bool { return w.record(chunk).Delivered }, patience, time.Millisecond)
	w.web.set(func(web *fakeWeb) {
		var index blob.Index
		for _, took := range web.took {
			if i, ok := blob.DecodeIndex(took); ok {
				index = i
			}
		}
		require.Len(t, index.Leaves, 5)
		leaves := make([]computetypes.Subtree, len(index.Leaves))
		for i, leaf := range index.Leaves {
			shown := computetypes.Opening{Digest: leaf.Result[:], Fuel: leaf.Fuel, ExitCode: leaf.ExitCode, Trace: leaf.Trace[:]}
			leaves[i] = computetypes.Subtree{Hash: computetypes.Tag(testChainID, jobID(9), 30+uint64(i), shown), Fuel: leaf.Fuel}
		}
		w.chain.read(func() { require.True(t, chunk.opened(computetypes.ChunkRoot(leaves).Hash)) })
	})
}

// TestJudgesOfAChunkThatDifferAreJudgedByWholeChunks: a judge that lies about one task loses.
// This node goes on with the same commitment after it was killed.
func TestJudgesOfAChunkThatDifferAreJudgedByWholeChunks(t *testing.T) {
	w := newWorld(t)
	w.engine.says = said
	liar := w.chain.nodes[0].String()
	chunk := w.chain.postChunk(w.web, 1, 4, judging(4), func(t *fakeTask) { t.lie = 2 })
	w.chain.read(func() { w.chain.liars[liar] = true })
	defer w.chain.blocks(2 * time.Millisecond)()
	require.True(t, w.killedInTransaction(2, true))
	w.config.Registry = prometheus.NewRegistry()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(chunk, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status, record.LastError)
	require.Equal(t, 4, w.engine.executions())
	w.chain.read(func() {
		require.Len(t, chunk.commitments, 1)
		require.Equal(t, []string{liar}, chunk.slashed())
		require.Len(t, chunk.record.Rounds, 2)
		require.Empty(t, chunk.record.Rounds[1].Samples, "the judges of the second round execute all tasks too")
		require.Len(t, chunk.receipt.Outcomes, 6)
	})
}

// TestAJudgeRemembersWhichChunkItJudges: the root depends on the challenged job, so that work
// that was sealed for another chunk than the proven one is done again.
func TestAJudgeRemembersWhichChunkItJudges(t *testing.T) {
	of := &computetypes.ChunkRef{JobId: jobID(9), Task: 30}
	record := store.Assignment{Count: 4, Judges: &store.Key{JobID: jobID(9), Task: 30}}
	job := computetypes.Job{Challenged: &computetypes.ChallengedTask{JobId: jobID(9), Task: 30, Chunk: 30, Count: 4}}
	j := jobOf(&job, &computetypes.JobSpec{})
	require.Equal(t, of, j.judges)
	for name, c := range map[string]struct {
		judges *computetypes.ChunkRef
		same   bool
	}{
		"the same":    {of, true},
		"no chunk":    {nil, false},
		"another job": {&computetypes.ChunkRef{JobId: jobID(8), Task: 30}, false},
		"other tasks": {&computetypes.ChunkRef{JobId: jobID(9), Task: 34}, false},
	} {
		w := &assignment{item: &computetypes.WorkItem{Count: 4}, judges: c.judges}
		p, ok := w.part()
		require.True(t, ok)
		require.Equal(t, c.same, samePart(&record, &p), name)
	}
}
