package hosts

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAddressesThatLedElsewhereAreBounded(t *testing.T) {
	var s Strays
	for i := range 2 * maxStrays {
		s.Note(fmt.Sprintf("https://host%d.example/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t", i), "x", 10)
		require.LessOrEqual(t, len(s.addresses), maxStrays)
		require.LessOrEqual(t, len(s.servers), maxStrays)
	}
	server, to := s.Leads(fmt.Sprintf("https://host%d.example/b", 2*maxStrays-1), 10+serverFirst-1)
	require.Equal(t, fmt.Sprintf("host%d.example", 2*maxStrays-1), server)
	require.Equal(t, "x", to)
	server, _ = s.Leads(fmt.Sprintf("https://host%d.example/b", 2*maxStrays-1), 10+serverFirst)
	require.Empty(t, server, "it is over")
}

// TestOneAddressThatLeadsElsewhereDoesNotKeepAServerFromItsUsers: a requester may have found an open redirect on it.
func TestOneAddressThatLeadsElsewhereDoesNotKeepAServerFromItsUsers(t *testing.T) {
	var s Strays
	s.Note("https://relay.example/v1/redirect/x?to=https://elsewhere.example", "elsewhere.example", 100)
	leads := func(address string, height int64) bool {
		server, _ := s.Leads(address, height)
		return server != ""
	}
	require.True(t, leads("https://relay.example/v1/blobs/abc", 100+serverFirst-1), "at first it is not known what is wrong with it")
	require.False(t, leads("https://relay.example/v1/blobs/abc", 100+serverFirst))
	for _, same := range []string{
		"https://relay.example/v1/redirect/x?to=https://third.example", "http://RELAY.example:443/v1//redirect/./x", "https://relay.example/v1/redirect/x#y",
		"https://relay.example/v1/redirect", "https://relay.example/v1/redirect/", "https://relay.example/v1/other/../redirect/%78",
	} {
		require.True(t, leads(same, 100+addressBlocks-1), same)
		require.False(t, leads(same, 100+addressBlocks), same)
	}
	for _, other := range []string{"https://relay.example/v1/redirect/y", "https://relay.example/", "https://relay.example", "https://relay.example:8443/v1/redirect/x"} {
		require.False(t, leads(other, 100+serverFirst), other)
	}
}

// TestAServerWithManySuchAddressesIsLeftForLonger: each of them costs the node a fee.
func TestAServerWithManySuchAddressesIsLeftForLonger(t *testing.T) {
	var s Strays
	height := int64(1)
	for n, want := range []int64{10, 20, 40, 80, 160, 160, 160} {
		s.Note(fmt.Sprintf("https://relay.example/redirect/%d", n), "x", height)
		server, _ := s.Leads("https://relay.example/other", height+want-1)
		require.NotEmpty(t, server, n)
		server, _ = s.Leads("https://relay.example/other", height+want)
		require.Empty(t, server, n)
		height += want
	}
	height += addressBlocks
	s.Note("https://relay.example/redirect/again", "x", height)
	server, _ := s.Leads("https://relay.example/other", height+serverFirst)
	require.Empty(t, server, "it has behaved for long")
}

// TestAServerThatLedElsewhereIsKnownInEveryForm: else a requester writes it in another way each time, and each
// time costs the node the fee of a claim and of a release.
func TestAServerThatLedElsewhereIsKnownInEveryForm(t *testing.T) {
	for _, forms := range [][]string{
		{"relay.example", "Relay.EXAMPLE", "relay.example.", "relay.example:443", "relay.example:80", "relay.example:0443"},
		{"relay.example:8443", "RELAY.example.:8443", "relay.example:08443"},
		{"[2001:db8::1]", "[2001:DB8:0::1]:443"},
		{"bücher.example", "xn--bcher-kva.example", "BÜCHER.example:443"},
	} {
		for _, noted := range forms {
			var s Strays
			s.Note("https://"+noted+"/program", "elsewhere.example", 10)
			for _, asked := range forms {
				for height, address := range map[int64]string{11: "https://" + asked + "/other", 1_000: "https://" + asked + "/program"} {
					server, to := s.Leads(address, height)
					require.Equal(t, "elsewhere.example", to, "%s after %s", address, noted)
					require.NotEmpty(t, server)
				}
			}
			for _, other := range []string{"https://other.example/program", "https://relay.example:9443/program", "https://user@relay.example/program", "://", ""} {
				server, _ := s.Leads(other, 11)
				require.Empty(t, server, "%s after %s", other, noted)
			}
		}
	}
	var s Strays
	for _, none := range []string{"", "a b", "https://", "://"} {
		s.Note(none, "x", 10)
	}
	require.Empty(t, s.servers)
	require.Empty(t, s.addresses)
}
