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
	require.True(t, command.Flags().Changed("from"))
}

// TestTheCommandsThatCuresNameExist: chain.Standing, the findings of why and the alerts name them.
func TestTheCommandsThatCuresNameExist(t *testing.T) {
	root := mustRoot(t)
	for _, path := range []string{"keys add", "keys list", "operator claim", "operator bond", "operator unjail", "operator resume", "operator retire", "receipt"} {
		found, rest, err := root.Find(strings.Fields(path))
		require.NoError(t, err, path)
		require.Empty(t, rest, path)
		require.Equal(t, "thetaedge "+path, found.CommandPath())
	}
}
