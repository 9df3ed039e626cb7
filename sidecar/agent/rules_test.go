package agent

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/store"
)

// TestNewRulesDecideAboutNewWorkOnly: what the node holds goes on.
func TestNewRulesDecideAboutNewWorkOnly(t *testing.T) {
	w := newWorld(t)
	w.config.Line = NewLineMeter(w.journal, time.Now)
	w.engine.hold = make(chan struct{})
	first := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(first, store.PhaseRunning)
	strict := w.config.Policy
	strict.MaxFuel, strict.MaxJobs = 1, 1
	a.Adopt(Rules{Policy: strict, MaxDayBytes: 1 << 40})
	require.Eventually(t, func() bool { return a.Status().LineMax == 1<<40 }, patience, time.Millisecond)
	second := w.chain.post(w.web, 2)
	require.Eventually(t, func() bool {
		passed := a.Status().Passed
		return len(passed) == 1 && passed[0].JobID == second.ref.JobId
	}, patience, time.Millisecond)
	w.chain.read(func() { require.False(t, w.chain.holds(second)) })
	require.Equal(t, store.PhaseRunning, w.record(first).Phase)
	a.Adopt(Rules{Policy: w.config.Policy})
	w.untilPhase(second, store.PhaseRunning)
	close(w.engine.hold)
	for _, task := range []*fakeTask{first, second} {
		require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	}
}
