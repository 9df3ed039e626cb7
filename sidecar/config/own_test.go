package config

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOwnAddressesAreNetworksAndNames(t *testing.T) {
	networks, names, err := Work{OwnAddresses: []string{"198.51.100.7", "::ffff:198.51.100.8", "2001:db8:1::7/48", "home.example"}}.Own()
	require.NoError(t, err)
	require.Equal(t, []netip.Prefix{
		netip.MustParsePrefix("198.51.100.7/32"), netip.MustParsePrefix("198.51.100.8/32"), netip.MustParsePrefix("2001:db8:1::/48"),
	}, networks)
	require.Equal(t, []string{"home.example"}, names)
	for _, wrong := range []string{"", "198.51.100.7/33", "https://home.example", "home.example:80", "two words"} {
		c := Default()
		c.Work.OwnAddresses = []string{wrong}
		require.ErrorContains(t, c.Validate(), "work.own-addresses: expected", wrong)
	}
}
