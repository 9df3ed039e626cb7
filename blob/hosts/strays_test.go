package hosts

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHostsThatLedElsewhereAreBounded(t *testing.T) {
	var s Strays
	for i := range 3 * maxStrays {
		s.Note(fmt.Sprintf("host%d.example", i), "x", 10)
		require.LessOrEqual(t, len(s.of), maxStrays)
	}
	host, to := s.Leads(fmt.Sprintf("https://host%d.example/a", 3*maxStrays-1), 9)
	require.Equal(t, fmt.Sprintf("host%d.example", 3*maxStrays-1), host)
	require.Equal(t, "x", to)
	host, _ = s.Leads(fmt.Sprintf("https://host%d.example/a", 3*maxStrays-1), 10)
	require.Empty(t, host, "it is over")
}

// TestAHostThatLedElsewhereIsKnownInEveryForm: else a requester writes it in another way each time, and each
// time costs the node the fee of a claim and of a release.
func TestAHostThatLedElsewhereIsKnownInEveryForm(t *testing.T) {
	for _, forms := range [][]string{
		{"relay.example", "Relay.EXAMPLE", "relay.example.", "relay.example:443", "relay.example:80", "relay.example:0443"},
		{"relay.example:8443", "RELAY.example.:8443", "relay.example:08443"},
		{"[2001:db8::1]", "[2001:DB8:0::1]:443"},
		{"bücher.example", "xn--bcher-kva.example", "BÜCHER.example:443"},
	} {
		for _, noted := range forms {
			var s Strays
			s.Note(noted, "elsewhere.example", 10)
			for _, asked := range forms {
				host, to := s.Leads("https://"+asked+"/program", 9)
				require.Equal(t, "elsewhere.example", to, "%s after %s", asked, noted)
				require.NotEmpty(t, host)
			}
			for _, other := range []string{"https://other.example/", "https://relay.example:9443/", "https://user@relay.example/", "://", ""} {
				host, _ := s.Leads(other, 9)
				require.Empty(t, host, "%s after %s", other, noted)
			}
		}
	}
	var s Strays
	s.Note("", "x", 10)
	s.Note("a b", "x", 10)
	require.Empty(t, s.of)
}
