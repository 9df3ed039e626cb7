package transfer

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatStandsBesideThisMachineIsNotPublic(t *testing.T) {
	own := []netip.Prefix{
		netip.MustParsePrefix("2a02:8070:1:2:aaaa::5/64"), netip.MustParsePrefix("2a01:4f8::7/32"),
		netip.MustParsePrefix("93.184.216.34/20"),
	}
	for address, want := range map[string]bool{
		"2a02:8070:1:2::1":      true, // the router of a home
		"2a02:8070:1:3::1":      false,
		"2a01:4f8::7":           true, // its own address
		"2a01:4f8::8":           false,
		"93.184.216.34":         true,
		"::ffff:93.184.216.34":  true,
		"93.184.216.35":         false, // another customer of the same provider
		"2606:2800:220:1::1946": false,
	} {
		require.Equal(t, want, near(netip.MustParseAddr(address), own), address)
	}
	found, err := ownNetworks()
	require.NoError(t, err)
	require.NotEmpty(t, found)
}
