package agent

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
)

// invented is a height that no chain reaches.
const invented = 1 << 48

// farChain names a height far ahead while it lies, and is honest before and after.
type farChain struct {
	*fakeChain
	tip, work, result atomic.Bool
	// lies counts the answers that were not true. old makes its newest block an old one.
	lies atomic.Int64
	old  atomic.Bool
	// ahead is by how much the clock is ahead.
	ahead atomic.Int64
}

func (c *farChain) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *farChain) Tip(ctx context.Context) (chain.Tip, error) {
	tip, err := c.fakeChain.Tip(ctx)
	tip.UnixSeconds = c.now().Unix()
	if c.old.Load() {
		tip.UnixSeconds -= 3600
	}
	if c.tip.Load() {
		tip.Height = invented
		c.lies.Add(1)
	}
	return tip, err
}

func (c *farChain) Assignments(ctx context.Context, operator string) (chain.Work, error) {
	work, err := c.fakeChain.Assignments(ctx, operator)
	if c.work.Load() {
		work.Height = invented
		c.lies.Add(1)
	}
	return work, err
}

func (c *farChain) Submit(ctx context.Context, batch chain.Batch, limit int) (chain.Submission, error) {
	done, err := c.fakeChain.Submit(ctx, batch, limit)
	if c.result.Swap(false) {
		done.Height = invented
		c.lies.Add(1)
	}
	return done, err
}

// far is a world whose node can invent heights, with a task whose execution waits.
func far(t *testing.T) (*world, *farChain, *fakeTask) {
	t.Helper()
	w := worldOf(t)
	w.engine.hold = make(chan struct{})
	node := &farChain{fakeChain: w.chain}
	w.config.Chain, w.config.Now = node, node.now
	return w, node, w.chain.post(w.web, 1)
}

// believed checks that no record of the journal has a height that the chain did not have.
func (w *world) believed() {
	w.t.Helper()
	records, err := w.journal.List(store.Filter{})
	require.NoError(w.t, err)
	w.chain.read(func() {
		for _, record := range records {
			require.LessOrEqual(w.t, record.Seen, w.chain.height)
		}
	})
}

func TestOneHeightThatANodeInventsDoesNotEndTheWork(t *testing.T) {
	for _, proves := range []bool{false, true} {
		for name, lie := range map[string]func(*farChain) *atomic.Bool{
			"of its newest block":  func(c *farChain) *atomic.Bool { return &c.tip },
			"of the listed work":   func(c *farChain) *atomic.Bool { return &c.work },
			"of a transaction":     func(c *farChain) *atomic.Bool { return &c.result },
			"in its first answer":  nil,
			"in its first listing": nil,
		} {
			if proves {
				name += ", with proofs"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w, node, task := far(t)
				if proves {
					w.config.Prover = &truth{fakeChain: w.chain}
				}
				if lie == nil {
					node.tip.Store(proves) // nothing can be compared with the very first answer without proofs
					node.work.Store(true)
				}
				defer w.chain.blocks(2 * time.Millisecond)()
				a, stop := w.run()
				if lie == nil {
					require.Eventually(t, func() bool { return a.Status().LastError != "" }, patience, time.Millisecond)
					require.Contains(t, a.Status().LastError, "cannot have reached")
					node.tip.Store(false)
					node.work.Store(false)
				}
				w.untilPhase(task, store.PhaseRunning)
				if lie != nil {
					before := node.lies.Load()
					lie(node).Store(true)
					if lie(node) != &node.result {
						require.Eventually(t, func() bool { return node.lies.Load() > before }, patience, time.Millisecond)
						lie(node).Store(false)
					}
				}
				close(w.engine.hold)
				require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
				require.Positive(t, node.lies.Load())
				w.believed()
				stop()
			})
		}
	}
}

// TestAHeightThatWasBelievedIsCorrectedByAProof: nothing can be proven when the daemon starts, so
// that the first height of its node is all that it has.
func TestAHeightThatWasBelievedIsCorrectedByAProof(t *testing.T) {
	w, node, task := far(t)
	prover := &truth{fakeChain: w.chain, down: errors.New("no header yet")}
	w.config.Prover = prover
	node.tip.Store(true)
	node.work.Store(true)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return a.Status().Height == invented }, patience, time.Millisecond)
	w.believed()
	node.tip.Store(false)
	node.work.Store(false)
	prover.set(func(p *truth) { p.down = nil })
	node.ahead.Store(int64(2 * doubtPause))
	w.untilPhase(task, store.PhaseRunning)
	close(w.engine.hold)
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	require.Less(t, a.Status().Height, int64(invented))
	w.believed()
}

// lines is a log that a test can read while it is written.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// TestAJournalWithAnInventedHeightRecovers: a home in which an earlier version has written such a
// height works without help.
func TestAJournalWithAnInventedHeightRecovers(t *testing.T) {
	for _, proves := range []bool{false, true} {
		w, node, task := far(t)
		stopBlocks := w.chain.blocks(2 * time.Millisecond)
		_, stop := w.run()
		w.untilPhase(task, store.PhaseRunning)
		stop()
		require.NoError(t, w.journal.Update(func(tx *store.Tx) error {
			_, err := tx.Edit(keyOf(task.ref), func(r *store.Assignment) { r.Seen = invented })
			return err
		}))
		log := &lines{}
		w.config.Registry, w.config.Logger = prometheus.NewRegistry(), slog.New(slog.NewTextHandler(log, nil))
		if proves {
			w.config.Prover = &truth{fakeChain: w.chain}
		}
		node.old.Store(!proves)
		a, stop := w.run()
		if !proves {
			require.Eventually(t, func() bool { return a.Status().LastError != "" }, patience, time.Millisecond)
			node.ahead.Store(int64(2 * staleAfter))
			require.Never(t, func() bool { return a.Status().Height > 0 }, 20*time.Millisecond, time.Millisecond, "its newest block is old: it catches up")
			require.Contains(t, a.Status().LastError, "which this home has seen before")
			node.old.Store(false)
			require.Never(t, func() bool { return a.Status().Height > 0 }, 20*time.Millisecond, time.Millisecond, "it has not said so for long")
			require.Eventually(t, func() bool {
				node.ahead.Add(int64(10 * time.Second))
				return a.Status().Height > 0
			}, patience, 10*time.Millisecond)
		}
		close(w.engine.hold)
		require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
		require.Contains(t, log.String(), "a node has named a height that the chain cannot have reached")
		w.believed()
		stop()
		stopBlocks()
	}
}

// TestAClaimEndsThoughItsDrawIsSaidToStayOpen: the deadline of a draw is what a node says.
func TestAClaimEndsThoughItsDrawIsSaidToStayOpen(t *testing.T) {
	w := worldOf(t)
	task := w.chain.post(w.web, 1)
	require.NoError(t, w.journal.Update(func(tx *store.Tx) error {
		return tx.Put(store.Assignment{Key: keyOf(task.ref), Phase: store.PhaseClaimed, Seen: 1, Deadlines: store.Deadlines{Claim: invented}})
	}))
	w.chain.read(func() { w.chain.height = maxDrawBlocks + 10 })
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	// The node may enter another draw of the task at once.
	w.untilRecord(task, "the end of the claim", func(r store.Assignment) bool {
		return r.Phase != store.PhaseClaimed || r.Deadlines.Claim != invented
	})
}

// TestTheHorizonAdmitsEveryHeightOfAChainAndNoneFarAhead: blocks come at any rate that the chain
// allows, and answers and proofs are late.
func TestTheHorizonAdmitsEveryHeightOfAChainAndNoneFarAhead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const fastest = 100 * time.Millisecond
		now, height := time.Unix(1_700_000_000, 0), rapid.Int64Range(1, 1<<40).Draw(t, "height")
		h := horizon{fastest: fastest}
		headerAt, header := now, height
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			blocks := rapid.Int64Range(0, 5_000).Draw(t, "blocks")
			height += blocks
			now = now.Add(time.Duration(blocks)*fastest + time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "pause")))
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				headerAt, header = now, height
			case 1: // a proof that may be late
				h.prove(header, headerAt)
			case 2: // a node that may be behind
				told := height - rapid.Int64Range(0, min(height-1, 100)).Draw(t, "behind")
				require.NoError(t, h.check(told, now))
				h.show(told, now.Add(-time.Duration(height-told)*fastest))
			case 3: // one that lies does not move it
				before := h
				if lie := rapid.Int64Range(1, 1<<48).Draw(t, "lie"); h.height > 0 && h.check(h.ceiling(now)+lie, now) == nil {
					t.Fatalf("believed %d", h.ceiling(now)+lie)
				}
				require.Equal(t, before, h)
			}
			require.NoError(t, h.check(height, now))
		}
	})
}
