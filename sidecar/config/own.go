package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// maxHostName is the longest name of a host, in bytes.
const maxHostName = 253

// Own reads own-addresses: networks, single addresses among them, and names.
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
