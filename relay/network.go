package relay

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

const (
	// homeBits4 and homeBits6 are the lengths of what one household has of addresses:
	// one of IPv4, a network of IPv6.
	homeBits4, homeBits6 = 32, 64
	// networkBits4 and networkBits6 are the lengths of what one customer of a provider
	// easily gets: a party with a thousand addresses usually has neighbouring ones.
	networkBits4, networkBits6 = 24, 48
)

// peer is the party at the other end of a request, as far as an address tells.
type peer struct {
	// name is the household's: its IPv4 address, or its IPv6 /64.
	name string
	// network is the IPv4 /24 or IPv6 /48 around it; the name again where there is no
	// address.
	network string
}

// peerAt names the peer of an address.
func peerAt(addr netip.Addr) peer {
	addr = addr.Unmap().WithZone("")
	home, network := homeBits4, networkBits4
	if addr.Is6() {
		home, network = homeBits6, networkBits6
	}
	// Both lengths fit the family of the address.
	inner, _ := addr.Prefix(home)
	outer, _ := addr.Prefix(network)
	if addr.Is4() {
		return peer{addr.String(), outer.String()}
	}
	return peer{inner.String(), outer.String()}
}

// peerOf names the peer of a request. X-Forwarded-For counts only as far as it was
// written by proxies that the operator trusts.
func peerOf(cfg *Config, r *http.Request) peer {
	addr, ok := addressOf(r.RemoteAddr)
	if !ok {
		return peer{r.RemoteAddr, r.RemoteAddr}
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && cfg.trusts(addr); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop
	}
	return peerAt(addr)
}

// addressOf reads the address of "host:port".
func addressOf(remote string) (netip.Addr, bool) {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	addr, err := netip.ParseAddr(host)
	return addr, err == nil
}

// trusts reports whether an address is that of a proxy that may name the client.
func (c *Config) trusts(addr netip.Addr) bool {
	for _, proxy := range c.TrustedProxies {
		if proxy.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
