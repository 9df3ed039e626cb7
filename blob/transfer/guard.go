package transfer

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// ownNamesAge is how long it is believed to which addresses a name of the owner's leads.
const ownNamesAge = time.Minute

// guard refuses connections that a stranger's job has no business with. It sees the
// address that is dialed, so that nothing changes between check and use.
type guard struct {
	refusePrivate bool
	// networks and names are the owner's own, by address and by name.
	networks []netip.Prefix
	names    []string
	lookup   func(ctx context.Context, name string) ([]netip.Addr, error)
	now      func() time.Time
	pace     *hostPace

	mu sync.Mutex
	// found are the addresses of names, as of at.
	found []netip.Addr
	at    time.Time
}

func newGuard(cfg ClientConfig) *guard {
	return &guard{
		refusePrivate: cfg.RefusePrivate, networks: cfg.OwnNetworks, names: cfg.OwnNames, now: time.Now,
		lookup: func(ctx context.Context, name string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		},
		pace: newHostPace(dialsPerSecond, dialBurst),
	}
}

// check implements net.Dialer.ControlContext.
func (g *guard) check(ctx context.Context, _, address string, _ syscall.RawConn) error {
	host, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: expected an IP address, found %q", ErrRefused, address)
	}
	if err := g.allowed(ctx, host.Addr()); err != nil {
		return err
	}
	if addr := host.Addr().Unmap(); !addr.IsLoopback() && !g.pace.allow(addr.String()) {
		return fmt.Errorf("%w: expected fewer connections to %s from this machine; wait", ErrBusy, addr)
	}
	return nil
}

// allowed reports whether a stranger may have this machine speak to an address.
func (g *guard) allowed(ctx context.Context, addr netip.Addr) error {
	for _, meant := range meanings(addr) {
		if special(meant) {
			return fmt.Errorf("%w: expected a public address, found %s, where machines ask for their settings and secrets", ErrRefused, addr)
		}
		own, err := g.owners(ctx, meant)
		if err != nil {
			return err
		}
		if own {
			return fmt.Errorf("%w: expected an address away from the owner's own, found %s; publish the content on a public server or relay", ErrRefused, addr)
		}
	}
	if !g.refusePrivate {
		return nil
	}
	own, err := ownNetworks()
	if err != nil {
		return fmt.Errorf("%w: cannot tell whether %s is on a network of this machine: %w", ErrRefused, addr, err)
	}
	if !public(addr) || near(addr, own) {
		return fmt.Errorf("%w: expected a public address away from this machine's networks, found %s; publish the content on a public server or relay", ErrRefused, addr)
	}
	return nil
}

// owners reports whether an address is among those that the owner has named. A name that
// does not resolve keeps the addresses that it had.
func (g *guard) owners(ctx context.Context, addr netip.Addr) (bool, error) {
	for _, network := range g.networks {
		if network.Contains(addr) {
			return true, nil
		}
	}
	if len(g.names) == 0 {
		return false, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.at.IsZero() || g.now().Sub(g.at) >= ownNamesAge {
		var found []netip.Addr
		for _, name := range g.names {
			addrs, err := g.lookup(ctx, name)
			if err != nil && g.at.IsZero() {
				return false, fmt.Errorf("%w: cannot tell whether %s is the owner's, because %s does not resolve: %w", ErrRefused, addr, name, err)
			}
			if err != nil {
				found = append(found, g.found...)
				continue
			}
			found = append(found, addrs...)
		}
		g.found, g.at = found, g.now()
	}
	for _, own := range g.found {
		if own.Unmap() == addr {
			return true, nil
		}
	}
	return false, nil
}

// meanings are the addresses that one may lead to: itself, and the IPv4 address that a
// translated form carries.
func meanings(addr netip.Addr) []netip.Addr {
	addr = addr.Unmap().WithZone("")
	all := []netip.Addr{addr}
	if addr.Is4() {
		return all
	}
	raw := addr.As16()
	for _, form := range []struct {
		prefix string
		at     int
	}{
		{"::/96", 12},          // IPv4-compatible
		{"64:ff9b::/96", 12},   // NAT64
		{"64:ff9b:1::/48", 12}, // NAT64 of a network's own; the usual place of the address
		{"2002::/16", 2},       // 6to4
	} {
		if netip.MustParsePrefix(form.prefix).Contains(addr) {
			all = append(all, netip.AddrFrom4([4]byte(raw[form.at:form.at+4])))
		}
	}
	if netip.MustParsePrefix("2001::/32").Contains(addr) { // Teredo carries it inverted
		all = append(all, netip.AddrFrom4([4]byte{^raw[12], ^raw[13], ^raw[14], ^raw[15]}))
	}
	return all
}

// special reports whether an address is that of a link or of the service at which the
// machines of a cloud ask for their settings: never a stranger's business, even where
// private networks are.
func special(addr netip.Addr) bool {
	if addr.IsLinkLocalUnicast() || addr.IsMulticast() || addr == netip.IPv4Unspecified() || addr == netip.IPv6Unspecified() {
		return true
	}
	for _, service := range []string{"169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fd00:ec2::/32", "fd20:ce::/32"} {
		if netip.MustParsePrefix(service).Contains(addr) {
			return true
		}
	}
	return false
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

// near reports whether an address is this machine's own, or one of its home. With IPv6 the
// other machines of a home have public addresses, and only the router's firewall keeps
// strangers from them. A public IPv4 network is a provider's.
func near(addr netip.Addr, own []netip.Prefix) bool {
	addr = addr.Unmap()
	for _, prefix := range own {
		if addr == prefix.Addr().Unmap() || addr.Is6() && prefix.Bits() >= leastHomeBits && prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// public reports whether an address is neither this machine's, its network's nor
// reserved. Translated forms are refused as a whole, because they may carry a private
// IPv4 address.
func public(addr netip.Addr) bool {
	addr = addr.Unmap()
	if !addr.IsGlobalUnicast() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsLoopback() {
		return false
	}
	for _, reserved := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
		"2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		if netip.MustParsePrefix(reserved).Contains(addr) {
			return false
		}
	}
	return true
}
