package relay

import (
	"fmt"
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
	type named struct{ name, remote, forwarded, want, network string }
	for _, c := range []named{
		{"plain", "198.51.100.7:1234", "", "198.51.100.7", "198.51.100.0/24"},
		{"forged header", "198.51.100.7:1234", "203.0.113.9", "198.51.100.7", "198.51.100.0/24"},
		{"behind a proxy", "10.0.0.1:1234", "203.0.113.9", "203.0.113.9", "203.0.113.0/24"},
		{"forged before the proxy", "10.0.0.1:1234", "1.1.1.1, 203.0.113.9", "203.0.113.9", "203.0.113.0/24"},
		{"two proxies", "10.0.0.1:1234", "203.0.113.9, 10.0.0.2", "203.0.113.9", "203.0.113.0/24"},
		{"nonsense from a proxy", "10.0.0.1:1234", "unknown", "10.0.0.1", "10.0.0.0/24"},
		{"mapped", "[::ffff:198.51.100.7]:1234", "", "198.51.100.7", "198.51.100.0/24"},
		{"one household", "[2001:db8:1:2:aaaa::1]:1234", "", "2001:db8:1:2::/64", "2001:db8:1::/48"},
		{"no address", "pipe", "203.0.113.9", "pipe", "pipe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			require.Equal(t, peer{c.want, c.network}, peerOf(&cfg, r))
		})
	}
}

func TestLimiterMemoryIsBounded(t *testing.T) {
	cfg := DefaultConfig("unused")
	c := &clock{now: time.Unix(1000, 0)}
	l := newLimiter(cfg, c.Now)
	addr := netip.MustParseAddr("10.0.0.0")
	for range maxAllowances + 10 {
		addr = addr.Next()
		require.NoError(t, l.request(peer{addr.String(), addr.String()}))
	}
	require.Len(t, l.byName, maxAllowances)
	require.Equal(t, maxAllowances, l.recent.Len())
	require.NotContains(t, l.byName, "10.0.0.1", "the one that was used longest ago is forgotten")
	c.advance(2 * cfg.ClientWindow)
	require.NoError(t, l.request(peer{addr.String(), addr.String()}))
	l.sweep()
	require.Len(t, l.byName, 1, "those whose allowance has refilled are forgotten")
}

// A household has as many addresses of a /64 as it likes, and a customer as many /64 of a
// /48 or addresses of a /24: all of them together have a bound.
func TestANetworkIsBoundedHoweverManyAddressesItHas(t *testing.T) {
	for name, base := range map[string]string{"ipv4": "203.0.113.%d", "ipv6": "2001:db8:1:%x::1"} {
		t.Run(name, func(t *testing.T) {
			cfg := DefaultConfig("unused")
			cfg.ClientRate, cfg.ClientBytes = 1, 1000
			l := newLimiter(cfg, (&clock{now: time.Unix(1000, 0)}).Now)
			requests, bytes := 0, 0
			for i := range 250 {
				from := peerAt(netip.MustParseAddr(fmt.Sprintf(base, i)))
				if l.request(from) == nil {
					requests++
				}
				if l.upload(from, 1000) == nil {
					bytes++
				}
			}
			require.Equal(t, networkFactor*4, requests)
			require.Equal(t, networkFactor, bytes)
			other := peerAt(netip.MustParseAddr("198.51.100.7"))
			require.NoError(t, l.request(other))
			require.NoError(t, l.upload(other, 1000))
		})
	}
}
