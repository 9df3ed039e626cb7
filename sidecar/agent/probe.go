package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/thetaedge/theta/sidecar/blob"
)

const (
	// probeGood and probeBad are how long it is believed that a server answers, or not.
	probeGood = time.Minute
	probeBad  = 20 * time.Second
	// maxProbes bounds the servers that are asked at once, and maxOrigins those that
	// are remembered.
	maxProbes  = 16
	maxOrigins = 1024
)

// probe is what is known of a server that results would go to.
type probe struct {
	running bool
	// at is when it was last asked; zero before the first answer.
	at  time.Time
	err error
}

// probed says whether a server answers.
type probed struct {
	origin string
	err    error
}

// reachable tells whether the server of a sink is known to answer, and why a job is left
// to others where it does not. Nobody is to be paid for a result that its requester cannot
// have: a server that is away, whose certificate nobody trusts or that stands in somebody's
// own network is found out before anything is at stake. The first to ask of a server
// waits for its answer, without a reason yet.
func (a *Agent) reachable(sink string) (ok bool, why string) {
	if sink == "" {
		return true, "" // a judge delivers nothing
	}
	origin, err := blob.Origin(sink)
	if err != nil {
		return false, fmt.Sprintf("its results could not be delivered: %v", err)
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
	if !p.at.IsZero() && p.err == nil && age < probeGood {
		return true, ""
	}
	if !p.running && (p.at.IsZero() || p.err == nil || age >= probeBad) {
		a.ask(origin, p)
	}
	if p.err != nil {
		why = fmt.Sprintf("its results could not be delivered: %v", p.err)
	}
	return false, why
}

// ask tries a server beside the loop.
func (a *Agent) ask(origin string, p *probe) {
	if a.probing >= maxProbes {
		return
	}
	a.probing++
	p.running = true
	ctx, transfers := a.ctx, a.cfg.Transfers
	a.beside(func() event { return probed{origin: origin, err: transfers.Probe(ctx, origin)} })
}

// forgetProbes makes room for servers that were never asked.
func (a *Agent) forgetProbes() {
	for origin, p := range a.probes {
		if !p.running {
			delete(a.probes, origin)
		}
	}
}

// apply implements event. The draws of a server that answers are looked at again at
// once: some stay open for a few blocks only.
func (e probed) apply(a *Agent) {
	a.probing--
	p, known := a.probes[e.origin]
	if !known || a.ctx.Err() != nil {
		return
	}
	p.running, p.at, p.err = false, a.cfg.Now(), e.err
	if e.err != nil {
		a.cfg.Logger.Debug("results could not be delivered", "sink", e.origin, "error", e.err)
		return
	}
	if a.height == 0 || !a.wantsWork() {
		return
	}
	ctx, cancel := context.WithTimeout(a.ctx, queryTimeout)
	defer cancel()
	claims, err := a.openDraws(ctx, a.node.Profile.Operator)
	if err != nil {
		a.trouble("cannot read the open draws", err)
		return
	}
	a.claims = claims
}
