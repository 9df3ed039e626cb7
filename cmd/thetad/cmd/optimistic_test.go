package cmd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The command reads each message of an optimistic proposal from a file.
func TestAnOptimisticProposalIsMadeFromFilesOfMessages(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(t.TempDir(), "factors.json")
	message := `{"@type":"/theta.compute.v1.MsgUpdateCarbonFactors","authority":"theta10d07y265gmmuvt4z0w9aw880jnsr700jkf8hsp",` +
		`"factors":[{"region":"de","grams_per_kwh":363,"year":2025,"source":"agency"}]}`
	require.NoError(t, os.WriteFile(file, []byte(message), 0o600))
	_, err := run(t, home, "keys", "add", "alice", "--keyring-backend", "test")
	require.NoError(t, err)
	proposer, err := run(t, home, "keys", "show", "alice", "-a", "--keyring-backend", "test")
	require.NoError(t, err)
	out, err := run(t, home, "tx", "tally", "submit-optimistic", file, file, "--title", "Carbon factors", "--summary", "Why",
		"--initial-deposit", "1000000000000000000000atfuel", "--from", "alice", "--keyring-backend", "test",
		"--generate-only", "--offline", "--account-number", "1", "--sequence", "0", "--gas", "200000")
	require.NoError(t, err)
	var tx struct {
		Body struct {
			Messages []struct {
				Type           string                                   `json:"@type"`
				Proposer       string                                   `json:"proposer"`
				Title          string                                   `json:"title"`
				Summary        string                                   `json:"summary"`
				InitialDeposit []struct{ Denom, Amount string }         `json:"initial_deposit"`
				Messages       []struct{ Factors []struct{ Year int } } `json:"messages"`
			} `json:"messages"`
		} `json:"body"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &tx), out)
	require.Len(t, tx.Body.Messages, 1)
	found := tx.Body.Messages[0]
	require.Equal(t, "/theta.tally.v1.MsgSubmitOptimistic", found.Type)
	require.Equal(t, strings.TrimSpace(proposer), found.Proposer)
	require.Equal(t, "Carbon factors", found.Title)
	require.Equal(t, "1000000000000000000000", found.InitialDeposit[0].Amount)
	require.Len(t, found.Messages, 2)
	require.Equal(t, 2025, found.Messages[1].Factors[0].Year)
}
