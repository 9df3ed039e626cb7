package agent

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/blob"
	"github.com/thetaedge/theta/sidecar/store"
)

func TestNothingIsClaimedWhoseResultCouldNotBeDelivered(t *testing.T) {
	for _, cause := range []error{blob.ErrUnreachable, blob.ErrUntrusted, blob.ErrRefused} {
		w := newWorld(t)
		w.web.probeErr = fmt.Errorf("HEAD https://relay.example/: %w", cause)
		task := w.chain.post(w.web, 1)
		stopBlocks := w.chain.blocks(time.Millisecond)
		a, stop := w.run()
		require.Eventually(t, func() bool {
			passed := a.Status().Passed
			return len(passed) == 1 && passed[0].Reason == "its results could not be delivered: "+w.web.probeErr.Error()
		}, patience, time.Millisecond)
		height := a.Status().Height
		require.Eventually(t, func() bool { return a.Status().Height > height+20 }, patience, time.Millisecond)
		require.Empty(t, w.record(task).JobID)
		w.chain.read(func() { require.Zero(t, w.chain.claims) })
		w.web.set(func(web *fakeWeb) { require.Equal(t, 1, web.probes, "a failure is remembered for a while") })
		stop()
		stopBlocks()
	}
}

func TestASinkThatComesBackIsWorkedForAgain(t *testing.T) {
	w := newWorld(t)
	w.web.probeErr = blob.ErrUnreachable
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(time.Millisecond)()
	began := time.Now()
	// The clock runs a hundred times as fast.
	w.config.Now = func() time.Time { return began.Add(100 * time.Since(began)) }
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return len(a.Status().Passed) == 1 }, patience, time.Millisecond)
	w.web.set(func(web *fakeWeb) { web.probeErr = nil })
	require.True(t, w.untilPhase(task, store.PhaseSettled).Delivered)
}

func TestServersAreAskedOnlyForDrawsThatTheNodeLeads(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1)
	task.rank = 255
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return len(a.Status().Passed) == 1 }, patience, time.Millisecond)
	w.web.set(func(web *fakeWeb) { require.Zero(t, web.probes) })
}

func TestServersThatAreRememberedAreBounded(t *testing.T) {
	a := &Agent{cfg: Config{Now: time.Now}, probes: map[string]*probe{}, probing: maxProbes}
	for n := range 3 * maxOrigins {
		ok, why := a.reachable(fmt.Sprintf("https://relay-%d.example/v1/drops/box", n))
		require.False(t, ok)
		require.Empty(t, why, "it has not answered yet")
	}
	require.LessOrEqual(t, len(a.probes), maxOrigins)
	ok, _ := a.reachable("")
	require.True(t, ok, "a judge delivers nothing")
}
