package cmd_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestATestnetOfACopyNeedsAChainIDOfItsOwnAndKeepsTheVotesOtherwise(t *testing.T) {
	home := t.TempDir()
	_, err := run(t, home, "init", "me", "--chain-id", "theta-real-1")
	require.NoError(t, err)
	state := filepath.Join(home, "data", "priv_validator_state.json")
	voted := []byte(`{"height":"41","round":0,"step":3}`)
	require.NoError(t, os.WriteFile(state, voted, 0o600))

	address := "theta1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqx5xhtk"
	_, err = run(t, home, "in-place-testnet", "theta-copy-1", address)
	require.Error(t, err, "nobody has said yes")
	_, err = run(t, home, "in-place-testnet", "theta-real-1", address, "--skip-confirmation")
	require.Error(t, err)
	kept, readErr := os.ReadFile(state)
	require.NoError(t, readErr)
	require.Equal(t, voted, kept, "a key that has voted on the chain still knows it")
	_, err = run(t, home, "in-place-testnet", "theta-copy-1", "nobody", "--skip-confirmation")
	require.ErrorContains(t, err, "the operator's account")
}
