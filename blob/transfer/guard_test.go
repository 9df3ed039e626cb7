package transfer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// disguises are the forms of IPv6 that lead to an IPv4 address.
func disguises(v4 string) []string {
	a := netip.MustParseAddr(v4).As4()
	return []string{
		v4, "::ffff:" + v4, "::" + v4, "64:ff9b::" + v4, "64:ff9b:1::" + v4,
		fmt.Sprintf("2002:%02x%02x:%02x%02x::1", a[0], a[1], a[2], a[3]),
		fmt.Sprintf("2001:0:1:2:3:4:%02x%02x:%02x%02x", ^a[0], ^a[1], ^a[2], ^a[3]),
	}
}

// A job names addresses. Even where it may name private ones, as on a devnet, none leads
// to a link, to where the machines of a cloud find their secrets, or to the owner.
func TestNoJobLeadsToSecretsOrToTheOwner(t *testing.T) {
	g := newGuard(ClientConfig{
		Strangers: true, OwnNames: []string{"home.example"},
		OwnNetworks: []netip.Prefix{netip.MustParsePrefix("8.8.4.0/24"), netip.MustParsePrefix("2a02:8070:1::/48")},
	})
	g.lookup = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("9.9.9.9"), netip.MustParseAddr("::ffff:1.1.1.1"), netip.MustParseAddr("2620:fe::9")}, nil
	}
	refused := []string{"fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fd20:ce::254", "ff02::1", "::", "2a02:8070:1:7::1", "2620:fe::9"}
	for _, v4 := range []string{"169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "8.8.4.4", "9.9.9.9", "1.1.1.1"} {
		refused = append(refused, disguises(v4)...)
	}
	for _, address := range refused {
		require.ErrorIs(t, g.check(t.Context(), "tcp", net.JoinHostPort(address, "80"), nil), ErrRefused, address)
	}
	for _, address := range []string{"127.0.0.1", "10.1.2.3", "192.168.0.1", "8.8.8.8", "2606:2800:220:1::1946", "fd12:3456::1"} {
		require.NoError(t, g.check(t.Context(), "tcp", net.JoinHostPort(address, "80"), nil), address)
	}
	g.refusePrivate = true
	var private []string
	for _, v4 := range []string{"127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "100.64.0.1", "0.0.0.1", "192.88.99.1", "224.0.0.1", "255.255.255.255"} {
		private = append(private, disguises(v4)...)
	}
	for _, address := range append(private, "::1", "fd12:3456::1", "2001:db8::1", "3fff::1", "100::1") {
		require.ErrorIs(t, g.check(t.Context(), "tcp", net.JoinHostPort(address, "80"), nil), ErrRefused, address)
	}
	require.NoError(t, g.check(t.Context(), "tcp", "8.8.8.8:80", nil))
	require.ErrorIs(t, g.check(t.Context(), "tcp", "no address:80", nil), ErrRefused)
}

func TestNamesOfTheOwnerAreFollowed(t *testing.T) {
	now, fails := time.Unix(1000, 0), error(nil)
	leads := "9.9.9.9"
	g := newGuard(ClientConfig{Strangers: true, OwnNames: []string{"home.example"}})
	g.now = func() time.Time { return now }
	g.lookup = func(_ context.Context, name string) ([]netip.Addr, error) {
		require.Equal(t, "home.example", name)
		if fails != nil {
			return nil, fails
		}
		return []netip.Addr{netip.MustParseAddr(leads)}, nil
	}
	refused := func(address string) bool {
		return errors.Is(g.allowed(t.Context(), netip.MustParseAddr(address)), ErrRefused)
	}
	fails = errors.New("no such host")
	require.True(t, refused("8.8.8.8"), "nobody knows yet which address is the owner's")
	fails = nil
	require.True(t, refused("9.9.9.9"))
	require.False(t, refused("8.8.8.8"))
	leads = "8.8.8.8"
	require.False(t, refused("8.8.8.8"))
	now = now.Add(ownNamesAge)
	require.True(t, refused("8.8.8.8"), "the home has another address")
	fails, now = errors.New("no such host"), now.Add(ownNamesAge)
	require.True(t, refused("8.8.8.8"), "a name that does not resolve keeps what it had")
	require.False(t, refused("9.9.9.9"))
}

// The address that is dialed is the one that was checked, for the first host and for each
// that it redirects to.
func TestRedirectsAndNamesAreCheckedWhereTheyLead(t *testing.T) {
	secret := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a refused address was asked") }))
	t.Cleanup(secret.Close)
	port := secret.URL[strings.LastIndex(secret.URL, ":"):]
	to := ""
	web := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) })
	c := newFetcher(t, func(cfg *ClientConfig) {
		cfg.Strangers = true
		// The server that redirects is at 127.0.0.1, what it leads to at others of the
		// same machine.
		cfg.OwnNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.2/31")}
	})
	for _, address := range []string{"http://127.0.0.2" + port, "http://[::ffff:127.0.0.2]" + port, "http://169.254.169.254/latest"} {
		to = address
		_, err := c.Get(t.Context(), web, 10)
		require.ErrorIs(t, err, ErrRefused, address)
		_, err = c.PutTo(t.Context(), address, strings.NewReader("x"), 1, nil)
		require.ErrorIs(t, err, ErrRefused, address)
		require.ErrorIs(t, c.Probe(t.Context(), address), ErrRefused, address)
	}
}

// Jobs that name one host on many machines must not add up to an attack on it.
func TestEachHostIsAskedAtItsPace(t *testing.T) {
	p := newHostPace(1, 3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // it must not wait
	turns := func(address string) (n int) {
		u, err := url.Parse(address)
		require.NoError(t, err)
		for range 10 {
			if p.of(net.JoinHostPort(strings.ToLower(u.Hostname()), u.Port())).Tokens() >= 1 && p.wait(t.Context(), u) == nil {
				n++
			}
		}
		return n
	}
	require.Equal(t, 3, turns("https://victim.example/a"))
	require.Zero(t, turns("https://VICTIM.example/b"), "however it is written, and whatever is asked for")
	require.Equal(t, 3, turns("https://other.example"))
	u, err := url.Parse("https://victim.example")
	require.NoError(t, err)
	require.ErrorIs(t, p.wait(ctx, u), ErrBusy)
	local, err := url.Parse("http://127.0.0.1:7070")
	require.NoError(t, err)
	for range 10 {
		require.NoError(t, p.wait(t.Context(), local))
	}
	for i := range 2 * maxPacedHosts {
		require.True(t, p.allow(fmt.Sprint(i)))
	}
	require.LessOrEqual(t, len(p.hosts), maxPacedHosts)
	require.Equal(t, len(p.hosts), p.recent.Len())

	// Many names may lead to one address.
	g := newGuard(ClientConfig{Strangers: true})
	for range dialBurst {
		require.NoError(t, g.check(t.Context(), "tcp", "8.8.8.8:443", nil))
	}
	err = g.check(t.Context(), "tcp", "[::ffff:8.8.8.8]:443", nil)
	require.ErrorIs(t, err, ErrBusy)
	require.True(t, Retryable(explain(t.Context(), "GET", err)))
}
