package relay

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// maxAllowances bounds the limiter's memory. Beyond it the one that was used longest
	// ago is forgotten, which makes it fresh and does nothing else.
	maxAllowances = 16384
	// networkFactor is how much more a network may do than one household in it.
	networkFactor = 4
	// lookupsPerSecond and lookupBurst bound what a network may have the relay ask the
	// chain; a question that finds nothing counts lookupMiss times.
	lookupsPerSecond, lookupBurst, lookupMiss = 50, 500, 10
)

// allowance is what one household or network may still do.
type allowance struct {
	name     string
	requests *rate.Limiter
	bytes    *rate.Limiter
	lookups  *rate.Limiter
	seen     time.Time
}

// limiter holds an allowance for each household and for each network. Every call costs
// the same, however many it holds.
type limiter struct {
	cfg Config
	now func() time.Time

	mu sync.Mutex
	// byName finds what recent orders, the latest first.
	byName map[string]*list.Element
	recent *list.List
}

func newLimiter(cfg Config, now func() time.Time) *limiter {
	return &limiter{cfg: cfg, now: now, byName: map[string]*list.Element{}, recent: list.New()}
}

// request spends one request of a peer and of its network.
func (l *limiter) request(from peer) error {
	if l.cfg.ClientRate == 0 {
		return nil
	}
	for _, a := range l.of(from) {
		if !a.requests.AllowN(a.seen, 1) {
			return refusal(codeRate, "expected at most %d requests a second from one client, and %d from its network; wait a second and retry", l.cfg.ClientRate, networkFactor*l.cfg.ClientRate)
		}
	}
	return nil
}

// upload spends size bytes of the quota of a peer and of its network.
func (l *limiter) upload(from peer, size int64) error {
	if l.cfg.ClientBytes == 0 {
		return nil
	}
	// However small, a file takes a place. A client that takes all places must take as long as
	// one that takes all bytes.
	share := min(l.cfg.TotalBytes/int64(max(l.cfg.MaxFiles, 1)), l.cfg.ClientBytes)
	for _, a := range l.of(from) {
		if !a.bytes.AllowN(a.seen, int(max(size, share))) {
			return refusal(codeRate, "expected at most %d uploaded bytes per %s from one client, and %d times as many from its network, and %d bytes more exceed it; retry later", l.cfg.ClientBytes, l.cfg.ClientWindow, networkFactor, size)
		}
	}
	return nil
}

// lookup spends a question to the chain of a peer's network.
func (l *limiter) lookup(from peer) bool {
	all := l.of(from)
	a := all[len(all)-1]
	return a.lookups.AllowN(a.seen, 1)
}

// missed charges a peer's network for a question that found nothing.
func (l *limiter) missed(from peer) {
	all := l.of(from)
	a := all[len(all)-1]
	a.lookups.ReserveN(a.seen, lookupMiss) // beyond what it has: a debt
}

// of returns the allowances of a peer and of its network, as of now.
func (l *limiter) of(from peer) []allowance {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	all := []allowance{l.use(from.name, 1, now)}
	if from.network != from.name {
		all = append(all, l.use(from.network, networkFactor, now))
	}
	return all
}

// use returns the allowance of a name, and makes one that is factor times a household's.
func (l *limiter) use(name string, factor int, now time.Time) allowance {
	if found, known := l.byName[name]; known {
		l.recent.MoveToFront(found)
		a := found.Value.(*allowance) //nolint:forcetypeassert // the list holds nothing else
		a.seen = now
		return *a
	}
	if l.recent.Len() >= maxAllowances {
		l.forget(l.recent.Back())
	}
	a := &allowance{
		name: name, seen: now,
		requests: rate.NewLimiter(rate.Limit(factor*l.cfg.ClientRate), 4*factor*l.cfg.ClientRate),
		lookups:  rate.NewLimiter(lookupsPerSecond, lookupBurst),
	}
	if l.cfg.ClientBytes > 0 {
		perSecond := float64(factor) * float64(l.cfg.ClientBytes) / l.cfg.ClientWindow.Seconds()
		a.bytes = rate.NewLimiter(rate.Limit(perSecond), factor*int(l.cfg.ClientBytes))
	}
	l.byName[name] = l.recent.PushFront(a)
	return *a
}

func (l *limiter) forget(e *list.Element) {
	a := l.recent.Remove(e).(*allowance) //nolint:forcetypeassert // the list holds nothing else
	delete(l.byName, a.name)
}

// sweep forgets those whose allowance has refilled by now. It looks at no others.
func (l *limiter) sweep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	idle := l.now().Add(-max(l.cfg.ClientWindow, time.Minute))
	for last := l.recent.Back(); last != nil; last = l.recent.Back() {
		if !last.Value.(*allowance).seen.Before(idle) { //nolint:forcetypeassert // the list holds nothing else
			return
		}
		l.forget(last)
	}
}
