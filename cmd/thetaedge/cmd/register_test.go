package cmd

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/config"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

func TestWhatTheChainWouldRefuseIsRefusedBeforeItIsAsked(t *testing.T) {
	home := newHome(t) // its chain does not answer
	for flag, values := range map[string][]string{
		"--moniker": {"", "   ", strings.Repeat("x", 65), "two\nlines", "zero\u200bwidth"},
		"--region":  {"REGION", "Germany", "DE", "de_1", "d", "de-" + strings.Repeat("x", 17)},
	} {
		for _, value := range values {
			_, err := run(t, "register", "--home", home, "--from", "op", "--keyring-dir", home, "--keyring-backend", "test", "--moniker", "node", flag, value)
			require.ErrorContains(t, err, flag+": ", "%q", value)
		}
	}
}

// TestACommandThatWasPastedAsItIsIsRefused: the pages do not know where a machine is, and a wrong region would be public.
func TestACommandThatWasPastedAsItIsIsRefused(t *testing.T) {
	_, err := run(t, "register", "--home", newHome(t), "--from", "operator", "--region", config.RegionPlaceholder)
	require.ErrorContains(t, err, "--region: expected where this machine is, such as de or us-west, found REGION")
	require.ErrorContains(t, err, "put your own region")
}

func TestANodesNameSaysNothingOfItsMachineUnlessTheOwnerSaysIt(t *testing.T) {
	command := registerCommand()
	moniker := command.Flag("moniker").DefValue
	require.NoError(t, edgenodetypes.CheckMoniker(moniker))
	require.Equal(t, "edge node", moniker)
	hostname, err := os.Hostname()
	require.NoError(t, err)
	require.NotContains(t, command.Flags().FlagUsages(), hostname)
}
