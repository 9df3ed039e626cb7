package agent

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
)

func TestEachDutySaysWhatMissingItCosts(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1)
	stop := w.chain.blocks(2 * time.Millisecond)
	_, end := w.run()
	w.untilPhase(task, store.PhaseSettled)
	end()
	stop()
	found := map[chain.Action]chain.Stake{}
	for _, batch := range w.chain.batches {
		require.Len(t, batch.Stakes, len(batch.Reveals)+len(batch.Opens)+len(batch.Commits)+len(batch.Releases)+len(batch.Yields))
		for duty, stake := range batch.Stakes {
			require.Equal(t, task.ref, duty.Ref)
			require.Positive(t, stake.Deadline)
			found[duty.Action] = stake
		}
	}
	require.Equal(t, math.NewInt(100), found[chain.Commit].Loss, "the fee of a missed deadline: a tenth of the reward")
	require.Equal(t, math.NewInt(liability), found[chain.Reveal].Loss, "all that is locked")
}

func TestWhatIsRefusedAtEachBlockIsSaidOnce(t *testing.T) {
	w := newWorld(t)
	stuck := &stuckChain{fakeChain: w.chain}
	var log lockedBuffer
	w.config.Chain, w.config.Logger = stuck, slog.New(slog.NewTextHandler(&log, nil))
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.until("twenty tries", func() bool { return stuck.tries > 20 })
	require.Equal(t, 1, strings.Count(log.String(), "the chain refused an item"))
	require.Contains(t, w.record(task).LastError, "fits into no transaction")
}

// stuckChain does not accept any commitment, because none fits into a transaction.
type stuckChain struct {
	*fakeChain
	tries int
}

func (c *stuckChain) Submit(ctx context.Context, batch chain.Batch, limit int) (chain.Submission, error) {
	if len(batch.Commits) == 0 {
		return c.fakeChain.Submit(ctx, batch, limit)
	}
	c.read(func() { c.tries++ })
	return chain.Submission{Items: []chain.ItemOutcome{{
		Action: chain.Commit, Ref: batch.Commits[0].Ref, Code: 1, Log: "it fits into no transaction",
	}}}, nil
}

// lockedBuffer is a log that can be read while it is written.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
