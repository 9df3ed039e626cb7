package agent

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	"github.com/thetaedge/theta/x/compute/round"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// patience bounds the time for which a test waits for something that happens within
// milliseconds.
const patience = time.Minute

// world is a node together with its environment.
type world struct {
	t       *testing.T
	home    string
	chain   *fakeChain
	web     *fakeWeb
	engine  *fakeExecutor
	journal *store.Journal
	config  Config
}

// newWorld returns a world for a test that runs in parallel with others: most of its time it
// waits for blocks.
func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	return worldOf(t)
}

// worldOf returns a world for a test that runs by itself.
func worldOf(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, home: t.TempDir(), chain: newFakeChain(t), web: newFakeWeb(), engine: newFakeExecutor()}
	var err error
	w.journal, err = store.Open(w.home, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.journal.Close()) })
	w.chain.journal = w.journal
	w.config = Config{
		ChainID: testChainID, Chain: w.chain, Journal: w.journal, Transfers: w.web,
		Executors: []executor.Executor{w.engine}, CacheDir: filepath.Join(w.home, "cache"), WorkDir: filepath.Join(w.home, "work"),
		Policy: bid.Policy{MaxJobs: 4}, Poll: time.Millisecond, Retry: time.Millisecond, FastestBlock: time.Microsecond,
		Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(),
	}
	return w
}

// run starts an agent. stop ends it and checks that it ended without an error.
func (w *world) run() (a *Agent, stop func()) {
	w.t.Helper()
	a, err := New(w.config)
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	w.chain.read(func() { w.chain.watched = true })
	go func() { done <- a.Run(ctx) }()
	return a, func() {
		w.chain.read(func() { w.chain.watched = false })
		cancel()
		require.NoError(w.t, <-done)
	}
}

// until waits for a condition on the chain.
func (w *world) until(what string, is func() bool) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		var yes bool
		w.chain.read(func() { yes = is() })
		return yes
	}, patience, time.Millisecond, what)
}

func (w *world) record(t *fakeTask) store.Assignment {
	w.t.Helper()
	found, err := w.journal.Get(keyOf(t.ref))
	if errors.Is(err, store.ErrNotFound) {
		return store.Assignment{}
	}
	require.NoError(w.t, err)
	return found
}

func (w *world) untilPhase(t *fakeTask, phase store.Phase) store.Assignment {
	w.t.Helper()
	return w.untilRecord(t, phase.String(), func(r store.Assignment) bool { return r.Phase == phase })
}

// untilGivenBack waits until this node has given a task back. The answer to the release and the
// state after it arrive in either order.
func (w *world) untilGivenBack(t *fakeTask) store.Assignment {
	w.t.Helper()
	return w.untilRecord(t, "a release", func(r store.Assignment) bool {
		return r.Phase == store.PhaseReleased || r.Phase == store.PhaseSettled && r.Verdict.Status == "released"
	})
}

// untilRecord waits for a state of a record.
func (w *world) untilRecord(t *fakeTask, what string, is func(store.Assignment) bool) (record store.Assignment) {
	w.t.Helper()
	if !assert.Eventually(w.t, func() bool {
		record = w.record(t)
		return is(record)
	}, patience, time.Millisecond) {
		require.Failf(w.t, "the record did not change", "expected %s, found %s (%s)", what, record.Phase, record.LastError)
	}
	return record
}

func TestTaskIsClaimedExecutedDeliveredRevealedAndSettled(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	record := w.untilPhase(task, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status)
	require.Equal(t, "1000", record.Verdict.Paid)
	require.True(t, record.Delivered)
	require.Equal(t, uint64(7), record.Metrics.Fuel)
	require.Len(t, task.commitments, 1)
	require.True(t, w.web.holds(task.spec.Sink+"/"+hex.EncodeToString(record.ResultDigest)), "the manifest is in the sink under the result digest")
	require.Equal(t, Working, a.Status().Mode)
	require.Equal(t, "active", a.Status().NodeStatus)
}

func TestKilledAnywhereEndsSettledWithOneCommitment(t *testing.T) {
	for _, kind := range []string{"journal", "transaction"} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s after=%v", kind, after), func(t *testing.T) {
				t.Parallel()
				step := 1
				for !t.Failed() && killedAt(t, kind, after, step, single) {
					step++
				}
				require.Greater(t, step, 3, "expected several steps to be killed at")
			})
		}
	}
}

// single posts a job of one task about which another node lies.
func single(w *world) *fakeTask {
	w.chain.liars[w.chain.nodes[0].String()] = true
	return w.chain.post(w.web, 1, under(quorum))
}

// killedAt kills an agent at a step, starts another agent with the same home folder, and
// checks that it ends well. It returns false if the agent did not reach that step.
func killedAt(t *testing.T, kind string, after bool, step int, post func(*world) *fakeTask) (died bool) {
	t.Run(fmt.Sprintf("step %d", step), func(t *testing.T) {
		w := worldOf(t)
		// The task escalates, so that the journal passes through every phase.
		w.chain.params.ClaimBlocks = 5
		task := post(w)
		death := &crash{left: step, after: after}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		death.kill = cancel
		w.chain.crash, w.chain.fatal = death, kind == "transaction"
		doomed := w.config
		doomed.Journal = &crashingJournal{Journal: w.journal, crash: death, fatal: kind == "journal"}
		first, err := New(doomed)
		require.NoError(t, err)
		stopBlocks := w.chain.blocks(time.Millisecond)
		defer stopBlocks()
		ended := make(chan error, 1)
		go func() { ended <- first.Run(ctx) }()
		require.Eventually(t, func() bool {
			return ctx.Err() != nil || w.record(task).Phase == store.PhaseSettled
		}, patience, time.Millisecond, "killed or done")
		cancel()
		if err := <-ended; err != nil {
			require.ErrorIs(t, err, errKilled)
		}
		death.mu.Lock()
		died = death.dead
		death.mu.Unlock()
		w.chain.read(func() { w.chain.crash, w.chain.fatal = &crash{left: -1}, false })
		w.config.Registry = prometheus.NewRegistry()
		_, stop := w.run()
		defer stop()
		record := w.untilPhase(task, store.PhaseSettled)
		require.Equal(t, "paid", record.Verdict.Status)
		w.chain.read(func() {
			require.Len(t, task.commitments, 1, "never two different commitments")
			require.True(t, record.Several() || task.opened(record.ResultDigest), "opened when asked")
		})
	})
	return died
}

func TestDeliveryIsRetriedAndNothingIsRevealedBeforeIt(t *testing.T) {
	w := newWorld(t)
	w.web.putErr = fmt.Errorf("relay: %w", transfer.ErrUnreachable)
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.until("several failed uploads", func() bool {
		w.web.mu.Lock()
		defer w.web.mu.Unlock()
		return w.web.puts > 3
	})
	require.Equal(t, store.PhaseCommitted, w.record(task).Phase)
	require.Contains(t, a.Status().LastError, "cannot be delivered")
	w.web.set(func(web *fakeWeb) { web.putErr = nil })
	require.True(t, w.untilPhase(task, store.PhaseSettled).Delivered)
}

func TestNearDeadlineRevealsWithoutDelivery(t *testing.T) {
	w := newWorld(t)
	w.chain.params.RevealBlocks = 100
	w.config.RevealMargin = 50
	w.web.putErr = fmt.Errorf("relay: %w", transfer.ErrUnreachable)
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(3 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(task, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status, "revealed in time")
	require.False(t, record.Delivered)
}

func TestOutputsLeaveOnlyWhenAllHaveCommitted(t *testing.T) {
	w := newWorld(t)
	w.chain.othersCommit = false
	task := w.chain.post(w.web, 1, under(quorum))
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseCommitted)
	var height int64
	w.chain.read(func() { height = w.chain.height })
	w.until("ten more blocks", func() bool { return w.chain.height > height+10 })
	w.web.set(func(web *fakeWeb) { require.Zero(t, web.puts) })
	w.chain.read(func() { w.chain.othersCommit = true })
	w.untilPhase(task, store.PhaseSettled)
}

func TestEscalationOpensTheDigest(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1, under(quorum))
	w.chain.liars[w.chain.nodes[0].String()] = true
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(task, store.PhaseSettled)
	w.chain.read(func() { require.True(t, task.opened(record.ResultDigest)) })
}

func TestMissingInputIsReleasedByItsNumber(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1)
	digest := blob.DigestOf([]byte("gone"))
	task.spec.Inputs = []computetypes.Input{{Path: "prompt.txt", Blob: computetypes.Blob{
		Sha256: digest[:], Size_: 4, Uris: []string{"http://relay.example/v1/blobs/gone"},
	}}}
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilGivenBack(task)
	require.True(t, task.released.InputUnavailable)
	require.Equal(t, uint32(1), task.released.Input)
	require.Empty(t, task.commitments)
}

func TestAFullDiskGivesTheTaskBackWithoutBlamingAnInput(t *testing.T) {
	w := newWorld(t)
	w.web.set(func(web *fakeWeb) { web.fetchErr = fmt.Errorf("%w: no space left on device", transfer.ErrNotKept) })
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilGivenBack(task)
	require.False(t, task.released.InputUnavailable)
	require.Contains(t, record.LastError, "no space left")
	require.Empty(t, task.commitments)
}

func TestUnreachableInputIsTriedUntilThePrepareWindowEnds(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1)
	w.web.set(func(web *fakeWeb) { web.fetchErr = transfer.ErrUnreachable })
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return w.record(task).Tries > 3 }, patience, time.Millisecond)
	w.web.set(func(web *fakeWeb) { web.fetchErr = nil })
	w.untilPhase(task, store.PhaseSettled)
	require.Nil(t, task.released)
}

func TestADrippingServerIsGivenUpInsideThePrepareWindow(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1)
	task.spec.PrepareBlocks = 40
	w.web.set(func(web *fakeWeb) { web.drips = true })
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilGivenBack(task)
	require.True(t, task.released.InputUnavailable)
	require.Empty(t, task.commitments)
}

func TestBrokenMachineGivesTheTaskBackWithoutBlamingAnInput(t *testing.T) {
	w := newWorld(t)
	w.engine.fail = errors.New("no memory left on this machine")
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilGivenBack(task)
	require.False(t, task.released.InputUnavailable)
}

func TestPausedNodeClaimsNothing(t *testing.T) {
	w := newWorld(t)
	w.config.Paused = func() bool { return true }
	w.chain.post(w.web, 1)
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return a.Status().Height > 30 }, patience, time.Millisecond)
	require.Equal(t, Paused, a.Status().Mode)
	w.chain.read(func() { require.Zero(t, w.chain.claims) })
}

func TestRefusedClaimIsNotRepeatedInTheSameDraw(t *testing.T) {
	w := newWorld(t)
	w.chain.refuse = chain.Claim
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseReleased)
	height := a.Status().Height
	require.Eventually(t, func() bool { return a.Status().Height > height+20 }, patience, time.Millisecond)
	w.chain.read(func() { require.Equal(t, 1, w.chain.claims) })
}

func TestNodeHoldsNoMoreThanItsSlots(t *testing.T) {
	w := newWorld(t)
	w.config.Policy.MaxJobs = 2
	w.engine.hold = make(chan struct{})
	var tasks []*fakeTask
	for n := range 5 {
		task := w.chain.post(w.web, n)
		tasks = append(tasks, task)
	}
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return w.engine.executions() == 2 }, patience, time.Millisecond)
	held := 0
	w.chain.read(func() {
		for _, task := range tasks {
			if w.chain.holds(task) {
				held++
			}
		}
	})
	require.Equal(t, 2, held)
	close(w.engine.hold)
}

func TestBusyNodeSendsOneTransactionForManyTasks(t *testing.T) {
	w := newWorld(t)
	for n := range 4 {
		w.chain.post(w.web, n)
	}
	stopBlocks := w.chain.blocks(5 * time.Millisecond)
	defer stopBlocks()
	_, stop := w.run()
	defer stop()
	for _, task := range w.chain.tasks {
		w.untilPhase(task, store.PhaseSettled)
	}
	w.chain.read(func() {
		require.Len(t, w.chain.batches[0].Claims, 4)
		require.LessOrEqual(t, len(w.chain.batches), 10, "four tasks of three messages each share transactions")
	})
}

func TestDrainRevealsWhatIsHeldAndClaimsNothingNew(t *testing.T) {
	w := newWorld(t)
	w.engine.hold = make(chan struct{})
	first := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, err := New(w.config)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- a.Run(t.Context()) }()
	w.untilPhase(first, store.PhaseRunning)
	a.Drain()
	require.Eventually(t, func() bool { return a.Status().Mode == Draining }, patience, time.Millisecond)
	second := w.chain.post(w.web, 2)
	close(w.engine.hold)
	require.NoError(t, <-done)
	require.Contains(t, []store.Phase{store.PhaseRevealed, store.PhaseSettled}, w.record(first).Phase)
	require.Empty(t, w.record(second).JobID)
}

func TestForeignCommitmentIsReportedAndNeverRevealed(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1)
	w.chain.claimed(task)
	w.chain.act(task, func(t *round.Chunk) error {
		return t.Commit(w.chain.operator, computetypes.CommitItem{Ref: task.ref, Commitment: make([]byte, 32)})
	})
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseFailed)
	require.Eventually(t, func() bool { return a.Status().LastError != "" }, patience, time.Millisecond)
	require.Contains(t, a.Status().LastError, "cannot be revealed")
	w.chain.read(func() { require.Empty(t, w.chain.batches) })
}

func TestCommitThatNeverArrivedIsSentAgainUnchanged(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1)
	lost := &losingChain{fakeChain: w.chain}
	w.config.Chain = lost
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseSettled)
	require.Equal(t, 1, lost.lost)
	require.Len(t, task.commitments, 1)
	require.Equal(t, 1, w.engine.executions())
}

// losingChain loses the first transaction that contains a commitment.
type losingChain struct {
	*fakeChain
	lost int
}

func (c *losingChain) Submit(ctx context.Context, batch chain.Batch, limit int) (chain.Submission, error) {
	if len(batch.Commits) > 0 && c.lost == 0 {
		c.lost++
		ref := batch.Commits[0].Ref
		c.read(func() { c.findTask(ref.JobId, ref.Task).commitments[string(batch.Commits[0].Commitment)] = true })
		return chain.Submission{}, chain.ErrNotIncluded
	}
	return c.fakeChain.Submit(ctx, batch, limit)
}
