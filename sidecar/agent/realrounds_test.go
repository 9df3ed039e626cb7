package agent

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestARealRoundOfHonestNodesPaysThisOne(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1, under(quorum))
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(task, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status)
	require.True(t, record.Verdict.Accepted)
	require.True(t, record.Delivered)
	w.chain.read(func() {
		require.Len(t, task.receipt.Outcomes, 3)
		require.Empty(t, task.slashed())
	})
}

// TestALieInARealRoundIsJudgedAndCostsTheLiar: the two nodes that agree open their results
// once the judges have committed to theirs.
func TestALieInARealRoundIsJudgedAndCostsTheLiar(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1, under(quorum))
	liar := w.chain.nodes[0].String()
	w.chain.liars[liar] = true
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(task, store.PhaseSettled)
	require.Equal(t, "paid", record.Verdict.Status)
	w.chain.read(func() {
		require.Equal(t, []string{liar}, task.slashed())
		require.Len(t, task.receipt.Outcomes, 6, "three replicas and three judges")
	})
}

func TestAuditorsJoinARealRoundBlindly(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1, under(audited))
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	w.chain.read(func() { require.Len(t, task.receipt.Outcomes, 3, "this node and two auditors") })
	require.Equal(t, 1, w.engine.executions())
}

func TestARealRoundGoesOnWithoutANodeThatGivesItsTaskBack(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1, under(quorum))
	w.web.set(func(web *fakeWeb) { web.fetchErr = transfer.ErrGone })
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilGivenBack(task)
	// On a slow machine, the first claim may have come too late for its draw.
	var claims int
	w.chain.read(func() { claims = w.chain.claims })
	height := a.Status().Height
	require.Eventually(t, func() bool { return a.Status().Height > height+50 }, patience, time.Millisecond)
	w.chain.read(func() {
		require.Equal(t, claims, w.chain.claims, "it has taken part, and is not drawn again")
		require.Equal(t, computetypes.ASSIGNMENT_STATUS_RELEASED, task.record.Departed[0].Status)
	})
}

// killedInTransaction runs an agent that dies at its n-th transaction, before or after the
// chain has accepted it.
func (w *world) killedInTransaction(n int, after bool) bool {
	w.t.Helper()
	death := &crash{left: n, after: after}
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	death.kill = cancel
	w.chain.read(func() { w.chain.crash, w.chain.fatal = death, true })
	doomed, err := New(w.config)
	require.NoError(w.t, err)
	ended := make(chan error, 1)
	go func() { ended <- doomed.Run(ctx) }()
	select {
	case <-ctx.Done():
	case <-time.After(patience):
	}
	cancel()
	if err := <-ended; err != nil {
		require.ErrorIs(w.t, err, errKilled)
	}
	w.chain.read(func() { w.chain.crash, w.chain.fatal = &crash{left: -1}, false })
	return death.dead
}

// TestKilledInARealRoundEndsPaid: whatever a restarted agent repeats, a real round does not
// refuse anything and does not slash any node.
func TestKilledInARealRoundEndsPaid(t *testing.T) {
	for _, after := range []bool{false, true} {
		for step := 1; step <= 3; step++ {
			t.Run(fmt.Sprintf("transaction %d after=%v", step, after), func(t *testing.T) {
				w := newWorld(t)
				task := w.chain.post(w.web, 1, under(quorum))
				liar := w.chain.nodes[0].String()
				w.chain.liars[liar] = true
				defer w.chain.blocks(2 * time.Millisecond)()
				require.True(t, w.killedInTransaction(step, after))
				w.config.Registry = prometheus.NewRegistry()
				_, stop := w.run()
				defer stop()
				require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
				w.chain.read(func() { require.Equal(t, []string{liar}, task.slashed()) })
			})
		}
	}
}
