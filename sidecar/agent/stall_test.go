package agent

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/chain"
)

// stalling takes transactions, and names no heights while they wait, until it is not asked any more.
type stalling struct {
	*fakeChain
	honest atomic.Bool
}

func (s *stalling) Submit(ctx context.Context, batch chain.Batch, limit int) (chain.Submission, error) {
	if s.honest.Load() {
		return s.fakeChain.Submit(ctx, batch, limit)
	}
	s.until(ctx, leap+10)
	return chain.Submission{}, fmt.Errorf("%w: it is said to stand still", chain.ErrStalled)
}

// until waits for some blocks.
func (s *stalling) until(ctx context.Context, blocks int64) {
	var from, now int64
	s.read(func() { from = s.height })
	for now = from; now < from+blocks && ctx.Err() == nil; s.read(func() { now = s.seen }) {
		<-time.After(time.Millisecond)
	}
}

func TestANodeThatLetsTransactionsWaitWhileItShowsBlocksIsReplaced(t *testing.T) {
	w := newWorld(t)
	node := &stalling{fakeChain: w.chain}
	watch := &blamed{honest: func() { node.honest.Store(true) }}
	w.config.Chain, w.config.Endpoints = node, watch
	w.chain.post(w.web, 1, under(quorum))
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilBlamed(watch, "named lower heights")
	require.True(t, node.honest.Load())
}
