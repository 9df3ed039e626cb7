package blob

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// newTransport dials with bounds of its own, so that no setting of the process
// widens them.
func newTransport(cfg ClientConfig) *http.Transport {
	dialer := &net.Dialer{Timeout: cfg.StallTimeout}
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    cfg.StallTimeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        30 * time.Second,
		ForceAttemptHTTP2:      true,
		// The digest is over the bytes as they were published, and a bomb cannot unfold.
		DisableCompression: true,
	}
	if cfg.RefusePrivate {
		// Checked on the resolved address at each dial: a name that resolves to a
		// public address first and a private one later gains nothing. A proxy would
		// resolve names out of our sight.
		dialer.Control = refusePrivate
		t.Proxy = nil
	}
	return t
}

func refusePrivate(_, address string, _ syscall.RawConn) error {
	host, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: expected an IP address, found %q", ErrRefused, address)
	}
	own, err := ownNetworks()
	if err != nil {
		return fmt.Errorf("%w: cannot tell whether %s is on a network of this machine: %w", ErrRefused, host.Addr(), err)
	}
	if !public(host.Addr()) || near(host.Addr(), own) {
		return fmt.Errorf("%w: expected a public address away from this machine's networks, found %s; publish the content on a public server or relay", ErrRefused, host.Addr())
	}
	return nil
}

// ownNetworks lists this machine's addresses, each with the length of its network.
func ownNetworks() ([]netip.Prefix, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var own []netip.Prefix
	for _, address := range addresses {
		if prefix, err := netip.ParsePrefix(address.String()); err == nil {
			own = append(own, prefix)
		}
	}
	return own, nil
}

// leastHomeBits is the length of the largest network that one home gets.
const leastHomeBits = 48

// near tells whether an address is this machine's own, or one of its home: with IPv6
// what stands beside this machine has public addresses, and only the router's
// firewall keeps strangers from it. A public IPv4 network is a provider's.
func near(addr netip.Addr, own []netip.Prefix) bool {
	addr = addr.Unmap()
	for _, prefix := range own {
		if addr == prefix.Addr().Unmap() || addr.Is6() && prefix.Bits() >= leastHomeBits && prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// public tells whether an address is neither this machine's, its network's nor
// reserved. Translated forms (NAT64, 6to4) are refused as a whole, because they
// may carry a private IPv4 address.
func public(addr netip.Addr) bool {
	addr = addr.Unmap()
	if !addr.IsGlobalUnicast() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsLoopback() {
		return false
	}
	for _, reserved := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "2001:db8::/32", "2002::/16", "fec0::/10",
	} {
		if netip.MustParsePrefix(reserved).Contains(addr) {
			return false
		}
	}
	return true
}

// followAtMost bounds redirects and keeps them on the web, and on TLS once there.
func followAtMost(limit int) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		if len(via) > limit {
			return fmt.Errorf("%w: expected at most %d redirects, found one more; name the final address", ErrRefused, limit)
		}
		if _, err := webURL(next.URL.String()); err != nil {
			return err
		}
		if via[len(via)-1].URL.Scheme == "https" && next.URL.Scheme == "http" {
			return fmt.Errorf("%w: expected to stay on https, found a redirect to http; name the final address", ErrRefused)
		}
		return nil
	}
}

// unwrapURL drops the address that net/http puts into errors: it may hold a secret.
func unwrapURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
