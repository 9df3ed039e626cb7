package agent

import (
	"context"
	"time"

	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/sidecar/bid"
)

const (
	// probeGood and probeBad are how long it is believed that a server answers, or not.
	probeGood = time.Minute
	probeBad  = 20 * time.Second
	// probeWorst bounds how long a server that fails again and again is left alone.
	probeWorst = 5 * time.Minute
	// maxProbes bounds the servers that are asked at once, and maxOrigins those that
	// are remembered. Any requester may name as many servers that never answer as he
	// likes: those that have failed get maxFailed of the probes, those that have not
	// answered yet maxUnknown, so that some are left for servers that do answer.
	maxProbes  = 16
	maxUnknown = 12
	maxFailed  = 4
	maxOrigins = 1024
)

// probe is what is known of a server that results would go to.
type probe struct {
	running bool
	// at is when it was last asked; zero before the first answer.
	at  time.Time
	err error
	// pause is how long a failure is believed; it grows with each.
	pause time.Duration
}

// answers tells whether the server has answered when it was asked last.
func (p *probe) answers() bool { return !p.at.IsZero() && p.err == nil }

// sinks are the servers that results would go to, as far as they were asked.
type sinks struct {
	now    func() time.Time
	probes map[string]*probe
	// probing counts those that are being asked.
	probing int
	// answered: one of them has answered since the open draws were read.
	answered bool
}

func newSinks(now func() time.Time) *sinks { return &sinks{now: now, probes: map[string]*probe{}} }

// health says whether the server of a sink is known to answer. Nobody is to be paid for a
// result that its requester cannot have: a server that is away, whose certificate nobody
// trusts or that stands in somebody's own network is found out before anything is at stake.
// ask is the server that has to be asked now, "" for none; it then counts as being asked,
// and whoever is the first to want to know waits for its answer.
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

// take tells whether a server may be asked now, and counts it as being asked.
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

// forget makes room for servers that were never asked, if there is none. Those that answer
// are forgotten last.
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

// heard notes what a server has answered; nil for well.
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

// probed says whether a server answers.
type probed struct {
	origin string
	err    error
}

// sinkHealth says whether the server of a sink is known to answer, and asks it beside the
// loop where that is not known.
func (a *Agent) sinkHealth(sink string) *bid.Health {
	health, ask := a.sinks.health(sink)
	if ask != "" {
		ctx, transfers := a.loop.ctx, a.cfg.Transfers
		a.loop.beside(func() event { return probed{origin: ask, err: transfers.Probe(ctx, ask)} })
	}
	return &health
}

// apply implements event. The draws of a server that answers are looked at again before
// the next block: some stay open for a few blocks only.
func (e probed) apply(a *Agent) {
	if a.loop.ctx.Err() != nil {
		return
	}
	a.sinks.heard(e.origin, e.err)
	if e.err != nil {
		a.cfg.Logger.Debug("results could not be delivered", "sink", e.origin, "error", e.err)
	}
}

// lookAgain reads the open draws once more in a block, if servers have answered since
// they were read: once for all of these, because each reading is several queries.
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
