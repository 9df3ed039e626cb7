package cmd

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/chain"
)

// withKeys runs a command on a keyring of files, with what a user types.
func withKeys(t *testing.T, dir, typed string, args ...string) (out, told string, err error) {
	t.Helper()
	root := mustRoot(t)
	var printed, said bytes.Buffer
	root.SetOut(&printed)
	root.SetErr(&said)
	root.SetIn(strings.NewReader(typed))
	root.SetArgs(append(args, "--keyring-dir", dir, "--keyring-backend", "test"))
	err = root.ExecuteContext(t.Context())
	return printed.String(), said.String(), err
}

// wordsIn returns the mnemonic that a command has shown.
func wordsIn(told string) string {
	lines := strings.Split(strings.TrimSpace(told), "\n")
	return lines[len(lines)-1]
}

func TestAKeyIsMadeOnceAndItsWordsRecoverIt(t *testing.T) {
	dir := t.TempDir()
	out, told, err := withKeys(t, dir, "", "keys", "add", "operator")
	require.NoError(t, err)
	words := wordsIn(told)
	require.Len(t, strings.Fields(words), 24)
	require.NotContains(t, out, words, "standard output may go to a file")
	address, _, err := withKeys(t, dir, "", "keys", "show", "operator", "--address")
	require.NoError(t, err)
	require.Regexp(t, `^theta1[a-z0-9]{38}\n$`, address)
	require.Contains(t, out, "address  "+strings.TrimSpace(address))

	_, _, err = withKeys(t, dir, "", "keys", "add", "operator")
	require.ErrorContains(t, err, "nothing was added")
	same, _, err := withKeys(t, dir, "", "keys", "show", "operator", "--address")
	require.NoError(t, err)
	require.Equal(t, address, same, "a key is never replaced")

	other := t.TempDir()
	_, _, err = withKeys(t, other, "abandon abandon abandon\n", "keys", "add", "again", "--recover")
	require.ErrorContains(t, err, "12 to 24 words")
	out, told, err = withKeys(t, other, words+"\n", "keys", "add", "again", "--recover")
	require.NoError(t, err)
	require.Contains(t, out, strings.TrimSpace(address))
	require.NotContains(t, out+told, words)
	out, _, err = withKeys(t, other, words+"\n", "keys", "add", "second", "--recover", "--account", "1")
	require.NoError(t, err)
	require.NotContains(t, out, strings.TrimSpace(address))
	out, _, err = withKeys(t, other, "", "keys", "list")
	require.NoError(t, err)
	require.Regexp(t, `(?m)^again +theta1[a-z0-9]+ +in this keyring$`, out)
	require.Regexp(t, `(?m)^second +theta1`, out)
}

// TestThetadSeesTheSameKeys: the SDK's keyring of the folder, as thetad opens it, holds the key.
func TestThetadSeesTheSameKeys(t *testing.T) {
	dir := t.TempDir()
	out, _, err := withKeys(t, dir, "", "keys", "add", "operator")
	require.NoError(t, err)
	codec, err := chain.NewCodec()
	require.NoError(t, err)
	ring, err := keyring.New(sdk.KeyringServiceName(), keyring.BackendTest, dir, nil, codec)
	require.NoError(t, err)
	record, err := ring.Key("operator")
	require.NoError(t, err)
	address, err := record.GetAddress()
	require.NoError(t, err)
	require.Contains(t, out, address.String())
}

func TestAnExportedKeyIsImportedWithItsPassphrase(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "operator.key")
	_, _, err := withKeys(t, dir, "", "keys", "add", "operator")
	require.NoError(t, err)
	_, _, err = withKeys(t, dir, "correct horse\nother horse\n", "keys", "export", "operator")
	require.ErrorContains(t, err, "the same passphrase twice")
	_, _, err = withKeys(t, dir, "short\nshort\n", "keys", "export", "operator")
	require.ErrorContains(t, err, "nothing was exported")
	armor, _, err := withKeys(t, dir, "correct horse\ncorrect horse\n", "keys", "export", "operator")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(armor), 0o600))

	other := t.TempDir()
	_, _, err = withKeys(t, other, "wrong horse\n", "keys", "import", "operator", file)
	require.ErrorContains(t, err, "nothing was added")
	_, _, err = withKeys(t, other, "correct horse\n", "keys", "import", "operator", file+".none")
	require.ErrorContains(t, err, "cannot read the key")
	_, _, err = withKeys(t, other, "correct horse\n", "keys", "import", "operator", file)
	require.NoError(t, err)
	want, _, err := withKeys(t, dir, "", "keys", "show", "operator", "-a")
	require.NoError(t, err)
	got, _, err := withKeys(t, other, "", "keys", "show", "operator", "-a")
	require.NoError(t, err)
	require.Equal(t, want, got)
	_, _, err = withKeys(t, other, "correct horse\n", "keys", "import", "operator", file)
	require.ErrorContains(t, err, "expected a name that no key of the keyring has")
}

func TestKeysThatAreMissingAndFoldersOfNodesAreNamed(t *testing.T) {
	dir := t.TempDir()
	out, told, err := withKeys(t, dir, "", "keys", "list")
	require.NoError(t, err)
	require.Empty(t, out)
	require.Contains(t, told, "no keys in "+dir)
	for _, command := range []string{"show", "export"} {
		_, _, err = withKeys(t, dir, "", "keys", command, "operator")
		require.ErrorContains(t, err, `expected a key named "operator" in the keyring `+dir)
		require.ErrorContains(t, err, "thetaedge keys list")
	}
	_, _, err = withKeys(t, newHome(t), "", "keys", "add", "operator")
	require.ErrorContains(t, err, "home of a node")
	_, err = run(t, "keys", "list", "--keyring-dir", dir, "--keyring-backend", "files")
	require.ErrorContains(t, err, "--keyring-backend: expected os, file or test")
	for _, args := range [][]string{{"keys", "add", " "}, {"keys", "add", "a", "--recover", "--ledger"}, {"keys", "add", "a", "--account", "4294967295"}} {
		_, _, err = withKeys(t, dir, "", args...)
		require.Error(t, err, args)
	}
	out, _, err = withKeys(t, dir, "", "keys", "list")
	require.NoError(t, err)
	require.Empty(t, out)
}

func TestTheKeyringOfAnOperatorIsThatOfThetad(t *testing.T) {
	user := t.TempDir()
	t.Setenv("HOME", user)
	t.Setenv("USERPROFILE", user)
	for given, want := range map[string]string{
		"": filepath.Join(user, ".thetad"), "~/keys": filepath.Join(user, "keys"), "~": user,
		"keys": "keys", "~other": "~other", "/keys": "/keys",
	} {
		got, err := (&wallet{dir: given}).folder()
		require.NoError(t, err)
		require.Equal(t, want, got, given)
	}
}
