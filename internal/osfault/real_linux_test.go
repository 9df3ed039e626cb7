package osfault_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/internal/osfault"
)

// mount mounts something for the duration of the test. If that is refused, it skips the test.
func mount(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.Command("mount", args...).CombinedOutput()
	if err != nil {
		t.Skipf("mount %s: %v: %s", strings.Join(args, " "), err, out)
	}
	at := args[len(args)-1]
	t.Cleanup(func() { _ = exec.Command("umount", at).Run() })
}

func TestAFullDiskIsToldWithThePlaceThatIsFull(t *testing.T) {
	dir := t.TempDir()
	mount(t, "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir)
	path := filepath.Join(dir, "file")
	err := osfault.Explain(path, os.WriteFile(path, make([]byte, 1<<20), 0o600))
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "0 bytes are free at "+dir)
}

func TestADiskWithoutInodesIsNoFullDisk(t *testing.T) {
	dir := t.TempDir()
	mount(t, "-t", "tmpfs", "-o", "nr_inodes=2", "tmpfs", dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "one"), nil, 0o600))
	path := filepath.Join(dir, "two")
	err := osfault.Explain(path, os.WriteFile(path, nil, 0o600))
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "no inodes left")
}

func TestAReadOnlyMountIsNamed(t *testing.T) {
	dir := t.TempDir()
	mount(t, "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", dir)
	path := filepath.Join(dir, "deep", "file")
	err := osfault.Explain(path, os.MkdirAll(filepath.Dir(path), 0o700))
	require.ErrorIs(t, err, syscall.EROFS)
	require.ErrorContains(t, err, "remount,rw "+dir)
}

func TestTheHolderOfALockIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	file, err := os.Create(path)
	require.NoError(t, err)
	defer file.Close()
	require.Empty(t, osfault.Holder(path))
	require.NoError(t, syscall.Flock(int(file.Fd()), syscall.LOCK_EX))
	if _, err := os.Stat("/proc/locks"); err != nil {
		t.Skip(err)
	}
	holder := osfault.Holder(path)
	if holder == "" {
		t.Skip("this kernel does not list the locks of its processes")
	}
	require.Contains(t, holder, "process ")
}
