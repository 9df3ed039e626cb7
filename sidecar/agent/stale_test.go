package agent

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// hidingChain shows states that are old or incomplete.
type hidingChain struct {
	*fakeChain
	// behind is the number of blocks by which the node is behind.
	behind atomic.Int64
	// hides makes the node list nothing.
	hides atomic.Bool
}

func (c *hidingChain) Tip(ctx context.Context) (chain.Tip, error) {
	tip, err := c.fakeChain.Tip(ctx)
	tip.Height -= c.behind.Load()
	return tip, err
}

func (c *hidingChain) Assignments(ctx context.Context, operator string) (chain.Work, error) {
	work, err := c.fakeChain.Assignments(ctx, operator)
	work.Height -= c.behind.Load()
	if c.hides.Load() || c.behind.Load() > 0 {
		work.Items = nil
	}
	return work, err
}

// TestNothingIsDoneForAnotherOperator: if an attacker registered a worker key first, with
// their own bond, this machine would work for them.
func TestNothingIsDoneForAnotherOperator(t *testing.T) {
	w := newWorld(t)
	w.config.Operator = sdk.AccAddress("somebody else")
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return a.Status().LastError != "" }, patience, time.Millisecond)
	require.Contains(t, a.Status().LastError, "chain.operator")
	var height int64
	w.chain.read(func() { height = w.chain.height })
	w.until("twenty blocks", func() bool { return w.chain.height > height+20 })
	require.Empty(t, w.record(task).JobID)
	w.chain.read(func() { require.Empty(t, w.chain.batches) })
}

// TestWorkIsNotGivenUpForAStateOlderThanTheJournal: a node that catches up after a restart
// does not know yet what this machine's node holds.
func TestWorkIsNotGivenUpForAStateOlderThanTheJournal(t *testing.T) {
	w := newWorld(t)
	w.engine.hold = make(chan struct{})
	hiding := &hidingChain{fakeChain: w.chain}
	w.config.Chain = hiding
	w.chain.height = 10_000
	task := w.chain.post(w.web, 1)
	stopBlocks := w.chain.blocks(2 * time.Millisecond)
	defer func() { stopBlocks() }()
	_, stop := w.run()
	w.untilPhase(task, store.PhaseRunning)
	stop()

	w.config.Registry = nil
	hiding.behind.Store(9_000)
	var height int64
	w.chain.read(func() { height = w.chain.height })
	a, stop := w.run()
	defer stop()
	w.until("fifty blocks", func() bool { return w.chain.height > height+50 })
	require.False(t, w.record(task).Phase.Finished(), "found %s: %s", w.record(task).Phase, w.record(task).LastError)
	require.Contains(t, a.Status().LastError, "old state")
	hiding.behind.Store(0)
	close(w.engine.hold)
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
}

// TestWorkGoesOnWhenTheChainListsItAgain: one answer that does not contain an assignment must
// not end the work on it.
func TestWorkGoesOnWhenTheChainListsItAgain(t *testing.T) {
	w := newWorld(t)
	w.engine.hold = make(chan struct{})
	hiding := &hidingChain{fakeChain: w.chain}
	w.config.Chain = hiding
	task := w.chain.post(w.web, 1)
	stopBlocks := w.chain.blocks(2 * time.Millisecond)
	a, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseRunning)
	stopBlocks()
	hiding.hides.Store(true)
	w.chain.next()
	w.waits(a, task, "its receipt")
	hiding.hides.Store(false)
	defer w.chain.blocks(2 * time.Millisecond)()
	close(w.engine.hold)
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	require.Equal(t, 1, w.engine.executions())
}

// TestACommittedTaskIsDeliveredWhenTheChainListsItAgain: a committed task that was hidden for
// longer is still delivered and revealed.
func TestACommittedTaskIsDeliveredWhenTheChainListsItAgain(t *testing.T) {
	w := newWorld(t)
	w.chain.othersCommit = false
	hiding := &hidingChain{fakeChain: w.chain}
	w.config.Chain = hiding
	task := w.chain.post(w.web, 1, under(quorum))
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseCommitted)
	hiding.hides.Store(true)
	w.waits(a, task, "its receipt")
	height := a.Status().Height
	require.Eventually(t, func() bool { return a.Status().Height > height+20 }, patience, time.Millisecond)
	hiding.hides.Store(false)
	w.chain.read(func() { w.chain.othersCommit = true })
	record := w.untilPhase(task, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status)
	require.True(t, record.Delivered)
}

func TestTheOwnerIsToldWhenNoBlockComes(t *testing.T) {
	w := newWorld(t)
	var late atomic.Bool
	w.config.Now = func() time.Time {
		if late.Load() {
			return time.Now().Add(2 * staleAfter)
		}
		return time.Now()
	}
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return a.Status().Height > 0 }, patience, time.Millisecond)
	late.Store(true)
	require.Eventually(t, func() bool { return a.Status().LastError != "" }, patience, time.Millisecond)
	require.Contains(t, a.Status().LastError, "no block came after height")
}

// TestACommitmentWithoutContentIsNotBelieved: an answer that a real chain never gives must not
// end the daemon.
func TestACommitmentWithoutContentIsNotBelieved(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1)
	w.chain.claimed(task)
	w.config.Chain = &liar{fakeChain: w.chain, work: func(work *chain.Work) {
		for i := range work.Items {
			work.Items[i].Assignment.Status = computetypes.ASSIGNMENT_STATUS_COMMITTED
		}
	}}
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseFailed)
}
