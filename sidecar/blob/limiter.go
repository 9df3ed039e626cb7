package blob

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxClients bounds the limiter's memory. Beyond it the idlest client is
// forgotten, which gives it a fresh allowance and nothing else.
const maxClients = 16384

// allowance is what one client may still do.
type allowance struct {
	requests *rate.Limiter
	bytes    *rate.Limiter
	seen     time.Time
}

// limiter holds an allowance per client.
type limiter struct {
	cfg Config
	now func() time.Time

	mu      sync.Mutex
	clients map[string]*allowance
	// uploading counts the uploads in progress of each client that has one.
	uploading map[string]int
}

func newLimiter(cfg Config, now func() time.Time) *limiter {
	return &limiter{cfg: cfg, now: now, clients: map[string]*allowance{}, uploading: map[string]int{}}
}

// uploadShare is the part of all uploads at once that one client may have.
const uploadShare = 4

// enter takes a place for an upload of client until leave is called, so that no
// client takes them all.
func (l *limiter) enter(client string) (leave func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if most := max(l.cfg.MaxUploads/uploadShare, 1); l.uploading[client] >= most {
		return nil, refusal(codeBusy, "expected at most %d uploads of one client at a time; retry in a moment", most)
	}
	l.uploading[client]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.uploading[client]--; l.uploading[client] == 0 {
			delete(l.uploading, client)
		}
	}, nil
}

// request spends one request of client.
func (l *limiter) request(client string) error {
	if l.cfg.ClientRate == 0 {
		return nil
	}
	a, now := l.of(client)
	if !a.requests.AllowN(now, 1) {
		return refusal(codeRate, "expected at most %d requests a second from one client; wait a second and retry", l.cfg.ClientRate)
	}
	return nil
}

// upload spends size bytes of client's quota.
func (l *limiter) upload(client string, size int64) error {
	if l.cfg.ClientBytes == 0 {
		return nil
	}
	a, now := l.of(client)
	// However small, a file takes a place; whoever takes all of them must take as long
	// as who takes all the bytes.
	share := min(l.cfg.TotalBytes/int64(max(l.cfg.MaxFiles, 1)), l.cfg.ClientBytes)
	if !a.bytes.AllowN(now, int(max(size, share))) {
		return refusal(codeRate, "expected at most %d uploaded bytes per %s from one client, and %d bytes more exceed it; retry later", l.cfg.ClientBytes, l.cfg.ClientWindow, size)
	}
	return nil
}

func (l *limiter) of(client string) (*allowance, time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	a := l.clients[client]
	if a == nil {
		if len(l.clients) >= maxClients {
			l.forgetIdlest()
		}
		a = &allowance{requests: rate.NewLimiter(rate.Limit(l.cfg.ClientRate), 4*l.cfg.ClientRate)}
		if l.cfg.ClientBytes > 0 {
			perSecond := float64(l.cfg.ClientBytes) / l.cfg.ClientWindow.Seconds()
			a.bytes = rate.NewLimiter(rate.Limit(perSecond), int(l.cfg.ClientBytes))
		}
		l.clients[client] = a
	}
	a.seen = now
	return a, now
}

func (l *limiter) forgetIdlest() {
	var idlest string
	var since time.Time
	for client, a := range l.clients {
		if idlest == "" || a.seen.Before(since) {
			idlest, since = client, a.seen
		}
	}
	delete(l.clients, idlest)
}

// sweep forgets clients whose allowance has refilled by now.
func (l *limiter) sweep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	idle := l.now().Add(-max(l.cfg.ClientWindow, time.Minute))
	for client, a := range l.clients {
		if a.seen.Before(idle) {
			delete(l.clients, client)
		}
	}
}

// clientOf names the client for quotas: its IPv4 address, or its IPv6 /64, which
// is what one household gets. X-Forwarded-For counts only as far as it was
// written by proxies that the operator trusts.
func (l *limiter) clientOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && l.trusted(addr); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return addr.String()
	}
	return prefix.String()
}

func (l *limiter) trusted(addr netip.Addr) bool {
	for _, proxy := range l.cfg.TrustedProxies {
		if proxy.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
