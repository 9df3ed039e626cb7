package agent

import (
	"context"
	"time"

	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/sidecar/bid"
)

const (
	// probeGood is the time for which a server that answered is assumed to answer. probeBad is
	// the time for which a server that failed is assumed to fail.
	probeGood = time.Minute
	probeBad  = 20 * time.Second
	// probeWorst bounds the pause between probes of a server that fails repeatedly.
	probeWorst = 5 * time.Minute
	// maxProbes bounds the number of servers that are probed concurrently, and maxOrigins the
	// number of servers that are remembered. A requester may name any number of servers that
	// never answer. Therefore servers that have failed get at most maxFailed of the probes,
	// and servers that have not answered yet at most maxUnknown, so that some probes are left
	// for servers that answer.
	maxProbes  = 16
	maxUnknown = 12
	maxFailed  = 4
	maxOrigins = 1024
)

// probe contains what is known about a server that would receive results.
type probe struct {
	running bool
	// at is the time at which the last probe ended. It is zero before the end of the first
	// probe.
	at  time.Time
	err error
	// pause is the time for which a failure is assumed to last. It grows with each failure.
	pause time.Duration
}

// answers reports whether the last probe of the server succeeded.
func (p *probe) answers() bool { return !p.at.IsZero() && p.err == nil }

// sinks contains the probed servers that would receive results.
type sinks struct {
	now    func() time.Time
	probes map[string]*probe
	// probing is the number of servers that are being probed.
	probing int
	// answered reports whether a server has answered since the open draws were read.
	answered bool
}

func newSinks(now func() time.Time) *sinks { return &sinks{now: now, probes: map[string]*probe{}} }

// health says whether the server of a sink is known to answer. The node should not work for a
// result that its requester cannot receive. Therefore a server that is down, that has an
// untrusted certificate or that is in a private network is found before anything is at stake.
// ask is the server that has to be probed now, or "". It then counts as being probed; the
// caller has to probe it, and others wait for the answer.
func (s *sinks) health(sink string) (health bid.Health, ask string) {
	origin, err := transfer.Origin(sink)
	if err != nil {
		return bid.Health{Why: err.Error()}, ""
	}
	p, known := s.probes[origin]
	if !known {
		s.forget()
		p = &probe{}
		s.probes[origin] = p
	}
	age := s.now().Sub(p.at)
	if p.answers() && age < probeGood {
		return bid.Health{Works: true}, ""
	}
	if !p.running && (p.err == nil || age >= p.pause) && s.take(p) {
		ask = origin
	}
	if p.err != nil {
		health.Why = p.err.Error()
	}
	return health, ask
}

// take reports whether a server may be probed now, and counts it as being probed.
func (s *sinks) take(p *probe) bool {
	most := maxProbes
	switch {
	case p.err != nil:
		most = maxFailed
	case p.at.IsZero():
		most = maxUnknown
	}
	if s.probing >= most {
		return false
	}
	s.probing++
	p.running = true
	return true
}

// forget makes room for servers that were never probed, if there is no room. It forgets
// servers that answer last.
func (s *sinks) forget() {
	for _, all := range []bool{false, true} {
		if len(s.probes) < maxOrigins {
			return
		}
		for origin, p := range s.probes {
			if !p.running && (all || !p.answers()) {
				delete(s.probes, origin)
			}
		}
	}
}

// heard records the answer of a server. err is nil if the server answered well.
func (s *sinks) heard(origin string, err error) {
	s.probing--
	p, known := s.probes[origin]
	if !known {
		return
	}
	p.running, p.at, p.err = false, s.now(), err
	if err != nil {
		p.pause = min(max(2*p.pause, probeBad), probeWorst)
		return
	}
	p.pause, s.answered = 0, true
}

// probed reports whether a server answers.
type probed struct {
	origin string
	err    error
}

// sinkHealth says whether the server of a sink is known to answer. If that is not known, it
// probes the server concurrently with the loop.
func (a *Agent) sinkHealth(sink string) *bid.Health {
	health, ask := a.sinks.health(sink)
	if ask != "" {
		ctx, transfers := a.loop.ctx, a.cfg.Transfers
		a.loop.beside(func() event { return probed{origin: ask, err: transfers.Probe(ctx, ask)} })
	}
	return &health
}

// apply implements event. If the server answers, the draws of its jobs are read again before
// the next block, because some draws are open for only a few blocks.
func (e probed) apply(a *Agent) {
	if a.loop.ctx.Err() != nil {
		return
	}
	a.sinks.heard(e.origin, e.err)
	if e.err != nil {
		a.cfg.Logger.Debug("results could not be delivered", "sink", e.origin, "error", e.err)
	}
}

// lookAgain reads the open draws once more in a block if servers have answered since they were
// read. It does so once for all these servers, because each reading needs several queries.
func (a *Agent) lookAgain(ctx context.Context) {
	if !a.sinks.answered || a.view.height == 0 || !a.wantsWork() {
		return
	}
	a.sinks.answered = false
	claims, err := a.openDraws(ctx)
	if err != nil {
		a.trouble("cannot read the open draws", err)
		return
	}
	a.draws.claims = claims
}
