package agent

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
)

// lateChain does not answer the first transaction with a claim. A block takes that transaction
// together with the next one.
type lateChain struct {
	*fakeChain
	late  *chain.Batch
	after func()
}

func (c *lateChain) Submit(ctx context.Context, batch chain.Batch, limit int) (chain.Submission, error) {
	if len(batch.Claims) > 0 && c.late == nil {
		c.late = &batch
		c.after()
		return chain.Submission{}, chain.ErrUnreachable
	}
	if c.late != nil && len(c.late.Claims) > 0 {
		_, _ = c.fakeChain.Submit(ctx, *c.late, limit)
		c.late = &chain.Batch{}
	}
	return c.fakeChain.Submit(ctx, batch, limit)
}

// postBelow posts a task in whose draw this node has a lower rank than in that of another task.
func (w *world) postBelow(other *fakeTask, change func(*fakeTask)) (task *fakeTask) {
	w.chain.read(func() {
		c := w.chain
		for n := 2; ; n++ {
			task = c.add(w.web, n, change)
			c.start(task)
			if bytes.Compare(c.rank(task, c.operator), c.rank(other, c.operator)) < 0 {
				return
			}
			c.tasks = c.tasks[:len(c.tasks)-1]
		}
	})
	return task
}

// TestAClaimOfWhichNothingIsKnownIsNotClaimedOver checks that a claim whose outcome is unknown
// keeps its room on the machine, whatever rank a later draw has.
func TestAClaimOfWhichNothingIsKnownIsNotClaimedOver(t *testing.T) {
	w := newWorld(t)
	w.config.Policy = bid.Policy{MaxJobs: 1, FuelPerBlock: 10}
	w.engine.hold = make(chan struct{})
	w.chain.params.ClaimBlocks = ages
	demanding := func(t *fakeTask) {
		t.spec.Policy, t.spec.Resources.Fuel, t.spec.PrepareBlocks, t.spec.CommitBlocks = audited, 10_000, 300, 1_500
	}
	first := w.chain.post(w.web, 1, demanding)
	var second *fakeTask
	late := &lateChain{fakeChain: w.chain, after: func() { second = w.postBelow(first, demanding) }}
	w.config.Chain = late
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	defer close(w.engine.hold)
	w.until("a claim", func() bool { return w.chain.claims > 0 })
	height := a.Status().Height
	require.Eventually(t, func() bool { return a.Status().Height > height+20 }, patience, time.Millisecond)
	w.chain.read(func() {
		require.False(t, w.chain.holds(first) && w.chain.holds(second), "both are held, and the machine can run one in time")
	})
}
