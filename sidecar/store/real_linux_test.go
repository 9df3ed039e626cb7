package store

import (
	"bytes"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
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

// fill makes a file as large as the disk of a folder allows, and returns its path.
func fill(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "filler")
	file, err := os.Create(path)
	require.NoError(t, err)
	for _, size := range []int{1 << 16, 1 << 12, 1} {
		for err = nil; err == nil; {
			_, err = file.Write(make([]byte, size))
		}
		require.ErrorIs(t, err, syscall.ENOSPC)
	}
	require.NoError(t, file.Close())
	return path
}

// grown changes the journal until it does not fit into the file any more, or fails.
func grown(j *Journal, from uint64) (uint64, error) {
	for i := from; i < from+200; i++ {
		if err := j.Put(Assignment{Key: Key{"grown", i, 0}, Phase: PhaseClaimed, LastError: strings.Repeat("x", 1<<14)}); err != nil {
			return i, err
		}
	}
	return from + 200, nil
}

func TestTheReserveLetsTheJournalGrowOnAFullDiskAndComesBackWithRoom(t *testing.T) {
	home := t.TempDir()
	mounted(t, "-t", "tmpfs", "-o", "size=128m", "tmpfs", home)
	now := time.Now()
	j, err := Open(home, func() time.Time { return now })
	require.NoError(t, err)
	free := func(path string) (uint64, error) {
		var s syscall.Statfs_t
		err := syscall.Statfs(path, &s)
		return s.Bavail * uint64(s.Bsize), err
	}
	require.NoError(t, j.KeepReserve(free))
	kept := filepath.Join(home, ReserveName)
	require.FileExists(t, kept)
	filler := fill(t, home)
	next, err := grown(j, 0)
	require.NoError(t, err, "3 MiB fit into the reserve")
	require.NoFileExists(t, kept)
	now = now.Add(2 * reservePause)
	require.NoError(t, j.Put(Assignment{Key: Key{"small", 0, 0}, Phase: PhaseClaimed}))
	require.NoFileExists(t, kept, "there is no room for it yet")
	require.NoError(t, os.Remove(filler))
	now = now.Add(2 * reservePause)
	_, err = grown(j, next)
	require.NoError(t, err)
	require.FileExists(t, kept)
	require.NoError(t, j.Close())
}

// starved fills the disk of a journal, and gives the pages back that the journal could use again, so that
// every write fails. It returns the path of the file that fills the disk.
func starved(t *testing.T, home string, j *Journal) string {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(home, FileName), os.O_RDWR, 0)
	require.NoError(t, err)
	size := int64(os.Getpagesize())
	require.NoError(t, j.db.View(func(tx *bbolt.Tx) error {
		for id := 0; ; id++ {
			page, err := tx.Page(id)
			if err != nil || page == nil {
				return err
			}
			if page.Type == "free" {
				require.NoError(t, unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, int64(id)*size, size))
			}
		}
	}))
	require.NoError(t, file.Close())
	return fill(t, home)
}

func TestAJournalOnAFullDiskOpensAndCountsFeesInMemory(t *testing.T) {
	home := t.TempDir()
	mounted(t, "-t", "tmpfs", "-o", "size=1m", "tmpfs", home)
	j, err := Open(home, nil)
	require.NoError(t, err)
	require.NoError(t, j.Bind("chain"))
	bring(t, j, Key{"job", 0, 0}, PhaseCommitted)
	filler := starved(t, home, j)
	require.ErrorIs(t, j.Put(Assignment{Key: Key{"job", 1, 0}, Phase: PhaseClaimed}), syscall.ENOSPC)
	require.NoError(t, j.Close())

	j, err = Open(home, nil)
	require.NoError(t, err, "what it holds can still be revealed")
	require.NoError(t, j.Bind("chain"))
	charge := func(day int64, sequence uint64, fee int64) (int64, bool) {
		before, ok, err := j.Charge(day, sequence, big.NewInt(fee), big.NewInt(100))
		require.NoError(t, err)
		return before.Int64(), ok
	}
	for i, c := range []struct {
		fee, before int64
		ok          bool
	}{{60, 0, true}, {30, 60, true}, {20, 90, false}, {10, 90, true}, {1, 100, false}} {
		before, ok := charge(1, uint64(i), c.fee)
		require.Equal(t, c.before, before)
		require.Equal(t, c.ok, ok)
	}
	require.NotNil(t, j.uncounted.raw, "the disk has not taken it")
	require.NoError(t, os.Remove(filler))
	require.NoError(t, j.Close())
	j, err = Open(home, nil)
	require.NoError(t, err)
	all, err := j.Charged(1)
	require.NoError(t, err)
	require.Equal(t, int64(100), all.Int64(), "they are counted at the end, too")
	before, ok := charge(2, 9, 5)
	require.Zero(t, before)
	require.True(t, ok)
	require.NoError(t, j.Close())
	j, err = Open(home, nil)
	require.NoError(t, err)
	spent, err := j.Charged(2)
	require.NoError(t, err)
	require.Equal(t, int64(5), spent.Int64())
	a, err := j.Get(Key{"job", 0, 0})
	require.NoError(t, err)
	require.Equal(t, PhaseCommitted, a.Phase)
	require.NoError(t, j.Close())
}
