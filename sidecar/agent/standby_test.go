package agent

import (
	"context"
	"errors"
	"io/fs"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// fullJournal is a journal on a disk that may be full. refused counts the changes that the disk has not
// taken.
type fullJournal struct {
	*store.Journal
	full    atomic.Bool
	refused atomic.Int64
	// fillsAt makes the disk full before the change with this number; 0 means never. fillsWhen does so once, before
	// the first change at which it reports true.
	fillsAt   int64
	fillsWhen func() bool
	// refuses is called after a change that the disk has not taken.
	refuses func()
	changes atomic.Int64
}

func (j *fullJournal) Update(change func(*store.Tx) error) error {
	if n := j.changes.Add(1); n == j.fillsAt {
		j.full.Store(true)
	}
	if j.fillsWhen != nil && j.fillsWhen() {
		j.full.Store(true)
		j.fillsWhen = nil
	}
	if !j.full.Load() {
		return j.Journal.Update(change)
	}
	j.refused.Add(1)
	if j.refuses != nil {
		defer j.refuses()
	}
	return j.Journal.Update(func(tx *store.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		return &fs.PathError{Op: "write", Path: "/home/journal.db", Err: syscall.ENOSPC}
	})
}

// fills gives a world a journal whose disk may be full.
func (w *world) fills() *fullJournal {
	journal := &fullJournal{Journal: w.journal}
	w.config.Journal = journal
	return journal
}

// sent counts the items of an action that were sent for a task.
func (w *world) sent(t *fakeTask, action chain.Action) (n int) {
	w.chain.read(func() {
		for _, batch := range w.chain.batches {
			for _, item := range batch.Reveals {
				if action == chain.Reveal && item.Ref == t.ref {
					n++
				}
			}
			for _, item := range batch.Commits {
				if action == chain.Commit && item.Ref == t.ref {
					n++
				}
			}
		}
	})
	return n
}

func (w *world) untilStandby(journal *fullJournal) {
	w.t.Helper()
	refused := journal.refused.Load()
	require.Eventually(w.t, func() bool { return journal.refused.Load() > refused+1 }, patience, time.Millisecond)
}

// TestACommitmentIsRevealedWhileTheDiskIsFull: a commitment that is not revealed costs its stake.
func TestACommitmentIsRevealedWhileTheDiskIsFull(t *testing.T) {
	w := newWorld(t)
	journal := w.fills()
	w.chain.othersCommit = false
	w.chain.params.RevealBlocks = 400
	task := w.chain.post(w.web, 1, under(quorum))
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseCommitted)
	journal.full.Store(true)
	w.chain.read(func() { w.chain.othersCommit = true })
	require.Eventually(t, func() bool { return w.sent(task, chain.Reveal) > 0 }, patience, time.Millisecond)
	require.Equal(t, store.PhaseCommitted, w.record(task).Phase)
	require.Contains(t, a.Status().LastError, "make room there")
	journal.full.Store(false)
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	require.Equal(t, 1, w.engine.executions())
}

func TestNothingIsCommittedThatTheDiskHasNotTaken(t *testing.T) {
	w := newWorld(t)
	journal := w.fills()
	w.engine.hold = make(chan struct{})
	task := w.chain.post(w.web, 1, under(quorum))
	defer w.chain.blocks(time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseRunning)
	journal.full.Store(true)
	other := w.chain.post(w.web, 2, under(quorum))
	close(w.engine.hold)
	w.untilStandby(journal)
	var height int64
	w.chain.read(func() { height = w.chain.height })
	w.until("fifty blocks", func() bool { return w.chain.height > height+50 })
	require.Zero(t, w.sent(task, chain.Commit))
	require.Empty(t, w.record(other).JobID, "nothing new is claimed")
	journal.full.Store(false)
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	require.Equal(t, "paid", w.untilPhase(other, store.PhaseSettled).Verdict.Status)
}

// TestAFullDiskAtAnyChangeLosesNothing: the disk is full at the n-th change of the journal, and the
// daemon is stopped then, or gets room.
func TestAFullDiskAtAnyChangeLosesNothing(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		for n := int64(1); n <= 12; n++ {
			t.Run("", func(t *testing.T) {
				w := newWorld(t)
				journal := w.fills()
				journal.fillsAt = n
				task := w.chain.post(w.web, 1, under(quorum))
				defer w.chain.blocks(time.Millisecond)()
				_, stop := w.run()
				full := func() bool { return journal.refused.Load() > 1 || w.record(task).Phase == store.PhaseSettled }
				require.Eventually(t, full, patience, time.Millisecond)
				commitments := func() (n int) {
					w.chain.read(func() { n = len(task.commitments) })
					return n
				}
				if stopped {
					stop()
					w.again()
					journal.full.Store(false)
					_, stop = w.run()
				}
				defer stop()
				journal.full.Store(false)
				require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
				require.Equal(t, 1, commitments(), "the node has committed to one result only")
			})
		}
	}
}

// TestADiskThatFailsEndsTheDaemon: what is on such a disk is not known any more.
func TestADiskThatFailsEndsTheDaemon(t *testing.T) {
	require.True(t, passes(&fs.PathError{Op: "write", Path: "/x", Err: syscall.EROFS}))
	require.True(t, passes(&fs.PathError{Op: "write", Path: "/x", Err: syscall.EDQUOT}))
	require.False(t, passes(&fs.PathError{Op: "write", Path: "/x", Err: syscall.EIO}))
	require.False(t, passes(store.ErrTransition))
	require.False(t, passes(nil))
}

// TestWhatNeedsAWriteIsNotSentInStandby: the chain knows more than the journal, or another machine has
// used the key.
func TestWhatNeedsAWriteIsNotSentInStandby(t *testing.T) {
	item := func(status computetypes.AssignmentStatus, commitment string) *computetypes.WorkItem {
		return &computetypes.WorkItem{Assignment: computetypes.Assignment{Status: status, Commitment: []byte(commitment)}}
	}
	committed := store.Assignment{Phase: store.PhaseCommitSent, Commitment: []byte("ours")}
	phase, is := promisedPhase(&committed, item(computetypes.ASSIGNMENT_STATUS_COMMITTED, "ours"))
	require.True(t, is)
	require.Equal(t, store.PhaseCommitted, phase)
	_, is = promisedPhase(&committed, item(computetypes.ASSIGNMENT_STATUS_COMMITTED, "another"))
	require.False(t, is)
	_, is = promisedPhase(&store.Assignment{Phase: store.PhaseExecuted}, item(computetypes.ASSIGNMENT_STATUS_ASSIGNED, ""))
	require.False(t, is, "the commitment is not fixed yet")
}

// TestALyingNodeLearnsNothingWhileTheDiskIsFull: the daemon proves then too that the chain asks for a secret.
func TestALyingNodeLearnsNothingWhileTheDiskIsFull(t *testing.T) {
	w, node, _ := lied(t)
	journal := w.fills()
	w.chain.othersCommit = false
	w.chain.params.RevealBlocks = 400
	var lies atomic.Bool
	node.work = func(work *chain.Work) {
		for i := range work.Items {
			if lies.Load() {
				work.Items[i].Phase, work.Items[i].RevealDeadline = computetypes.ROUND_PHASE_REVEAL, work.Height+5
			}
		}
	}
	task := w.chain.post(w.web, 1, under(quorum))
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseCommitted)
	journal.full.Store(true)
	lies.Store(true)
	w.untilStandby(journal)
	var height int64
	w.chain.read(func() { height = w.chain.height })
	w.until("a hundred blocks", func() bool { return w.chain.height > height+100 })
	w.requireSecret()
	require.NotEmpty(t, a.Status().LastError)

	lies.Store(false)
	w.chain.read(func() { w.chain.othersCommit = true })
	require.Eventually(t, func() bool { return w.sent(task, chain.Reveal) > 0 }, patience, time.Millisecond, "the chain asks for it")
	journal.full.Store(false)
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
}

// TestTheOwnerIsServedWhileTheDiskIsFull: programs are suspended and resumed also if the first try fails while the
// loop waits for the journal.
func TestTheOwnerIsServedWhileTheDiskIsFull(t *testing.T) {
	w := newWorld(t)
	journal := w.fills()
	var suspended atomic.Bool
	w.config.Paused, w.config.Suspended = suspended.Load, suspended.Load
	w.engine.hold = make(chan struct{})
	task := w.chain.post(w.web, 1, under(quorum))
	defer w.chain.blocks(time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseRunning)
	journal.full.Store(true)
	close(w.engine.hold)
	w.untilStandby(journal)
	w.engine.mu.Lock()
	w.engine.stiff = []error{errors.New("a program runs on"), errors.New("another one runs on")}
	w.engine.mu.Unlock()
	suspended.Store(true)
	tries := func() int {
		w.engine.mu.Lock()
		defer w.engine.mu.Unlock()
		return w.engine.suspensions
	}
	require.Eventually(t, func() bool { return tries() >= 3 }, patience, time.Millisecond)
	suspended.Store(false)
	require.Eventually(t, func() bool {
		w.engine.mu.Lock()
		defer w.engine.mu.Unlock()
		return !w.engine.suspended
	}, patience, time.Millisecond)
	journal.full.Store(false)
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
}

// TestNoReplyToAnOldStateIsSentAfterStandby: a commitment after its deadline, or a claim for a draw that has closed,
// would cost a fee for nothing.
func TestNoReplyToAnOldStateIsSentAfterStandby(t *testing.T) {
	t.Run("a commitment", func(t *testing.T) {
		w := newWorld(t)
		journal := w.fills()
		task := w.chain.post(w.web, 1, under(quorum), func(t *fakeTask) { t.spec.PrepareBlocks, t.spec.CommitBlocks = 300, 600 })
		journal.fillsWhen = func() bool { return w.record(task).Phase == store.PhaseExecuted }
		stopBlocks := w.chain.blocks(time.Millisecond)
		defer stopBlocks()
		_, stop := w.run()
		defer stop()
		require.Eventually(t, journal.full.Load, patience, time.Millisecond)
		w.until("the end of the task for this node", func() bool {
			w.chain.block()
			return !w.chain.holds(task)
		})
		w.chain.read(func() { w.chain.batches = nil })
		journal.full.Store(false)
		require.Equal(t, "missed", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
		require.Zero(t, w.sent(task, chain.Commit), "it is too late")
	})
	t.Run("a claim", func(t *testing.T) {
		w := newWorld(t)
		journal := w.fills()
		var heights []int64
		w.config.Chain = &claimedChain{fakeChain: w.chain, heights: &heights}
		task := w.chain.post(w.web, 1, under(quorum))
		journal.fillsWhen = func() bool { return w.record(task).JobID == "" }
		defer w.chain.blocks(time.Millisecond)()
		_, stop := w.run()
		defer stop()
		require.Eventually(t, journal.full.Load, patience, time.Millisecond)
		var reopened int64
		w.until("the end of the draw", func() bool {
			if r := task.record.Rounds; len(r) > 0 && r[0].Draw != nil && r[0].Draw.Attempt > 0 {
				reopened = w.chain.height
			}
			w.chain.block()
			return reopened > 0
		})
		journal.full.Store(false)
		require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
		w.chain.read(func() {
			require.NotEmpty(t, heights)
			require.Greater(t, heights[0], reopened)
		})
	})
}

// claimedChain notes the height of the state to which each claim replies: the last one that the agent has read.
type claimedChain struct {
	*fakeChain
	read    int64
	heights *[]int64
}

func (c *claimedChain) Assignments(ctx context.Context, operator string) (chain.Work, error) {
	work, err := c.fakeChain.Assignments(ctx, operator)
	c.fakeChain.read(func() { c.read = work.Height })
	return work, err
}

func (c *claimedChain) Submit(ctx context.Context, batch chain.Batch, most int) (chain.Submission, error) {
	c.fakeChain.read(func() {
		for range batch.Claims {
			*c.heights = append(*c.heights, c.read)
		}
	})
	return c.fakeChain.Submit(ctx, batch, most)
}

// TestAStateThatWasReadBeforeStandbyIsOldAfterIt: the disk is full while the agent writes down what it has just read.
func TestAStateThatWasReadBeforeStandbyIsOldAfterIt(t *testing.T) {
	w := newWorld(t)
	journal := w.fills()
	task := w.chain.post(w.web, 1)
	w.chain.claimed(task)
	a, err := New(w.config)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a.loop.ctx = ctx
	require.NoError(t, a.restore())
	journal.fillsWhen = func() bool { return true }
	journal.refuses = func() {
		w.chain.skip(50)
		journal.full.Store(false)
	}
	a.look()
	require.Positive(t, journal.refused.Load())
	require.True(t, a.wake.stale, "nothing may be sent in reply to it")
	a.look()
	require.False(t, a.wake.stale)
	require.Equal(t, w.chain.height, a.view.height)
}
