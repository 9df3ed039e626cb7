package agent

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/sidecar/store"
	"github.com/thetaedge/theta/x/compute/round"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestExitCodeIsBoundAndRevealed(t *testing.T) {
	for name, c := range map[string]struct {
		reason manifest.Reason
		exit   int32
		want   uint32
	}{
		"success":     {manifest.ReasonExited, 0, 0},
		"failure":     {manifest.ReasonExited, 3, 3},
		"negative":    {manifest.ReasonExited, -2, math.MaxUint32 - 1},
		"trap":        {manifest.ReasonTrapped, manifest.NoExitCode, math.MaxUint32},
		"out of fuel": {manifest.ReasonOutOfFuel, manifest.NoExitCode, math.MaxUint32},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.engine.reason, w.engine.exit = c.reason, c.exit
			task := w.chain.post(w.web, 1)
			defer w.chain.blocks(2 * time.Millisecond)()
			_, stop := w.run()
			defer stop()
			record := w.untilPhase(task, store.PhaseSettled)
			require.Equal(t, c.want, record.ExitCode)
			require.Equal(t, "paid", record.Verdict.Status)
			w.chain.read(func() {
				var revealed []uint32
				for _, batch := range w.chain.batches {
					for _, item := range batch.Reveals {
						revealed = append(revealed, item.ExitCode)
					}
				}
				require.Equal(t, []uint32{c.want}, revealed)
			})
		})
	}
}

// waits returns once the status says what an assignment waits for.
func (w *world) waits(a *Agent, t *fakeTask, what string) {
	w.t.Helper()
	var found string
	require.Eventually(w.t, func() bool {
		found = a.Status().Waits[keyOf(t.ref)]
		return found == what
	}, patience, time.Millisecond, "expected %q", what)
}

func TestExecutorKeepsItsResultWhileAnAuditIsDrawn(t *testing.T) {
	w := newWorld(t)
	w.chain.auditSeedsLate, w.chain.othersCommit = true, false
	task := w.chain.post(w.web, 1, under(audited))
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.waits(a, task, "the seed that says whether auditors join")
	w.web.set(func(web *fakeWeb) { require.Zero(t, web.puts, "an auditor that joins could fetch what is delivered") })
	w.chain.read(func() { w.chain.auditSeedsLate = false })
	w.waits(a, task, "the commitments of all nodes of the round")
	w.web.set(func(web *fakeWeb) { require.Zero(t, web.puts) })
	require.Equal(t, store.PhaseCommitted, w.record(task).Phase)
	w.chain.read(func() { w.chain.othersCommit = true })
	record := w.untilPhase(task, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status)
	w.chain.read(func() {
		require.True(t, task.receipt.Audited)
		require.Len(t, task.receipt.Outcomes, 3, "this node and two auditors")
		require.Len(t, task.commitments, 1)
	})
	require.Equal(t, 1, w.engine.executions())
}

func TestKilledDuringAnAuditGoesOnWithTheSameCommitment(t *testing.T) {
	w := newWorld(t)
	w.chain.auditSeedsLate = true
	task := w.chain.post(w.web, 1, under(audited))
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	w.waits(a, task, "the seed that says whether auditors join")
	stop()
	w.config.Registry = nil
	_, stop = w.run()
	defer stop()
	w.chain.read(func() { w.chain.auditSeedsLate = false })
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	w.chain.read(func() { require.Len(t, task.commitments, 1) })
}

func TestReviewIsAwaited(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1, under(w.chain.alone(ages)))
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	var deadline int64
	w.until("a review", func() bool {
		if len(task.record.Rounds) > 0 {
			deadline = task.record.Rounds[0].ReviewDeadline
		}
		return deadline > 0
	})
	w.waits(a, task, fmt.Sprintf("the requester, who may reject the result up to height %d", deadline))
	require.Equal(t, store.PhaseRevealed, w.record(task).Phase)
	w.chain.act(task, func(t *round.Chunk) error { return t.Review(true) })
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
}

// TestOutputsAreDeliveredDuringTheReviewToo: if a sink is available again only during the
// review, it still receives the outputs.
func TestOutputsAreDeliveredDuringTheReviewToo(t *testing.T) {
	w := newWorld(t)
	w.chain.params.RevealBlocks, w.config.RevealMargin = 100, 50
	w.web.putErr = transfer.ErrUnreachable
	task := w.chain.post(w.web, 1, under(w.chain.alone(ages)))
	defer w.chain.blocks(3 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseRevealed)
	require.False(t, w.record(task).Delivered)
	w.web.set(func(web *fakeWeb) { web.putErr = nil })
	require.Eventually(t, func() bool { return w.record(task).Delivered }, patience, time.Millisecond)
}

func TestTasksOfAnArrayAreKeptApart(t *testing.T) {
	w := newWorld(t)
	tasks := w.chain.postArray(w.web, 1, 4)
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	folders := map[string]bool{}
	for _, task := range tasks {
		record := w.untilPhase(task, store.PhaseSettled)
		require.Equal(t, "paid", record.Verdict.Status, "by the receipt in a block's events")
		require.Equal(t, "1000", record.Verdict.Paid)
		require.True(t, record.Delivered)
		folders[record.Folder] = true
	}
	require.Len(t, folders, len(tasks), "each task works in a folder of its own")
	ids, numbers, inputs := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, started := range w.engine.started {
		ids[started.ID] = true
		require.Equal(t, "--number", started.Args[0])
		numbers[started.Args[1]] = true
		require.Len(t, started.Inputs, 1)
		require.Equal(t, "own.txt", started.Inputs[0].Name)
		inputs[started.Inputs[0].Path] = true
	}
	require.Len(t, ids, len(tasks))
	require.Equal(t, map[string]bool{"0": true, "1": true, "2": true, "3": true}, numbers)
	require.Len(t, inputs, len(tasks), "each task has its own input")
}

// TestAJudgeRunsTheTaskThatIsInDoubtShowsItsDigestAndDeliversNothing: a job that judges a
// challenge runs one task of an array as a separate job.
func TestAJudgeRunsTheTaskThatIsInDoubtShowsItsDigestAndDeliversNothing(t *testing.T) {
	w := newWorld(t)
	task := w.chain.postArray(w.web, 1, 4, under(quorum))[1]
	w.chain.only(task)
	task.challenged = &computetypes.ChallengedTask{JobId: jobID(9), Task: 2, TraceKey: bytes.Repeat([]byte{9}, computetypes.HashSize)}
	task.ref.Task, task.spec.FirstTask, task.spec.Tasks, task.spec.Sink = 0, 2, 1, ""
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(task, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status)
	require.Equal(t, []string{"--number", "2"}, w.engine.started[0].Args)
	content, err := os.ReadFile(w.engine.started[0].Inputs[0].Path)
	require.NoError(t, err)
	require.Equal(t, "input 2", string(content))
	w.chain.read(func() {
		require.True(t, task.opened(record.ResultDigest), "opened in the first round")
		require.Len(t, task.record.Rounds, 1)
	})
	w.web.set(func(web *fakeWeb) { require.Zero(t, web.puts) })
	require.Empty(t, record.LastError)
}

func TestArrayInputThatCannotBeHadIsNamedByItsNumber(t *testing.T) {
	for name, spoil := range map[string]func(*computetypes.ArrayInput, *fakeWeb){
		"no proof":    func(in *computetypes.ArrayInput, w *fakeWeb) { delete(w.content, computetypes.ProofURI(in.Uris[0], 1)) },
		"other proof": func(in *computetypes.ArrayInput, w *fakeWeb) { w.swap(in, 1, 2) },
		"no JSON": func(in *computetypes.ArrayInput, w *fakeWeb) {
			w.content[computetypes.ProofURI(in.Uris[0], 1)] = []byte("<html>")
		},
		"too large": func(in *computetypes.ArrayInput, _ *fakeWeb) { in.MaxBytes = 3 },
		"no content": func(in *computetypes.ArrayInput, w *fakeWeb) {
			digest := blob.DigestOf([]byte("input 1"))
			delete(w.content, computetypes.ContentURI(in.Uris[0], digest[:]))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			task := w.chain.postArray(w.web, 1, 3)[1]
			w.chain.only(task)
			digest := blob.DigestOf([]byte("shared"))
			address := "http://relay.example/v1/blobs/shared"
			task.spec.Inputs = []computetypes.Input{{Path: "shared.txt", Blob: computetypes.Blob{Sha256: digest[:], Size_: 6, Uris: []string{address}}}}
			w.web.set(func(web *fakeWeb) {
				web.content[address] = []byte("shared")
				spoil(task.spec.ArrayInput, web)
			})
			defer w.chain.blocks(2 * time.Millisecond)()
			_, stop := w.run()
			defer stop()
			w.untilGivenBack(task)
			require.True(t, task.released.InputUnavailable)
			require.Equal(t, uint32(2), task.released.Input, "after the program and the input of all tasks")
			require.Zero(t, w.engine.executions())
		})
	}
}

// swap serves the proof of another task.
func (w *fakeWeb) swap(in *computetypes.ArrayInput, task, other uint64) {
	w.content[computetypes.ProofURI(in.Uris[0], task)] = w.content[computetypes.ProofURI(in.Uris[0], other)]
}

func TestArrayInputIsTakenFromTheNextServer(t *testing.T) {
	w := newWorld(t)
	task := w.chain.postArray(w.web, 1, 3)[2]
	w.chain.only(task)
	const broken = "http://broken.example/a"
	task.spec.ArrayInput.Uris = append([]string{broken}, task.spec.ArrayInput.Uris...)
	w.web.set(func(web *fakeWeb) { web.content[computetypes.ProofURI(broken, 2)] = []byte("{}") })
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
}

func TestNodeThatHasLeftATaskLearnsHowFromTheTask(t *testing.T) {
	for _, tasks := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d tasks", tasks), func(t *testing.T) {
			w := newWorld(t)
			w.engine.hold = make(chan struct{})
			task := w.chain.postArray(w.web, 1, tasks, under(quorum), func(t *fakeTask) {
				t.found, t.spec.CommitBlocks = []byte("text"), 60
			})[0]
			w.chain.only(task)
			defer w.chain.blocks(2 * time.Millisecond)()
			_, stop := w.run()
			defer stop()
			record := w.untilPhase(task, store.PhaseSettled)
			require.Equal(t, "missed", record.Verdict.Status)
			require.Equal(t, missedFault, record.Verdict.Slashed)
			w.chain.read(func() { require.False(t, task.record.Ended(), "the others wait for another node") })
		})
	}
}

// TestReceiptOfAnArrayTaskMayComeLate: after a task's last height, the chain may need some
// blocks before it ends the task.
func TestReceiptOfAnArrayTaskMayComeLate(t *testing.T) {
	w := newWorld(t)
	task := w.chain.postArray(w.web, 1, 2, under(w.chain.alone(20)))[1]
	w.chain.only(task)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.until("a review", func() bool { return task.phase() == computetypes.ROUND_PHASE_REVIEW })
	var height int64
	w.chain.read(func() { w.chain.queueStuck, height = true, task.record.Rounds[0].ReviewDeadline })
	w.waits(a, task, "its receipt")
	w.until("fifty blocks", func() bool { return w.chain.height > height+50 })
	require.Equal(t, store.PhaseRevealed, w.record(task).Phase)
	w.chain.read(func() { w.chain.queueStuck = false })
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
}

func TestReceiptOfATaskThatEndedWhileTheDaemonWasDownIsFound(t *testing.T) {
	w := newWorld(t)
	task := w.chain.postArray(w.web, 1, 2, under(w.chain.alone(ages)))[0]
	w.chain.only(task)
	stopBlocks := w.chain.blocks(2 * time.Millisecond)
	_, stopped := w.run()
	w.untilPhase(task, store.PhaseRevealed)
	stopped()
	var height int64
	w.chain.act(task, func(t *round.Chunk) error { return t.Review(true) })
	w.chain.read(func() { height = task.receipt.Height })
	w.until("some blocks", func() bool { return w.chain.height > height+50 })
	stopBlocks()
	w.config.Registry = nil
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return a.Status().Height > 0 }, patience, time.Millisecond)
	defer w.chain.blocks(2 * time.Millisecond)()
	require.Equal(t, height, w.untilPhase(task, store.PhaseSettled).Verdict.Height)
}

func TestNodeWithoutBlockResultsDoesNotBlockTheRest(t *testing.T) {
	w := newWorld(t)
	w.chain.noResults = true
	lost := w.chain.postArray(w.web, 1, 2)[0]
	single := w.chain.post(w.web, 2)
	w.chain.only(lost, single)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Equal(t, "paid", w.untilPhase(single, store.PhaseSettled).Verdict.Status)
	require.Eventually(t, func() bool { return a.Status().LastError != "" }, patience, time.Millisecond)
	require.Contains(t, a.Status().LastError, "keeps no results")
}
