package cmd

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

func TestWhatTheChainWouldRefuseIsRefusedBeforeItIsAsked(t *testing.T) {
	home := newHome(t) // its chain does not answer
	for flag, values := range map[string][]string{
		"--moniker": {"", "   ", strings.Repeat("x", 65), "two\nlines", "zero\u200bwidth"},
		"--region":  {"Germany", "DE", "de_1", "d", "de-" + strings.Repeat("x", 17)},
	} {
		for _, value := range values {
			_, err := run(t, "register", "--home", home, "--from", "op", "--keyring-dir", home, "--keyring-backend", "test", "--moniker", "node", flag, value)
			require.ErrorContains(t, err, flag+": ", "%q", value)
		}
	}
}

func TestAHostNameBecomesANameThatTheChainTakes(t *testing.T) {
	for hostname, want := range map[string]string{
		"":                       "edge node",
		"basement-pc":            "basement-pc",
		"a\x00b\u200bc":          "abc",
		"\xff\xfe":               "edge node",
		strings.Repeat("ä", 100): strings.Repeat("ä", 32),
	} {
		moniker := monikerOf(hostname)
		require.Equal(t, want, moniker)
		require.NoError(t, edgenodetypes.CheckMoniker(moniker))
	}
}
