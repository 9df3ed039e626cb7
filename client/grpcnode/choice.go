package grpcnode

import (
	"fmt"
	"slices"
	"time"
)

const (
	// farBehind is the number of blocks by which an endpoint may be behind another one, and
	// lagLooks the number of examinations in a row after which one that is further behind is
	// not used.
	farBehind = 10
	lagLooks  = 2
	// farAhead and fastestBlock bound by how much a height may be ahead of what another endpoint
	// showed a while ago.
	farAhead     = 20
	fastestBlock = 100 * time.Millisecond
	// stillAfter is the time without a new block after which an endpoint says nothing about the
	// heights of others.
	stillAfter = 30 * time.Second
	// maxErrs is the number of calls in a row that an endpoint may refuse although another one
	// answers them.
	maxErrs = 3
)

// kind orders what can be wrong with an endpoint: the lower, the rather it is used.
type kind int

const (
	fine kind = iota
	behind
	slow
	lying
	syncing
	silent
	foreign
)

// trouble is what is wrong with an endpoint.
type trouble struct {
	kind kind
	text string
}

// worst returns what speaks most against an endpoint.
func (e *Endpoints) worst(p *endpoint) kind {
	if e.distrusted(p) {
		return max(p.trouble.kind, lying)
	}
	return p.trouble.kind
}

// ill says what is wrong with an endpoint; "" if nothing is.
func (e *Endpoints) ill(p *endpoint) string {
	switch {
	case !e.distrusted(p):
		return p.trouble.text
	case p.trouble.text == "":
		return fmt.Sprintf("%s; it is avoided until %s", p.lie, p.until.UTC().Format(time.RFC3339))
	}
	return p.trouble.text + "; " + p.lie
}

// suffers notes what is wrong with an endpoint.
func (e *Endpoints) suffers(p *endpoint, found trouble) {
	if (p.trouble.kind == fine) != (found.kind == fine) {
		p.since = e.options.Now()
	}
	p.trouble = found
}

// choose decides which endpoint is used. It stays with one that has no trouble, unless a preferred
// one has had none for a while.
func (e *Endpoints) choose() {
	best := e.used
	for i, p := range e.list {
		if i == e.used {
			continue
		}
		mine, other := e.worst(e.list[best]), e.worst(p)
		switch {
		case other < mine:
			best = i
		case other == fine && mine == fine && i < best && best == e.used && e.options.Now().Sub(p.since) >= e.options.ReturnAfter:
			best = i
		}
	}
	if best == e.used {
		return
	}
	from, to := e.list[e.used], e.list[best]
	why := e.ill(from)
	if why == "" {
		why = "it is preferred and has had no trouble for " + e.options.ReturnAfter.String()
	}
	e.used = best
	e.switches++
	e.options.Switched(from.address, to.address, why)
}

// maxTried is how many endpoints are asked for one answer.
const maxTried = 3

// order returns the endpoints that are asked for an answer, the used one first. Those of another
// chain and those that lie are asked only if they are used.
func (e *Endpoints) order() []*endpoint {
	e.mu.Lock()
	defer e.mu.Unlock()
	others := make([]*endpoint, 0, len(e.list))
	for i, p := range e.list {
		if i != e.used && !e.distrusted(p) && p.trouble.kind != foreign {
			others = append(others, p)
		}
	}
	slices.SortStableFunc(others, func(x, y *endpoint) int { return int(e.worst(x)) - int(e.worst(y)) })
	list := append([]*endpoint{e.list[e.used]}, others...)
	return list[:min(len(list), maxTried)]
}
