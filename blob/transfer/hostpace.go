package transfer

import (
	"container/list"
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"

	"golang.org/x/time/rate"
)

const (
	// requestsPerSecond and requestBurst bound what one host gets of this machine's
	// requests, dialsPerSecond and dialBurst what one address gets of its connections:
	// jobs that name one host on many machines must not add up to an attack on it.
	requestsPerSecond, requestBurst = 25, 100
	dialsPerSecond, dialBurst       = 10, 50
	// maxPacedHosts bounds the hosts that are remembered. The one that was used longest
	// ago is forgotten first.
	maxPacedHosts = 1024
)

// hostPace bounds how often each host is asked.
type hostPace struct {
	rate  rate.Limit
	burst int

	mu     sync.Mutex
	hosts  map[string]*list.Element
	recent *list.List
}

type pacedHost struct {
	name  string
	limit *rate.Limiter
}

func newHostPace(perSecond, burst int) *hostPace {
	return &hostPace{rate: rate.Limit(perSecond), burst: burst, hosts: map[string]*list.Element{}, recent: list.New()}
}

func (p *hostPace) of(host string) *rate.Limiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	if found, known := p.hosts[host]; known {
		p.recent.MoveToFront(found)
		return found.Value.(*pacedHost).limit //nolint:forcetypeassert // the list holds nothing else
	}
	if p.recent.Len() >= maxPacedHosts {
		delete(p.hosts, p.recent.Remove(p.recent.Back()).(*pacedHost).name) //nolint:forcetypeassert // the list holds nothing else
	}
	h := &pacedHost{name: host, limit: rate.NewLimiter(p.rate, p.burst)}
	p.hosts[host] = p.recent.PushFront(h)
	return h.limit
}

// allow takes a turn with a host if there is one.
func (p *hostPace) allow(host string) bool { return p.of(host).Allow() }

// wait waits for a turn with the host of an address. This machine itself is not paced.
func (p *hostPace) wait(ctx context.Context, u *url.URL) error {
	host := strings.ToLower(u.Hostname())
	if addr, err := netip.ParseAddr(host); err == nil && addr.Unmap().IsLoopback() || host == "localhost" {
		return nil
	}
	if err := p.of(net.JoinHostPort(host, u.Port())).Wait(ctx); err != nil {
		return fmt.Errorf("%w: expected fewer requests to %s from this machine: %w", ErrBusy, host, err)
	}
	return nil
}
