package agent

import (
	"context"
	"fmt"
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
		t.Run(cause.Error(), func(t *testing.T) {
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
		})
	}
}

func TestASinkThatComesBackIsWorkedForAgain(t *testing.T) {
	w := newWorld(t)
	w.web.probeErr = transfer.ErrUnreachable
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(time.Millisecond)()
	began := time.Now()
	// The clock runs 100 times as fast.
	w.config.Now = func() time.Time { return began.Add(100 * time.Since(began)) }
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return len(a.Status().Passed) == 1 }, patience, time.Millisecond)
	w.web.set(func(web *fakeWeb) { web.probeErr = nil })
	require.True(t, w.untilPhase(task, store.PhaseSettled).Delivered)
}

func TestServersAreAskedOnlyForDrawsThatTheNodeLeads(t *testing.T) {
	w := newWorld(t)
	w.chain.params.ClaimBlocks = ages
	w.chain.post(w.web, 1, under(audited), func(t *fakeTask) { t.outranked = true })
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return len(a.Status().Passed) == 1 }, patience, time.Millisecond)
	w.web.set(func(web *fakeWeb) { require.Zero(t, web.probes) })
}

func TestServersThatAreRememberedAreBounded(t *testing.T) {
	s := newSinks(time.Now)
	s.probing = maxProbes
	for n := range 3 * maxOrigins {
		health, ask := s.health(fmt.Sprintf("https://relay-%d.example/v1/drops/box", n))
		require.Zero(t, health, "it has not answered yet")
		require.Empty(t, ask)
	}
	require.LessOrEqual(t, len(s.probes), maxOrigins)
}

func TestServersThatNeverAnswerLeaveProbesForThoseThatDo(t *testing.T) {
	now := time.Now()
	s := newSinks(func() time.Time { return now })
	var asked []string
	look := func(server string) bool {
		health, ask := s.health("https://" + server + ".example/v1/drops/box")
		if ask != "" {
			asked = append(asked, ask)
		}
		return health.Works
	}
	answer := func() {
		for _, origin := range asked {
			var err error
			if strings.Contains(origin, "tarpit") {
				err = transfer.ErrUnreachable
			}
			s.heard(origin, err)
		}
		asked = nil
	}
	look("relay")
	answer()
	believed := 0
	for range 60 {
		for n := range 200 {
			look(fmt.Sprintf("tarpit-%d", n))
		}
		require.LessOrEqual(t, s.probing, maxUnknown)
		if look("relay") {
			believed++
		}
		now = now.Add(10 * time.Second) // the time that a probe without an answer takes
		answer()
		require.Zero(t, s.probing)
	}
	require.Greater(t, believed, 45)
}

func TestServersThatAnswerAreForgottenLast(t *testing.T) {
	s := newSinks(time.Now)
	s.probing = maxProbes
	s.probes["https://relay.example"] = &probe{at: time.Now()}
	for n := range 3 * maxOrigins {
		s.health(fmt.Sprintf("https://relay-%d.example/v1/drops/box", n))
	}
	health, _ := s.health("https://relay.example/v1/drops/box")
	require.True(t, health.Works)
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
	a.loop.ctx = t.Context()
	require.NoError(t, a.restore())
	for w.web.probes < servers {
		a.look()
		require.Positive(t, a.sinks.probing)
		for a.sinks.probing > 0 {
			(<-a.loop.events).apply(a)
		}
	}
	a.look()
	require.NotEmpty(t, a.draws.claims)
	require.Less(t, counted.reads, servers/4)
}
