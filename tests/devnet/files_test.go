package devnet

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFolderOfSomebodyElseIsNeverEmptied(t *testing.T) {
	dir := t.TempDir()
	work := filepath.Join(dir, "thesis.txt")
	require.NoError(t, os.WriteFile(work, []byte("years"), 0o600))
	require.ErrorContains(t, claimFolder(dir), "no devnet made it")
	require.FileExists(t, work)

	ours := filepath.Join(t.TempDir(), "net")
	require.NoError(t, claimFolder(ours))
	old := filepath.Join(ours, "old")
	require.NoError(t, os.WriteFile(old, nil, 0o600))
	require.NoError(t, claimFolder(ours))
	require.NoFileExists(t, old)
}

func TestSettingsKeepToTheirSection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.toml")
	require.NoError(t, os.WriteFile(path, []byte("laddr = 1\n[rpc]\n# laddr = 0\nladdr = 2\n[p2p]\nladdr = 3\n"), 0o600))
	require.NoError(t, setTOML(path, setting{"p2p", "laddr", `"new"`}, setting{"", "laddr", "9"}))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "laddr = 9\n[rpc]\n# laddr = 0\nladdr = 2\n[p2p]\nladdr = \"new\"\n", string(text))
	require.ErrorContains(t, setTOML(path, setting{"rpc", "ladr", "1"}), "expected ladr in section [rpc]")
}

func TestARenamedParamIsNoticed(t *testing.T) {
	state := object{"compute": object{"params": object{"claim_blocks": "4"}}}
	require.NoError(t, set(state, "compute", object{"claim_blocks": "3"}))
	require.ErrorContains(t, set(state, "compute", object{"claim_window": "3"}), "claim_window")
	require.ErrorContains(t, set(state, "work", object{}), "module work")
}

func TestPortsDiffer(t *testing.T) {
	addresses, err := freePorts(20)
	require.NoError(t, err)
	seen := make(map[string]bool)
	for _, address := range addresses {
		require.False(t, seen[address])
		seen[address] = true
	}
}
