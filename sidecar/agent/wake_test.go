package agent

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
)

// sleeper is a machine that can sleep. While it sleeps, its calls to the chain do not return, and its
// clocks go on.
type sleeper struct {
	*fakeChain
	slept atomic.Int64
	// asleep is closed when the machine wakes; it is nil while the machine is awake.
	asleep atomic.Pointer[chan struct{}]
	// early counts batches that were sent after the machine woke and before it had asked for the height.
	early, asked atomic.Int64
	woke         atomic.Bool
}

func (s *sleeper) now() time.Time { return time.Now().Add(time.Duration(s.slept.Load())) }

func (s *sleeper) boot() time.Duration { return time.Duration(s.now().UnixNano()) }

func (s *sleeper) wait() {
	if asleep := s.asleep.Load(); asleep != nil {
		<-*asleep
	}
}

func (s *sleeper) Tip(ctx context.Context) (chain.Tip, error) {
	s.wait()
	s.asked.Add(1)
	return s.fakeChain.Tip(ctx)
}

func (s *sleeper) Submit(ctx context.Context, batch chain.Batch, most int) (chain.Submission, error) {
	s.wait()
	if s.woke.Load() && s.asked.Load() == 0 {
		s.early.Add(1)
	}
	return s.fakeChain.Submit(ctx, batch, most)
}

// sleep makes the machine sleep for a number of blocks, which take a time.
func (s *sleeper) sleep(blocks int, took time.Duration) {
	asleep := make(chan struct{})
	s.asleep.Store(&asleep)
	s.slept.Add(int64(took))
	s.skip(blocks)
	s.asked.Store(0)
	s.woke.Store(true)
	s.asleep.Store(nil)
	close(asleep)
}

// sleeps gives a world a machine that can sleep.
func (w *world) sleeps() *sleeper {
	s := &sleeper{fakeChain: w.chain}
	w.config.Chain, w.config.Now, w.config.SinceBoot = s, s.now, s.boot
	return s
}

// TestAMachineThatWakesLooksWhereTheChainIsBeforeItSends, and keeps what can still be kept.
func TestAMachineThatWakesLooksWhereTheChainIsBeforeItSends(t *testing.T) {
	const blockTime = 1500 * time.Millisecond
	for name, c := range map[string]struct {
		phase   store.Phase
		outcome string
		// window is the number of blocks for the commitment, or for the reveal.
		blocks, commit, reveal int
	}{
		"one minute while it runs":                    {store.PhaseRunning, "paid", 40, 400, 400},
		"five minutes while it runs":                  {store.PhaseRunning, "paid", 200, 400, 400},
		"twenty minutes, and the commitment is late":  {store.PhaseRunning, "missed", 800, 400, 400},
		"five minutes with a commitment to reveal":    {store.PhaseCommitted, "paid", 200, 400, 400},
		"twenty minutes, and the reveal is late":      {store.PhaseCommitted, "no_reveal", 800, 400, 400},
		"twenty minutes, and the windows are as long": {store.PhaseCommitted, "paid", 800, 4000, 4000},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.sleeps()
			w.chain.params.RevealBlocks = uint64(c.reveal)
			w.engine.hold = make(chan struct{})
			if c.phase == store.PhaseCommitted {
				close(w.engine.hold)
				w.chain.othersCommit = false
			}
			task := w.chain.post(w.web, 1, under(quorum), func(t *fakeTask) {
				t.spec.PrepareBlocks, t.spec.CommitBlocks = 20, uint64(c.commit)
			})
			stop := w.chain.blocks(time.Millisecond)
			a, end := w.run()
			defer end()
			w.untilPhase(task, c.phase)
			stop()
			w.chain.read(func() { w.chain.othersCommit = true })
			s.sleep(c.blocks, time.Duration(c.blocks)*blockTime)
			if c.phase == store.PhaseRunning {
				close(w.engine.hold)
			}
			defer w.chain.blocks(time.Millisecond)()
			require.Equal(t, c.outcome, w.untilPhase(task, store.PhaseSettled).Verdict.Status)
			require.Zero(t, s.early.Load(), "it looked first")
			require.Equal(t, 1, w.engine.executions())
			require.Equal(t, Working, a.Status().Mode)
		})
	}
}

// TestNothingIsSentBetweenTheWakeAndTheFirstAnswer: the network of a laptop needs some seconds.
func TestNothingIsSentBetweenTheWakeAndTheFirstAnswer(t *testing.T) {
	w := newWorld(t)
	s := w.sleeps()
	w.engine.hold = make(chan struct{})
	var woke atomic.Int64
	w.config.Woke = func() { woke.Add(1) }
	task := w.chain.post(w.web, 1, under(quorum))
	stop := w.chain.blocks(time.Millisecond)
	_, end := w.run()
	defer end()
	w.untilPhase(task, store.PhaseRunning)
	stop()
	s.sleep(100, 150*time.Second)
	require.Eventually(t, func() bool { return woke.Load() == 1 }, patience, time.Millisecond)
	close(w.engine.hold)
	defer w.chain.blocks(time.Millisecond)()
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	require.Equal(t, int64(1), woke.Load(), "one sleep is noticed once")
}

// datedChain names the time of its newest block.
type datedChain struct {
	*fakeChain
	at atomic.Int64
}

func (c *datedChain) Tip(ctx context.Context) (chain.Tip, error) {
	tip, err := c.fakeChain.Tip(ctx)
	tip.UnixSeconds = c.at.Load()
	return tip, err
}

// TestAClockThatIsAYearAheadDeletesNoResult: the blocks show that retention has not ended.
func TestAClockThatIsAYearAheadDeletesNoResult(t *testing.T) {
	w := newWorld(t)
	var ahead atomic.Int64
	w.config.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	dated := &datedChain{fakeChain: w.chain}
	dated.at.Store(time.Now().Unix())
	w.config.Chain, w.config.Retention = dated, time.Hour
	task := w.postUndeliverable()
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	record := settledUndelivered(t, w, task)
	ahead.Store(int64(365 * 24 * time.Hour))
	height := a.Status().Height
	require.Eventually(t, func() bool { return a.Status().Height > height+20 }, patience, time.Millisecond)
	require.DirExists(t, record.Folder)
	require.Equal(t, store.PhaseSettled, w.record(task).Phase)
	ahead.Store(int64(2 * time.Hour))
	dated.at.Store(time.Now().Add(2 * time.Hour).Unix())
	require.Eventually(t, func() bool { return w.record(task).JobID == "" }, patience, time.Millisecond, "the retention has ended by both")
}

func TestTheStatusNamesAClockThatIsWrong(t *testing.T) {
	w := newWorld(t)
	w.config.ClockWarning = func() string { return "the clock of this machine is 1h0m0s ahead of the blocks" }
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return a.Status().Clock != "" && a.Status().Standing != "" }, patience, time.Millisecond)
	require.Contains(t, a.Status().Standing, "1h0m0s ahead of the blocks")
}
