package agent

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	"github.com/thetaedge/theta/x/compute/round"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const elsewhere = "http://other.example/v1/drops/box"

// webWithout is a web in which some servers do not answer.
type webWithout struct {
	*fakeWeb
	away func(origin string) bool
}

func (w webWithout) Probe(ctx context.Context, origin string) error {
	if err := w.fakeWeb.Probe(ctx, origin); err != nil {
		return err
	}
	if w.away(origin) {
		return transfer.ErrUnreachable
	}
	return nil
}

// askedChain counts the requests that it shows to an agent which knows their blocks.
type askedChain struct {
	*fakeChain
	tip, shown atomic.Int64
}

func (c *askedChain) Tip(ctx context.Context) (chain.Tip, error) {
	tip, err := c.fakeChain.Tip(ctx)
	c.tip.Store(tip.Height)
	return tip, err
}

func (c *askedChain) Redeliveries(ctx context.Context, from int64, page []byte) (chain.Redeliveries, error) {
	list, err := c.fakeChain.Redeliveries(ctx, from, page)
	for i := range list.Requests {
		if list.Requests[i].Redelivery.Height <= c.tip.Load() {
			c.shown.Add(1)
		}
	}
	return list, err
}

func TestAJobThatIsKnownAlreadyIsClaimedForTheNewSink(t *testing.T) {
	w := newWorld(t)
	w.config.Transfers = webWithout{w.web, func(origin string) bool { return strings.Contains(origin, "relay.example") }}
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return len(a.Status().Passed) == 1 }, patience, time.Millisecond)
	w.chain.askAgain(elsewhere, task)
	record := w.untilPhase(task, store.PhaseSettled)
	require.True(t, w.web.holds(manifestAt(elsewhere, record)))
}

func TestAProgramThatEndsRightAfterARequestIsDeliveredToTheNewSink(t *testing.T) {
	w := newWorld(t)
	seen := &askedChain{fakeChain: w.chain}
	w.config.Chain = seen
	w.engine.hold = make(chan struct{})
	task := w.chain.post(w.web, 1)
	stopBlocks := w.chain.blocks(time.Millisecond)
	a, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseRunning)
	stopBlocks()
	w.chain.askAgain(elsewhere, task)
	require.Eventually(t, func() bool {
		w.chain.next()
		var height int64
		w.chain.read(func() { height = w.chain.height })
		require.Eventually(t, func() bool { return a.Status().Height == height }, patience, time.Millisecond)
		return seen.shown.Load() > 0
	}, patience, time.Millisecond)
	close(w.engine.hold)
	// Usually without another block; on a busy machine the agent may wait for one.
	require.Eventually(t, func() bool {
		if w.record(task).Phase >= store.PhaseCommitSent {
			return true
		}
		w.chain.next()
		return false
	}, patience, 100*time.Millisecond)
	require.Equal(t, elsewhere, w.record(task).Sink)
	defer w.chain.blocks(time.Millisecond)()
	record := w.untilPhase(task, store.PhaseSettled)
	require.True(t, w.web.holds(manifestAt(elsewhere, record)))
}

// laggingChain answers queries for requests like a node that is some blocks behind.
type laggingChain struct {
	*fakeChain
	behind int64
}

func (c *laggingChain) Redeliveries(ctx context.Context, from int64, page []byte) (chain.Redeliveries, error) {
	list, err := c.fakeChain.Redeliveries(ctx, from, page)
	c.read(func() {
		if len(list.Requests) > 0 && list.Requests[0].Redelivery.Height > c.height-c.behind {
			list.Requests = nil
		}
	})
	return list, err
}

func TestARequestThatALaggingNodeDoesNotKnowYetIsHeededLater(t *testing.T) {
	w := newWorld(t)
	w.config.Chain = &laggingChain{w.chain, 2 * redeliveryBlocks}
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	require.True(t, w.untilPhase(task, store.PhaseSettled).Delivered)
	w.chain.askAgain(elsewhere, task)
	require.Eventually(t, func() bool { return w.web.holds(manifestAt(elsewhere, w.record(task))) }, patience, time.Millisecond)
}

func TestAResultOfBeforeSinksWereJournalledIsDeliveredAfterItsEnd(t *testing.T) {
	w := newWorld(t)
	w.chain.params.RevealBlocks = 60
	w.web.putErr = transfer.ErrUnreachable
	task := w.chain.post(w.web, 1, under(w.chain.alone(ages)))
	stopBlocks := w.chain.blocks(time.Millisecond)
	_, stop := w.run()
	record := w.untilPhase(task, store.PhaseRevealed)
	stop()
	stopBlocks()
	_, err := w.journal.Edit(record.Key, func(r *store.Assignment) { r.Sink = "" })
	require.NoError(t, err)
	// The task ends while the daemon is being replaced.
	w.chain.act(task, func(t *round.Chunk) error { return t.Review(true) })
	w.web.set(func(web *fakeWeb) { web.putErr = nil })
	w.again()
	defer w.chain.blocks(time.Millisecond)()
	_, stop = w.run()
	defer stop()
	w.untilDelivered(task)
	require.True(t, w.web.holds(manifestAt(task.spec.Sink, record)))
}

// lyingChain shows, while it is set, a request from blocks that do not exist yet.
type lyingChain struct {
	*fakeChain
	job   atomic.Pointer[string]
	shown atomic.Int64
}

func (c *lyingChain) Redeliveries(ctx context.Context, from int64, page []byte) (chain.Redeliveries, error) {
	list, err := c.fakeChain.Redeliveries(ctx, from, page)
	if job := c.job.Load(); job != nil {
		c.shown.Add(1)
		list.Requests = append(list.Requests, computetypes.JobRedelivery{
			JobId: *job, Redelivery: computetypes.Redelivery{Sink: "http://liar.example/v1/drops/box", Height: 1 << 60, Count: 1},
		})
	}
	return list, err
}

// TestARequestOfBlocksToComeKeepsNoLaterOneFromBeingHeard: a recorded request is remembered
// for longer than the node that showed it is used.
func TestARequestOfBlocksToComeKeepsNoLaterOneFromBeingHeard(t *testing.T) {
	w := newWorld(t)
	liar := &lyingChain{fakeChain: w.chain}
	w.config.Chain = liar
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(task, store.PhaseSettled)
	liar.job.Store(&record.JobID)
	require.Eventually(t, func() bool { return liar.shown.Load() > 1 }, patience, time.Millisecond)
	liar.job.Store(nil)
	w.chain.askAgain(elsewhere, task)
	require.Eventually(t, func() bool { return w.web.holds(manifestAt(elsewhere, record)) }, patience, time.Millisecond)
}
