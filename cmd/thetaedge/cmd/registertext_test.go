package cmd

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/bid"
)

// TestTheCommandThatTextsGiveIsOneThatRegisterTakes parses the command that texts of the node give.
func TestTheCommandThatTextsGiveIsOneThatRegisterTakes(t *testing.T) {
	words := strings.Fields(bid.Register)
	require.Equal(t, []string{"thetaedge", "register"}, words[:2])
	command := registerCommand()
	require.NoError(t, command.ParseFlags(words[2:]))
	for _, required := range []string{"from", "keyring-dir"} {
		require.True(t, command.Flags().Changed(required), required)
	}
}
