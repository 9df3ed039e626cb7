package agent

import (
	"context"
	"time"

	"github.com/thetaedge/theta/blob/transfer"
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

// probed says whether a server answers.
type probed struct {
	origin string
	err    error
}

// reachable tells whether the server of a sink is known to answer, and why it does not. Nobody is to be paid for a result that its requester cannot
// have: a server that is away, whose certificate nobody trusts or that stands in somebody's
// own network is found out before anything is at stake. The first to ask of a server
// waits for its answer, without a reason yet.
func (a *Agent) reachable(sink string) (ok bool, why string) {
	if sink == "" {
		return true, "" // a judge delivers nothing
	}
	origin, err := transfer.Origin(sink)
	if err != nil {
		return false, err.Error()
	}
	p, known := a.probes[origin]
	if !known {
		if len(a.probes) >= maxOrigins {
			a.forgetProbes()
		}
		p = &probe{}
		a.probes[origin] = p
	}
	age := a.cfg.Now().Sub(p.at)
	if p.answers() && age < probeGood {
		return true, ""
	}
	if !p.running && (p.err == nil || age >= p.pause) {
		a.ask(origin, p)
	}
	if p.err != nil {
		why = p.err.Error()
	}
	return false, why
}

// ask tries a server beside the loop.
func (a *Agent) ask(origin string, p *probe) {
	most := maxProbes
	switch {
	case p.err != nil:
		most = maxFailed
	case p.at.IsZero():
		most = maxUnknown
	}
	if a.probing >= most {
		return
	}
	a.probing++
	p.running = true
	ctx, transfers := a.ctx, a.cfg.Transfers
	a.beside(func() event { return probed{origin: origin, err: transfers.Probe(ctx, origin)} })
}

// forgetProbes makes room for servers that were never asked. Those that answer are
// forgotten last.
func (a *Agent) forgetProbes() {
	for _, all := range []bool{false, true} {
		if len(a.probes) < maxOrigins {
			return
		}
		for origin, p := range a.probes {
			if !p.running && (all || !p.answers()) {
				delete(a.probes, origin)
			}
		}
	}
}

// apply implements event. The draws of a server that answers are looked at again before
// the next block: some stay open for a few blocks only.
func (e probed) apply(a *Agent) {
	a.probing--
	p, known := a.probes[e.origin]
	if !known || a.ctx.Err() != nil {
		return
	}
	p.running, p.at, p.err = false, a.cfg.Now(), e.err
	if e.err != nil {
		p.pause = min(max(2*p.pause, probeBad), probeWorst)
		a.cfg.Logger.Debug("results could not be delivered", "sink", e.origin, "error", e.err)
		return
	}
	p.pause, a.answered = 0, true
}

// lookAgain reads the open draws once more in a block, if servers have answered since
// they were read: once for all of these, because each reading is several queries.
func (a *Agent) lookAgain(ctx context.Context) {
	if !a.answered || a.height == 0 || !a.wantsWork() {
		return
	}
	a.answered = false
	claims, err := a.openDraws(ctx)
	if err != nil {
		a.trouble("cannot read the open draws", err)
		return
	}
	a.claims = claims
}
