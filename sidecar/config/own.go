package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// maxHostName is the maximum length of a host name, in bytes.
const maxHostName = 253

// Own parses own-addresses into networks and names. A single address becomes a network.
func (w Work) Own() (networks []netip.Prefix, names []string, err error) {
	for _, text := range w.OwnAddresses {
		if addr, err := netip.ParseAddr(text); err == nil {
			addr = addr.Unmap().WithZone("")
			networks = append(networks, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		if network, err := netip.ParsePrefix(text); err == nil {
			networks = append(networks, network.Masked())
			continue
		}
		if text == "" || len(text) > maxHostName || strings.ContainsAny(text, "/: \t\n@") {
			return nil, nil, fmt.Errorf("%.60q", text)
		}
		names = append(names, text)
	}
	return networks, names, nil
}
