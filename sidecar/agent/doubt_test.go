package agent

import (
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

// TestAClaimOfWhichNothingIsKnownIsNotClaimedOver checks that a claim whose outcome is unknown
// keeps its room on the machine, whatever rank a later draw has.
func TestAClaimOfWhichNothingIsKnownIsNotClaimedOver(t *testing.T) {
	w := newWorld(t)
	w.config.Policy = bid.Policy{MaxJobs: 1, FuelPerBlock: 10}
	w.engine.hold = make(chan struct{})
	post := func(n int, rank byte) *fakeTask {
		task := w.chain.post(w.web, n)
		task.spec.Resources.Fuel, task.spec.PrepareBlocks, task.spec.CommitBlocks = 10_000, 5, 1_500
		task.rank = rank
		return task
	}
	first := post(1, 9)
	var second *fakeTask
	late := &lateChain{fakeChain: w.chain, after: func() { second = post(2, 1) }}
	w.config.Chain = late
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	defer close(w.engine.hold)
	w.until("a claim", func() bool { return w.chain.claims > 0 })
	height := a.Status().Height
	require.Eventually(t, func() bool { return a.Status().Height > height+20 }, patience, time.Millisecond)
	w.chain.read(func() {
		require.False(t, first.a != nil && second.a != nil, "both are held, and the machine can run one in time")
	})
}
