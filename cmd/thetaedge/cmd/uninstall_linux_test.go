package cmd

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/service"
	"github.com/thetaedge/theta/sidecar/store"
)

// fakeProgram returns the path of a file in the place of the program.
func fakeProgram(t *testing.T) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "thetaedge")
	require.NoError(t, os.WriteFile(exe, []byte("program"), 0o700))
	return exe
}

func TestAnUninstallationKeepsTheHomeUnlessItsOwnerSaysSo(t *testing.T) {
	home := serviceHomeOf(t, nil)
	versions := filepath.Join(home, "versions", "1.4.0")
	require.NoError(t, os.MkdirAll(versions, 0o700))
	exe := fakeProgram(t)
	var out bytes.Buffer
	require.NoError(t, removeAll(&out, home, exe, false))
	require.NoFileExists(t, exe)
	require.NoDirExists(t, filepath.Join(home, "versions"))
	require.FileExists(t, filepath.Join(home, config.FileName))
	require.Contains(t, out.String(), "removed: "+exe)
	require.Contains(t, out.String(), "stays: the home "+home)
	require.Contains(t, out.String(), "stays: the node's registration, bond and earnings")

	exe = fakeProgram(t)
	out.Reset()
	require.NoError(t, removeAll(&out, home, exe, true))
	require.NoDirExists(t, home)
	require.NotContains(t, out.String(), "stays: the home")
}

// TestAHomeBehindALinkIsDeletedAndNotTheLinkAlone: the keys would stay, and the owner is told otherwise.
func TestAHomeBehindALinkIsDeletedAndNotTheLinkAlone(t *testing.T) {
	home := serviceHomeOf(t, nil)
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(home, link))
	var out bytes.Buffer
	require.NoError(t, removeAll(&out, link, fakeProgram(t), true))
	require.NoDirExists(t, home)
	require.NotContains(t, out.String(), "stays: the home")
	_, err := os.Lstat(link)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestAKeyThatIsNotInTheHomeIsNamed(t *testing.T) {
	for backend, named := range map[string]bool{"os": true, "test": false} {
		home := serviceHomeOf(t, func(c *config.Config) { c.Keyring.Backend = backend })
		var out bytes.Buffer
		require.NoError(t, removeAll(&out, home, fakeProgram(t), true))
		require.Equal(t, named, strings.Contains(out.String(), "stays: a worker key in the keyring of this system"), out.String())
	}
}

func TestAFolderThatIsNoHomeIsNotDeletedThroughALinkEither(t *testing.T) {
	user := t.TempDir()
	t.Setenv("HOME", user)
	require.NoError(t, os.WriteFile(filepath.Join(user, config.FileName), nil, 0o600))
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(user, link))
	var out bytes.Buffer
	require.ErrorContains(t, removeAll(&out, link, fakeProgram(t), true), "expected a home that contains neither")
	require.FileExists(t, filepath.Join(user, config.FileName))
}

func TestAHomeWithUnfinishedWorkIsNotDeletedWithoutForce(t *testing.T) {
	home := newHome(t)
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	journal, err := store.Open(home, nil)
	require.NoError(t, err)
	require.NoError(t, journal.Update(func(tx *store.Tx) error {
		return tx.Put(store.Assignment{Key: store.Key{JobID: "9-0-0"}, Phase: store.PhaseClaimed})
	}))
	require.NoError(t, journal.Close())
	_, err = run(t, "uninstall", "--delete-home", "--home", home)
	require.ErrorContains(t, err, "nothing was removed: expected no unfinished work in the journal, found 1 assignments such as 9-0-0/0/0")
	require.FileExists(t, filepath.Join(home, config.FileName))
}

func TestAHomeWhoseChainDoesNotAnswerIsNotDeletedWithoutForce(t *testing.T) {
	home := newHome(t)
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("THETAEDGE_CHAIN_GRPC", "127.0.0.1:1")
	_, err := run(t, "uninstall", "--delete-home", "--home", home)
	require.ErrorContains(t, err, "cannot ask the chain whether the node is open")
	require.FileExists(t, filepath.Join(home, config.FileName))
}

func TestAFolderThatIsNoHomeIsNeverDeleted(t *testing.T) {
	user := t.TempDir()
	t.Setenv("HOME", user)
	require.ErrorContains(t, isHome(t.TempDir()), "expected a home of thetaedge")
	require.NoError(t, os.WriteFile(filepath.Join(user, config.FileName), nil, 0o600))
	for _, place := range []string{user, filepath.Dir(user)} {
		_ = os.WriteFile(filepath.Join(place, config.FileName), nil, 0o600)
		var out bytes.Buffer
		require.ErrorContains(t, removeAll(&out, place, fakeProgram(t), true), "expected a home that contains neither")
		require.DirExists(t, user)
	}
}

func TestAnUninstallationRefusesWhileADaemonRuns(t *testing.T) {
	home := serviceHomeOf(t, nil)
	require.NoError(t, daemon{PID: os.Getpid(), HTTP: "127.0.0.1:1"}.write(home))
	_, err := run(t, "uninstall", "--home", home)
	require.ErrorContains(t, err, "expected no daemon with home")
}

func TestAnUninstallationRefusesWhileAServiceIsInstalled(t *testing.T) {
	home := serviceHomeOf(t, nil)
	units := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "systemd", "user")
	require.NoError(t, os.MkdirAll(units, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(units, "thetaedge.service"), []byte("[Service]\n"), 0o600))
	_, err := run(t, "uninstall", "--home", home)
	require.ErrorContains(t, err, "run thetaedge service uninstall first")
}

// TestAnUninstallationRefusesWhileAServiceOfAnotherNameUsesTheProgram: a second node has a service of its own name, and
// the program would be deleted under it.
func TestAnUninstallationRefusesWhileAServiceOfAnotherNameUsesTheProgram(t *testing.T) {
	home := serviceHomeOf(t, nil)
	units := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "systemd", "user")
	require.NoError(t, os.MkdirAll(units, 0o700))
	exe, err := ownPath()
	require.NoError(t, err)
	unit, err := service.UnitFile(service.Unit{Name: "attic", Exe: exe, Home: "/var/lib/attic"})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(units, "attic.service"), []byte(unit), 0o600))
	_, err = run(t, "uninstall", "--home", home)
	require.ErrorContains(t, err, "nothing was removed: expected no service that uses "+exe)
	require.ErrorContains(t, err, "with the home /var/lib/attic; first, thetaedge service uninstall --name attic")
	require.FileExists(t, exe)
}
