package agent

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
)

func TestNothingIsClaimedWhoseResultCouldNotBeDelivered(t *testing.T) {
	for _, cause := range []error{transfer.ErrUnreachable, transfer.ErrUntrusted, transfer.ErrRefused} {
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
	w.web.probeErr = transfer.ErrUnreachable
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

func TestServersThatNeverAnswerLeaveProbesForThoseThatDo(t *testing.T) {
	now := time.Now()
	a := &Agent{
		cfg: Config{
			Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler),
			Transfers: webWithout{newFakeWeb(), func(origin string) bool { return strings.Contains(origin, "tarpit") }},
		},
		probes: map[string]*probe{}, events: make(chan event), ctx: t.Context(),
	}
	answer := func() {
		for a.probing > 0 {
			(<-a.events).apply(a)
		}
	}
	const honest = "https://relay.example/v1/drops/box"
	a.reachable(honest)
	answer()
	believed := 0
	for range 60 {
		for n := range 200 {
			a.reachable(fmt.Sprintf("https://tarpit-%d.example/v1/drops/box", n))
		}
		if ok, _ := a.reachable(honest); ok {
			believed++
		}
		now = now.Add(10 * time.Second) // what a probe without an answer takes
		answer()
	}
	require.Greater(t, believed, 45)
}

func TestServersThatAnswerAreForgottenLast(t *testing.T) {
	a := &Agent{cfg: Config{Now: time.Now}, probes: map[string]*probe{}, probing: maxProbes}
	a.probes["https://relay.example"] = &probe{at: time.Now()}
	for n := range 3 * maxOrigins {
		a.reachable(fmt.Sprintf("https://relay-%d.example/v1/drops/box", n))
	}
	ok, _ := a.reachable("https://relay.example/v1/drops/box")
	require.True(t, ok)
}

// countedDraws counts how often draws are read.
type countedDraws struct {
	*fakeChain
	reads int
}

func (c *countedDraws) ClaimablePage(ctx context.Context, operator string, from []byte) (chain.Draws, error) {
	c.reads++
	return c.fakeChain.ClaimablePage(ctx, operator, from)
}

func TestDrawsAreNotReadAgainForEachServerThatAnswers(t *testing.T) {
	w := newWorld(t)
	counted := &countedDraws{fakeChain: w.chain}
	w.config.Chain = counted
	const servers = 150
	for n := range servers {
		w.chain.post(w.web, n).spec.Sink = fmt.Sprintf("https://relay-%d.example/v1/drops/box", n)
	}
	a, err := New(w.config)
	require.NoError(t, err)
	a.ctx = t.Context()
	require.NoError(t, a.restore())
	for w.web.probes < servers {
		a.look()
		require.Positive(t, a.probing)
		for a.probing > 0 {
			(<-a.events).apply(a)
		}
	}
	a.look()
	require.NotEmpty(t, a.claims)
	require.Less(t, counted.reads, servers/4)
}
