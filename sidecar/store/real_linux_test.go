package store

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// openAs opens the journal of a home folder in a process of another user, with a limit of open
// files; 0 means no limit. It returns the output of that process.
func openAs(t *testing.T, home string, uid uint32, files string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	// The binary is copied to a folder in which other users may read it.
	binary := filepath.Join(filepath.Dir(home), "store.test")
	raw, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(binary, raw, 0o755))
	command := exec.CommandContext(t.Context(), "sh", "-c", "ulimit -n "+files+"; exec "+binary)
	command.Env = append(os.Environ(), openHome+"="+home, "TMPDIR="+home)
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Run(); err != nil && said.Len() == 0 {
		t.Skipf("cannot run as another user: %v", err)
	}
	return said.String()
}

// openToAll returns a home folder that every user can reach.
func openToAll(t *testing.T) string {
	t.Helper()
	base, err := os.MkdirTemp("/tmp", "journal-") //nolint:usetesting // t.TempDir lies in a folder of this user's only
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(base)) })
	require.NoError(t, os.Chmod(base, 0o755))
	home := filepath.Join(base, "home")
	j, err := Open(home, nil)
	require.NoError(t, err)
	bring(t, j, Key{"job", 0, 0}, PhaseCommitted)
	require.NoError(t, j.Close())
	return home
}

func TestAJournalOfAnotherUserNamesTheOwner(t *testing.T) {
	home := openToAll(t)
	require.NoError(t, os.Chmod(home, 0o755))
	said := openAs(t, home, 65534, "256")
	require.Contains(t, said, "permission denied")
	require.Contains(t, said, FileName+" belongs to root (uid 0) with mode 0600")
	require.NotContains(t, said, "damaged")
}

func TestAHomeOfAnotherUserNamesTheFolder(t *testing.T) {
	home := openToAll(t)
	said := openAs(t, home, 65534, "256")
	require.Contains(t, said, home+" belongs to root (uid 0) with mode 0700")
	require.NotContains(t, said, "damaged")
}

func TestTooManyOpenFilesAreNoDamage(t *testing.T) {
	home := openToAll(t)
	var said string
	// The Go runtime keeps a few files open itself. With one of these limits, opening the
	// journal fails.
	for _, files := range []string{"4", "5", "6", "7"} {
		if said = openAs(t, home, 0, files); strings.Contains(said, "too many open files") {
			break
		}
	}
	if !strings.Contains(said, "too many open files") {
		t.Skipf("no limit hit the journal alone: %s", said)
	}
	require.NotContains(t, said, "damaged")
}

// mounted mounts a file system at a folder. It skips the test if it may not mount.
func mounted(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "mount", args...).CombinedOutput(); err != nil {
		t.Skipf("mount %s: %v: %s", strings.Join(args, " "), err, out)
	}
	at := args[len(args)-1]
	t.Cleanup(func() { _ = exec.Command("umount", at).Run() })
}

func TestAJournalOnAReadOnlyMountIsNoDamage(t *testing.T) {
	home := openToAll(t)
	mounted(t, "--bind", home, home)
	if out, err := exec.CommandContext(t.Context(), "mount", "-o", "remount,bind,ro", home).CombinedOutput(); err != nil {
		t.Skipf("remount: %v: %s", err, out)
	}
	_, err := Open(home, nil)
	noDamage(t, err)
	require.ErrorIs(t, err, syscall.EROFS)
	require.ErrorContains(t, err, "remount,rw "+home)
}

func TestAJournalOnAFullDiskIsNoDamageAndGoesOnWithRoom(t *testing.T) {
	home := t.TempDir()
	mounted(t, "-t", "tmpfs", "-o", "size=1m", "tmpfs", home)
	j, err := Open(home, nil)
	require.NoError(t, err)
	bring(t, j, Key{"job", 0, 0}, PhaseCommitted)
	filler := filepath.Join(home, "filler")
	require.ErrorIs(t, os.WriteFile(filler, make([]byte, 1<<21), 0o600), syscall.ENOSPC)
	big := func() error {
		return j.Put(Assignment{Key: Key{"job", 1, 0}, Phase: PhaseClaimed, LastError: strings.Repeat("x", 1<<18)})
	}
	err = big()
	noDamage(t, err)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "make room there")
	require.NoError(t, j.Close())

	fresh := filepath.Join(home, "fresh")
	_, err = Open(fresh, nil)
	noDamage(t, err)
	require.ErrorIs(t, err, syscall.ENOSPC)

	require.NoError(t, os.Remove(filler))
	j, err = Open(home, nil)
	require.NoError(t, err)
	require.NoError(t, big())
	a, err := j.Get(Key{"job", 0, 0})
	require.NoError(t, err)
	require.Equal(t, PhaseCommitted, a.Phase)
	require.NoError(t, j.Close())
}
