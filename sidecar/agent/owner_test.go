package agent

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/owner"
	"github.com/thetaedge/theta/sidecar/store"
)

// fakeOwner uses a machine, or does not. Its rules are one: an hour without keyboard and mouse.
type fakeOwner struct {
	present atomic.Bool
	// nanos is the time, which only the test moves.
	nanos   atomic.Int64
	watcher *owner.Watcher
}

// newFakeOwner returns an owner whose watcher runs until the test ends and looks at every pause.
func newFakeOwner(t *testing.T, every time.Duration, suspend ...string) *fakeOwner {
	t.Helper()
	o := &fakeOwner{}
	o.nanos.Store(time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC).UnixNano())
	policy, err := owner.Parse(owner.Settings{Idle: "1h", Suspend: suspend})
	require.NoError(t, err)
	idle := owner.SensorFunc[owner.Activity](func(context.Context) (owner.Activity, error) {
		if o.present.Load() {
			return owner.Activity{Source: "a test"}, nil
		}
		return owner.Activity{Source: "a test", Idle: 2 * time.Hour}, nil
	})
	o.watcher, err = owner.NewWatcher(owner.WatcherConfig{
		Policy: policy, Sensors: owner.Sensors{Idle: idle}, Logger: slog.New(slog.DiscardHandler), Every: every,
		Now: func() time.Time { return time.Unix(0, o.nanos.Load()) },
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); o.watcher.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return o
}

// come makes the owner use the machine.
func (o *fakeOwner) come() { o.present.Store(true) }

// leave makes the owner leave the machine alone until the least pause is over.
func (o *fakeOwner) leave() {
	o.present.Store(false)
	o.nanos.Add(int64(2 * owner.LeastPause))
}

func (o *fakeOwner) holds(action owner.Action) func() bool {
	return func() bool { return o.watcher.Decision().Action >= action }
}

func (o *fakeOwner) attach(cfg *Config) {
	cfg.Paused, cfg.Suspended, cfg.Holds = o.holds(owner.Pause), o.holds(owner.Suspend), o.watcher.Decision
}

// TestNoneOfAThousandDrawsIsClaimedWhileARuleForbidsIt, and the first one is once it does not.
func TestNoneOfAThousandDrawsIsClaimedWhileARuleForbidsIt(t *testing.T) {
	w := newWorld(t)
	present := newFakeOwner(t, time.Millisecond)
	present.come()
	require.Eventually(t, present.holds(owner.Pause), patience, time.Millisecond)
	present.attach(&w.config)
	for n := range 1000 {
		w.chain.post(w.web, n)
	}
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.until("draws that are open", func() bool { return w.chain.tasks[999].record.Rounds != nil })
	for range 10 {
		w.untilBlocks(5) // a thousand tasks make blocks slow
	}
	w.chain.read(func() { require.Zero(t, w.chain.claims) })
	require.Eventually(t, func() bool { return a.Status().Mode == Paused }, patience, time.Millisecond)
	reasons := a.Status().Holds.Reasons
	require.Len(t, reasons, 1)
	require.Equal(t, owner.Idle, reasons[0].Rule)
	require.NotEmpty(t, reasons[0].Cure)
	present.leave()
	w.until("a claim", func() bool { return w.chain.claims > 0 })
	require.Empty(t, a.Status().Holds.Reasons)
}

// TestAClaimThatWaitsIsNotSentAfterAPause: its proof was being read when the owner came.
func TestAClaimThatWaitsIsNotSentAfterAPause(t *testing.T) {
	for _, paused := range []bool{true, false} {
		t.Run(fmt.Sprintf("paused=%v", paused), func(t *testing.T) {
			w := newWorld(t)
			w.config.Paused = func() bool { return paused }
			task := w.chain.post(w.web, 1)
			w.chain.next()
			a, err := New(w.config)
			require.NoError(t, err)
			a.loop.ctx = t.Context()
			node, err := w.chain.Node(t.Context(), w.chain.worker.String())
			require.NoError(t, err)
			require.NoError(t, a.adopt(node))
			a.draws.claims = []bid.Draw{{Ref: task.ref, CloseHeight: 100, Tasks: 1, Job: &bid.Job{Spec: &task.spec}}}
			var batch chain.Batch
			require.True(t, a.enterDraws(&batch))
			require.Equal(t, !paused, len(batch.Claims) == 1)
			require.Empty(t, a.draws.claims)
		})
	}
}

// TestWorkGoesOnEachTimeItsOwnerLeaves: a program that was suspended again and again is paid.
func TestWorkGoesOnEachTimeItsOwnerLeaves(t *testing.T) {
	w := newWorld(t)
	w.engine.hold = make(chan struct{})
	comes := newFakeOwner(t, time.Millisecond, string(owner.Idle))
	comes.attach(&w.config)
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseRunning)
	for range 5 {
		comes.come()
		w.untilSuspended(a, true)
		require.Equal(t, owner.Suspend, a.Status().Holds.Action)
		comes.leave()
		w.untilSuspended(a, false)
	}
	close(w.engine.hold)
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	require.Equal(t, 1, w.engine.executions())
}
