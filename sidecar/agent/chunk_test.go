package agent

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/sidecar/chain"
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

// TestAQuorumThatDisagreesShowsAllResults: one of three replicas lies about a task. This node
// shows the results of all tasks, and then opens the one in dispute.
func TestAQuorumThatDisagreesShowsAllResults(t *testing.T) {
	w := newWorld(t)
	w.engine.says = said
	w.chain.read(func() { w.chain.othersCommit = false })
	chunk := w.chain.postChunk(w.web, 1, 6, func(t *fakeTask) {
		t.spec.Policy, t.says, t.lie = quorum, said, 4
	})
	defer w.chain.blocks(2 * time.Millisecond)()
	w.until("another replica", func() bool {
		if len(chunk.record.Rounds) == 0 {
			return false
		}
		for _, a := range chunk.record.Rounds[0].Replicas {
			if a.Operator != w.chain.operator.String() {
				w.chain.liars[a.Operator], w.chain.othersCommit = true, true
				return true
			}
		}
		return false
	})
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(chunk, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status, record.LastError)
	require.True(t, record.Verdict.Accepted)
	w.chain.read(func() {
		require.Len(t, chunk.slashed(), 1)
		require.Equal(t, []uint32{4}, chunk.record.Rounds[1].Samples)
		shown := 0
		for _, batch := range w.chain.batches {
			for _, item := range batch.Reveals {
				if len(item.Leaves) == 6 {
					shown++
				}
			}
		}
		require.Positive(t, shown)
	})
}

// TestALieOfAnAuditorIsAnsweredByThePositionInDispute: this node has executed the chunk and
// opens one task of it.
func TestALieOfAnAuditorIsAnsweredByThePositionInDispute(t *testing.T) {
	w := newWorld(t)
	w.chain.auditorsLie = true
	chunk := w.chain.postChunk(w.web, 1, 4, func(t *fakeTask) { t.lie = 1 })
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(chunk, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status, record.LastError)
	w.chain.read(func() {
		require.Len(t, chunk.slashed(), 2, "both auditors")
		for _, batch := range w.chain.batches {
			for _, item := range batch.Opens {
				require.Equal(t, uint32(1), item.Position)
			}
		}
		require.True(t, slices.ContainsFunc(chunk.record.Opened, func(o computetypes.Opening) bool { return o.Round == 0 }), "this node has opened")
	})
}

func TestACutChunkCommitsToItsFirstTasksAndTheRestIsOpenedAgain(t *testing.T) {
	for name, p := range map[string]int{"several": 3, "one": 1} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			slow := make(chan struct{})
			w.engine.holdFrom, w.engine.hold = p+1, slow
			chunk := w.chain.postChunk(w.web, 1, 8, func(t *fakeTask) { t.spec.CommitBlocks, t.spec.Policy.Auditors = 50, 1 })
			w.chain.patientWith = chunk
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

// TestABrokenMachineEndsTheChunkWithWhatItHas: with two auditors, the pay of three tasks does not
// cover the audit of their samples, and the chunk is given back.
func TestABrokenMachineEndsTheChunkWithWhatItHas(t *testing.T) {
	t.Run("one auditor", func(t *testing.T) {
		w, chunk := brokenMachine(t, 1)
		record := w.untilPhase(chunk, store.PhaseSettled)
		require.Equal(t, "paid", record.Verdict.Status, record.LastError)
		require.Equal(t, uint64(3), record.Tasks)
	})
	t.Run("two auditors", func(t *testing.T) {
		w, chunk := brokenMachine(t, 2)
		w.untilGivenBack(chunk)
	})
}

// brokenMachine starts a daemon whose executor fails after three of the six tasks of a chunk.
func brokenMachine(t *testing.T, auditors uint32) (*world, *fakeTask) {
	w := newWorld(t)
	w.engine.runs = func(n int) error {
		if n > 3 {
			return bytes.ErrTooLarge
		}
		return nil
	}
	chunk := w.chain.postChunk(w.web, 1, 6, func(t *fakeTask) { t.spec.Policy.Auditors = auditors })
	w.chain.params.ClaimBlocks = 3
	t.Cleanup(w.chain.blocks(2 * time.Millisecond))
	_, stop := w.run()
	t.Cleanup(stop)
	return w, chunk
}

// TestAChunkKilledAnywhereEndsSettledWithOneCommitment: its auditors lie, so that results are
// opened too.
func TestAChunkKilledAnywhereEndsSettledWithOneCommitment(t *testing.T) {
	for _, kind := range []string{"journal", "transaction"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			step := 1
			for !t.Failed() && killedAt(t, kind, true, step, func(w *world) *fakeTask {
				w.chain.auditorsLie = true
				return w.chain.postChunk(w.web, 1, 3)
			}) {
				step++
			}
			require.Greater(t, step, 3, "expected several steps to be killed at")
		})
	}
}

// TestTheResultsOfAChunkAreDeliveredInBundlesWithAnIndex reads what the sink has taken as a
// requester does: with nothing but the receipt.
func TestTheResultsOfAChunkAreDeliveredInBundlesWithAnIndex(t *testing.T) {
	w := newWorld(t)
	w.engine.sizes = map[int]int{2: blob.BundledFileBytes + 1, 4: blob.BundledFileBytes}
	w.engine.detail = "unreachable at 0x1"
	chunk := w.chain.postChunk(w.web, 1, 12)
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(chunk, store.PhaseSettled)
	require.True(t, record.Delivered)
	require.Equal(t, chunk.spec.Sink, record.Sink)
	var index blob.Index
	var remarks int
	content := map[blob.Digest][]byte{}
	w.web.set(func(web *fakeWeb) {
		for address, took := range web.took {
			require.True(t, strings.HasPrefix(address, record.Sink+"/"))
			content[blob.DigestOf(took)] = took
			if i, ok := blob.DecodeIndex(took); ok {
				index = i
			}
			if _, ok := blob.DecodeRemark(took); ok {
				remarks++
			}
		}
	})
	require.Len(t, index.Leaves, 12)
	require.Equal(t, maxRemarks, remarks)
	leaves := make([]computetypes.Subtree, 12)
	for n, l := range index.Leaves {
		leaves[n] = computetypes.Subtree{Fuel: l.Fuel, Hash: computetypes.Tag(testChainID, chunk.ref.JobId, uint64(n),
			computetypes.Opening{Digest: l.Result[:], Fuel: l.Fuel, ExitCode: l.ExitCode, Trace: l.Trace[:]})}
	}
	require.Equal(t, chunk.receipt.Tags[0], computetypes.ChunkRoot(leaves).Hash)
	require.Len(t, index.Bundles, 1)
	at := 0
	for _, ref := range index.Bundles {
		require.Equal(t, ref.Size, uint64(len(content[ref.Digest])))
		require.NoError(t, blob.ReadBundle(bytes.NewReader(content[ref.Digest]), ref.Tasks, func(_ uint32, encoded []byte, files io.Reader) error {
			require.Equal(t, index.Leaves[at].Result, blob.DigestOf(encoded))
			result, err := manifest.Decode(encoded)
			require.NoError(t, err)
			file := content[result.Files[0].SHA256]
			if blob.Bundled([]uint64{result.Files[0].Size})[0] {
				require.Nil(t, file)
				file = make([]byte, result.Files[0].Size)
				_, err = io.ReadFull(files, file)
				require.NoError(t, err)
			}
			require.Equal(t, blob.Digest(result.Files[0].SHA256), blob.DigestOf(file))
			at++
			return nil
		}))
	}
	require.Equal(t, 12, at)
}

// TestADeliveryOfAChunkGoesOnBehindTheBundlesThatTheSinkHas: each try takes its turn.
func TestADeliveryOfAChunkGoesOnBehindTheBundlesThatTheSinkHas(t *testing.T) {
	w := newWorld(t)
	record := executedForDelivery(t, 5, 3<<20)
	record.Sink = "http://relay.example/v1/drops/box"
	b := &bundles{box: box{transfers: w.web, sink: record.Sink, taken: map[[32]byte]bool{}}, record: &record}
	tries := 1
	for errors.Is(uploadChunk(t.Context(), b, testChainID, nil, 0), errTurn) {
		tries++
	}
	require.Equal(t, len(b.refs)+1, tries)
	require.Greater(t, len(b.refs), 1)
	index := 0
	for _, took := range w.web.took {
		if _, ok := blob.DecodeIndex(took); ok {
			index++
		}
	}
	require.Equal(t, 1, index)
	require.NoFileExists(t, filepath.Join(record.Folder, bundleFile))
	require.NoError(t, os.WriteFile(filepath.Join(outputsOf(record.Folder, 4), "0"), []byte("damaged"), 0o600))
	again := &bundles{box: box{transfers: w.web, sink: record.Sink, taken: map[[32]byte]bool{}}, record: &record}
	require.ErrorContains(t, uploadChunk(t.Context(), again, testChainID, nil, time.Hour), "on this disk")
}

// executedForDelivery returns an assignment that has committed to n tasks. Each of them has
// files of 256 KiB with a number of bytes together.
func executedForDelivery(t *testing.T, n, size int) store.Assignment {
	t.Helper()
	record := store.Assignment{
		Key: store.Key{JobID: jobID(1)}, Folder: filepath.Join(t.TempDir(), "chunk"), TraceKeys: [][]byte{make([]byte, 32)},
	}
	r, err := openResults(record.Folder, [32]byte{}, noOutputs)
	require.NoError(t, err)
	var positions []uint32
	for task := range n {
		m := manifest.Manifest{Profile: "wasm/1", Reason: manifest.ReasonExited}
		folder := outputsOf(record.Folder, uint32(task))
		require.NoError(t, os.MkdirAll(folder, 0o700))
		for f := range size / blob.BundledFileBytes {
			content := bytes.Repeat([]byte{byte(task), byte(f)}, blob.BundledFileBytes/2)
			name := strconv.Itoa(f)
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o600))
			m.Files = append(m.Files, manifest.File{Path: name, Size: uint64(len(content)), SHA256: sha256.Sum256(content)})
		}
		encoded, err := m.Encode()
		require.NoError(t, err)
		require.NoError(t, r.add(taskResult{manifest: sha256.Sum256(encoded), manifestBytes: uint32(len(encoded)), fuel: 1}, encoded))
		positions = append(positions, uint32(task))
	}
	require.NoError(t, r.sync())
	root := computetypes.ChunkRoot(leavesOf(testChainID, record.Key, positions, false, r.done))
	record.Tag, record.Metrics.Fuel, record.ResultDigest = root.Hash, root.Fuel, digestOf(r.done)
	record.Count, record.Tasks = uint64(n), uint64(n)
	r.close()
	return record
}

// TestANodeThatShowsOtherTasksThanTheChainMakesNothingLeave: the work is done again for the
// tasks that the chain is proven to have.
func TestANodeThatShowsOtherTasksThanTheChainMakesNothingLeave(t *testing.T) {
	for name, lie := range map[string]func(*computetypes.WorkItem){
		"fewer": func(item *computetypes.WorkItem) { item.Count = 3 },
		"one":   func(item *computetypes.WorkItem) { item.Count = 1 },
		"samples": func(item *computetypes.WorkItem) {
			item.Samples = []uint32{1, 2}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			chunk := w.chain.postChunk(w.web, 1, 5)
			prover := &truth{fakeChain: w.chain, jobsOnly: true}
			node := &liar{fakeChain: w.chain, work: func(work *chain.Work) {
				for i := range work.Items {
					if work.Items[i].Assignment.Status == computetypes.ASSIGNMENT_STATUS_ASSIGNED {
						lie(&work.Items[i])
					}
				}
			}}
			w.config.Chain, w.config.Prover = node, prover
			defer w.chain.blocks(2 * time.Millisecond)()
			_, stop := w.run()
			defer stop()
			w.untilPhase(chunk, store.PhaseExecuted)
			w.chain.read(func() { require.Empty(t, chunk.commitments) })
			prover.set(func(p *truth) { p.jobsOnly = false })
			record := w.untilPhase(chunk, store.PhaseSettled)
			require.Equal(t, "paid", record.Verdict.Status, record.LastError)
			require.Equal(t, uint64(5), record.Tasks)
			w.chain.read(func() { require.Len(t, chunk.commitments, 1) })
		})
	}
}
