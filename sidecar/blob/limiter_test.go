package blob

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// trustLoopback lets a test play several clients through X-Forwarded-For.
func trustLoopback(edit func(*Config)) func(*Config) {
	return func(c *Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		edit(c)
	}
}

func TestClientIsNamedByWhatItCannotForge(t *testing.T) {
	cfg := DefaultConfig("unused")
	cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	l := newLimiter(cfg, time.Now)
	type named struct{ name, remote, forwarded, want string }
	for _, c := range []named{
		{"plain", "198.51.100.7:1234", "", "198.51.100.7"},
		{"forged header", "198.51.100.7:1234", "203.0.113.9", "198.51.100.7"},
		{"behind a proxy", "10.0.0.1:1234", "203.0.113.9", "203.0.113.9"},
		{"forged before the proxy", "10.0.0.1:1234", "1.1.1.1, 203.0.113.9", "203.0.113.9"},
		{"two proxies", "10.0.0.1:1234", "203.0.113.9, 10.0.0.2", "203.0.113.9"},
		{"nonsense from a proxy", "10.0.0.1:1234", "unknown", "10.0.0.1"},
		{"mapped", "[::ffff:198.51.100.7]:1234", "", "198.51.100.7"},
		{"one household", "[2001:db8:1:2:aaaa::1]:1234", "", "2001:db8:1:2::/64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			require.Equal(t, c.want, l.clientOf(r))
		})
	}
}

func TestLimiterMemoryIsBounded(t *testing.T) {
	cfg := DefaultConfig("unused")
	c := &clock{now: time.Unix(1000, 0)}
	l := newLimiter(cfg, c.Now)
	addr := netip.MustParseAddr("10.0.0.0")
	for range maxClients + 10 {
		addr = addr.Next()
		require.NoError(t, l.request(addr.String()))
	}
	require.Len(t, l.clients, maxClients)
	c.advance(2 * cfg.ClientWindow)
	l.sweep()
	require.Empty(t, l.clients)
}
