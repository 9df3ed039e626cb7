package cmd

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/store"
)

// mountedHome returns a home on a disk of a size, which the test may fill. It skips the test if it may not mount.
func mountedHome(t *testing.T, options string) string {
	t.Helper()
	home := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", options, "tmpfs", home).CombinedOutput(); err != nil {
		t.Skipf("mount: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", home).Run() })
	return home
}

// fill makes a file as large as the disk allows.
func fill(t *testing.T, home string) {
	t.Helper()
	file, err := os.Create(filepath.Join(home, "filler"))
	require.NoError(t, err)
	for _, size := range []int{1 << 16, 1 << 12, 1} {
		for err = nil; err == nil; {
			_, err = file.Write(make([]byte, size))
		}
	}
	require.True(t, isFull(err), err)
	require.NoError(t, file.Close())
}

// TestAFullDiskDoesNotKeepTheDaemonFromStarting: after a crash it has to reveal what it has committed to.
func TestAFullDiskDoesNotKeepTheDaemonFromStarting(t *testing.T) {
	home := mountedHome(t, "size=1m")
	journal, err := store.Open(home, nil)
	require.NoError(t, err)
	fill(t, home)
	require.NoError(t, journal.Close())
	journal, err = store.Open(home, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, journal.Close()) }()
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	n := &node{home: home}
	require.NoError(t, tryRoom(n, journal, logger))
	require.Contains(t, log.String(), "the disk is full")
	require.NoError(t, daemon{PID: 1}.announce(home, logger))
	require.NoError(t, daemon{}.remove(home))
	require.ErrorContains(t, pause(home, true), "make room there")

	require.NoError(t, os.Remove(filepath.Join(home, "filler")))
	log.Reset()
	require.NoError(t, tryRoom(n, journal, logger))
	require.Empty(t, log.String())
	require.NoError(t, daemon{PID: 1}.announce(home, logger))
	require.FileExists(t, filepath.Join(home, daemonFile))
	require.NoError(t, daemon{}.remove(home))
}

// TestAReadOnlyHomeIsSaidAtTheStart: nothing can be journalled, so that nothing may be sent.
func TestAReadOnlyHomeIsSaidAtTheStart(t *testing.T) {
	home := mountedHome(t, "size=1m")
	journal, err := store.Open(home, nil)
	require.NoError(t, err)
	require.NoError(t, journal.Close())
	if out, err := exec.CommandContext(t.Context(), "mount", "-o", "remount,ro", home).CombinedOutput(); err != nil {
		t.Skipf("remount: %v: %s", err, out)
	}
	_, err = store.Open(home, nil)
	require.ErrorContains(t, err, "remount,rw "+home)
	require.NotErrorIs(t, err, store.ErrDamaged)
	require.ErrorContains(t, tryFolder(filepath.Join(home, "work")), "read-only")
	require.ErrorContains(t, pause(home, false), "cannot pause")
}
