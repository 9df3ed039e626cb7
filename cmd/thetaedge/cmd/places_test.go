package cmd

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/store"
)

// newHome is a home whose chain does not answer.
func newHome(t *testing.T, args ...string) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), "edge")
	_, err := run(t, append([]string{"init", "--home", home, "--grpc", "127.0.0.1:1"}, args...)...)
	require.NoError(t, err)
	return home
}

// lineOf is the line of a check in what doctor says.
func lineOf(t *testing.T, out, what string) string {
	t.Helper()
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[1] == what {
			return line
		}
	}
	t.Fatalf("doctor says nothing of %q:\n%s", what, out)
	return ""
}

func TestDoctorOpensWhatStartOpensAndLeavesNothing(t *testing.T) {
	home := newHome(t)
	out, err := run(t, "doctor", "--home", home, "--api.grpc", "127.0.0.1:0", "--api.http", "127.0.0.1:0")
	require.Error(t, err, "the chain does not answer")
	for _, what := range []string{"settings", "key", "journal", "work", "cache", "api"} {
		require.Contains(t, lineOf(t, out, what), "ok", out)
	}
	require.NoFileExists(t, filepath.Join(home, store.FileName), "a journal that doctor makes could be another user's")
	left, err := filepath.Glob(filepath.Join(home, "journal-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestDoctorSaysThatLargeInputsDoNotStay(t *testing.T) {
	home := newHome(t)
	doctor := func(cache string) string {
		out, err := run(t, "doctor", "--home", home, "--api.grpc", "127.0.0.1:0", "--api.http", "127.0.0.1:0", "--work.cache", cache, "--policy.max-input", "8GiB")
		require.Error(t, err, "the chain does not answer")
		return out
	}
	line := lineOf(t, doctor("7GiB"), "inputs")
	require.Contains(t, line, "warn")
	require.Contains(t, line, "raise work.cache")
	for _, enough := range []string{"8GiB", "0"} {
		require.NotContains(t, doctor(enough), "raise work.cache")
	}
}

func TestDoctorSaysOfAJournalWhatStartSays(t *testing.T) {
	home := newHome(t)
	for name, spoil := range map[string]func(*testing.T){
		"locked by another process": func(t *testing.T) {
			t.Helper()
			held, err := store.Open(home, nil)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, held.Close()) })
		},
		"damaged": func(t *testing.T) {
			t.Helper()
			path := filepath.Join(home, store.FileName)
			require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("garbage ", 4096)), 0o600))
			t.Cleanup(func() { require.NoError(t, os.Remove(path)) })
		},
		"a folder": func(t *testing.T) {
			t.Helper()
			path := filepath.Join(home, store.FileName)
			require.NoError(t, os.Mkdir(path, 0o700))
			t.Cleanup(func() { require.NoError(t, os.Remove(path)) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			spoil(t)
			_, started := run(t, "start", "--home", home)
			require.Error(t, started)
			out, err := run(t, "doctor", "--home", home)
			require.Error(t, err)
			line := lineOf(t, out, "journal")
			require.Contains(t, line, "MISSING")
			require.Contains(t, line, started.Error())
		})
		require.NoError(t, removeJournal(home))
	}
}

// removeJournal takes away what a case has left.
func removeJournal(home string) error {
	return os.RemoveAll(filepath.Join(home, store.FileName))
}

func TestDoctorFindsATakenAddressAndAFolderThatCannotBeWritten(t *testing.T) {
	home := newHome(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	require.NoError(t, os.WriteFile(filepath.Join(home, "cache"), nil, 0o600))
	out, err := run(t, "doctor", "--home", home, "--api.grpc", taken.Addr().String())
	require.Error(t, err)
	require.Contains(t, lineOf(t, out, "api"), "choose another address")
	require.Contains(t, lineOf(t, out, "cache"), "a file where a folder was expected")
	_, err = run(t, "start", "--home", home)
	require.ErrorContains(t, err, "a file where a folder was expected")
}

func TestAWrongPassphraseIsNoMissingKey(t *testing.T) {
	dir := t.TempDir()
	right, wrong := filepath.Join(dir, "right"), filepath.Join(dir, "wrong")
	require.NoError(t, os.WriteFile(right, []byte("correct horse\n"), 0o600))
	require.NoError(t, os.WriteFile(wrong, []byte("battery staple\n"), 0o600))
	home := newHome(t, "--keyring-backend", "file", "--keyring-passphrase-file", right)
	for _, command := range []string{"start", "doctor"} {
		out, err := run(t, command, "--home", home, "--keyring.passphrase-file", wrong)
		require.Error(t, err)
		said := out + err.Error()
		require.Contains(t, said, "wrong passphrase", command)
		require.Contains(t, said, "The key is as it was", command)
		require.NotContains(t, said, "thetaedge init", command)
	}
	out, err := run(t, "doctor", "--home", home, "--keyring.passphrase-file", filepath.Join(dir, "none"))
	require.Error(t, err)
	require.Contains(t, lineOf(t, out, "key"), "cannot read the keyring's passphrase")
	require.Contains(t, lineOf(t, out, "key"), filepath.Join(dir, "none"))
}

func TestAKeyThatIsNotThereSaysHowToGoOn(t *testing.T) {
	home := newHome(t)
	require.NoError(t, os.RemoveAll(filepath.Join(home, "keyring-test")))
	_, err := run(t, "start", "--home", home)
	require.ErrorContains(t, err, "no such key")
	require.ErrorContains(t, err, "register --rotate")
}
