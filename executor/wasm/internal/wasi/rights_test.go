package wasi

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// fdstat returns the flags and rights of a descriptor.
func (g *guest) fdstat(fd uint64) (flags uint16, base, inheriting uint64) {
	g.t.Helper()
	require.Equal(g.t, ok, g.call("fd_fdstat_get", fd, 2048))
	m := g.mem[2048:]
	return binary.LittleEndian.Uint16(m[2:]), binary.LittleEndian.Uint64(m[8:]), binary.LittleEndian.Uint64(m[16:])
}

// accessMode returns the result of fcntl(F_GETFL) that a C library derives from rights.
func accessMode(base uint64) string {
	read, write := base&(rightRead|rightReaddir) != 0, base&rightWrite != 0
	return map[[2]bool]string{{true, false}: "O_RDONLY", {false, true}: "O_WRONLY", {true, true}: "O_RDWR", {}: "O_SEARCH"}[[2]bool{read, write}]
}

// TestOpeningFollowsTheFlags compares every combination of flags and rights, on every kind of
// target, with the rules of POSIX for open.
func TestOpeningFollowsTheFlags(t *testing.T) {
	type target struct {
		dir         uint64
		path        string
		isDir, lack bool
		readOnly    bool
	}
	for name, at := range map[string]target{
		"input":            {dir: in, path: "data", readOnly: true},
		"input folder":     {dir: in, path: "dir", isDir: true, readOnly: true},
		"no input":         {dir: in, path: "none", lack: true, readOnly: true},
		"output":           {dir: out, path: "file"},
		"output folder":    {dir: out, path: "folder", isDir: true},
		"no output":        {dir: out, path: "none", lack: true},
		"temporary":        {dir: tmp, path: "file"},
		"temporary folder": {dir: tmp, path: "folder", isDir: true},
		"nothing there":    {dir: tmp, path: "none", lack: true},
		"root":             {dir: root, path: ".", isDir: true, readOnly: true},
	} {
		g := newGuest(t)
		g.host.tree.maxFiles = 100
		for _, dir := range []uint64{out, tmp} {
			require.Equal(t, ok, g.create(dir, "file"))
			require.Equal(t, ok, g.on("path_create_directory", dir, "folder"))
		}
		for flags := range uint64(oAll + 1) {
			for _, rights := range []uint64{0, rightRead, rightWrite, rightRead | rightWrite, rightsAll} {
				for _, fdFlags := range []uint64{0, fdAppend, fdAll} {
					write := rights&rightWrite != 0
					var want Errno
					switch {
					case flags&oCreate != 0 && flags&oDirectory != 0:
						want = errInval
					case at.lack && flags&oCreate == 0:
						want = errNoent
					case at.lack && at.readOnly:
						want = errRofs
					case at.lack:
					case flags&oCreate != 0 && flags&oExclusive != 0:
						want = errExist
					case flags&oDirectory != 0 && !at.isDir:
						want = errNotdir
					case at.isDir && (write || flags&(oTruncate|oCreate) != 0):
						want = errIsdir
					case !at.isDir && at.readOnly && (write || flags&oTruncate != 0):
						want = errRofs
					}
					fd, errno := g.open(at.dir, at.path, flags, rights, fdFlags)
					require.Equal(t, want, errno, "%s, flags %b, rights %b", name, flags, rights)
					if want != ok {
						continue
					}
					mode := "O_RDONLY"
					if !at.isDir {
						mode = map[uint64]string{0: "O_SEARCH", rightRead: "O_RDONLY", rightWrite: "O_WRONLY", rightRead | rightWrite: "O_RDWR"}[rights&(rightRead|rightWrite)]
					}
					got, base, _ := g.fdstat(fd)
					require.Equal(t, uint64(got), fdFlags)
					require.Equal(t, mode, accessMode(base), "%s, flags %b, rights %b", name, flags, rights)
					require.Equal(t, ok, g.call("fd_close", fd))
					if at.lack {
						require.Equal(t, ok, g.on("path_unlink_file", at.dir, at.path))
					}
				}
			}
		}
	}
}

// TestOperationsFollowTheRights checks that a descriptor allows exactly the operations for
// which it reports rights.
func TestOperationsFollowTheRights(t *testing.T) {
	operations := map[string]struct {
		right uint64
		call  func(g *guest, fd uint64) Errno
	}{
		"read":     {rightRead, func(g *guest, fd uint64) Errno { return g.call("fd_read", fd, 256, 1, 512) }},
		"pread":    {rightRead, func(g *guest, fd uint64) Errno { return g.call("fd_pread", fd, 256, 1, 0, 512) }},
		"readdir":  {rightReaddir, func(g *guest, fd uint64) Errno { return g.call("fd_readdir", fd, 4096, 64, 0, 512) }},
		"write":    {rightWrite, func(g *guest, fd uint64) Errno { return g.call("fd_write", fd, 256, 1, 512) }},
		"pwrite":   {rightWrite, func(g *guest, fd uint64) Errno { return g.call("fd_pwrite", fd, 256, 1, 0, 512) }},
		"allocate": {rightAllocate, func(g *guest, fd uint64) Errno { return g.call("fd_allocate", fd, 0, 1) }},
		"truncate": {rightSetSize, func(g *guest, fd uint64) Errno { return g.call("fd_filestat_set_size", fd, 0) }},
		"datasync": {rightDatasync, func(g *guest, fd uint64) Errno { return g.call("fd_datasync", fd) }},
		"seek":     {rightSeek, func(g *guest, fd uint64) Errno { return g.call("fd_seek", fd, 0, whenceSet, 512) }},
		"tell":     {rightTell, func(g *guest, fd uint64) Errno { return g.call("fd_tell", fd, 512) }},
		"advise":   {rightAdvise, func(g *guest, fd uint64) Errno { return g.call("fd_advise", fd, 0, 0, 0) }},
	}
	for _, dir := range []uint64{in, out, tmp} {
		for _, rights := range []uint64{0, rightRead, rightWrite, rightRead | rightWrite} {
			for _, path := range []string{"data", "dir"} {
				g := newGuest(t)
				if dir != in {
					require.Equal(t, ok, g.create(dir, "data"))
					require.Equal(t, ok, g.on("path_create_directory", dir, "dir"))
				}
				fd, errno := g.open(dir, path, 0, rights, 0)
				if errno != ok {
					continue // the test above checks when opening is refused
				}
				_, base, _ := g.fdstat(fd)
				for name, operation := range operations {
					g.vector(1024, 4)
					errno := operation.call(g, fd)
					what := fmt.Sprintf("%s of %d/%s with %b", name, dir, path, rights)
					isDir := path == "dir"
					switch {
					case operation.right == rightReaddir && !isDir:
						require.Equal(t, errNotdir, errno, what)
					case base&operation.right != 0:
						require.Equal(t, ok, errno, what)
					case isDir && operation.right == rightRead:
						require.Equal(t, errIsdir, errno, what)
					default:
						require.Equal(t, errBadf, errno, what)
					}
				}
			}
		}
	}
}

func TestStreamsHaveTheRightsOfWhatTheyAre(t *testing.T) {
	g := newGuest(t)
	for fd, mode := range []string{"O_RDONLY", "O_WRONLY", "O_WRONLY"} {
		_, base, _ := g.fdstat(uint64(fd))
		require.Equal(t, mode, accessMode(base))
		require.NotZero(t, base&(rightSeek|rightTell), "without them a C library takes it for a terminal")
		g.vector(1024, 4)
		want := map[bool]Errno{true: ok, false: errBadf}
		require.Equal(t, want[fd == 0], g.call("fd_read", uint64(fd), 256, 1, 512))
		require.Equal(t, want[fd > 0], g.call("fd_write", uint64(fd), 256, 1, 512))
		require.Equal(t, want[fd > 0], g.call("fd_datasync", uint64(fd)))
	}
}

// TestDirectoriesLetEverythingBeTried checks the rights of directories. A C library asks for
// no more rights than may be inherited, so an attempt to write must be possible in order to
// get the answer that says why it is refused.
func TestDirectoriesLetEverythingBeTried(t *testing.T) {
	g := newGuest(t)
	for fd := uint64(in); fd < firstFree; fd++ {
		_, base, inheriting := g.fdstat(fd)
		require.Equal(t, "O_RDONLY", accessMode(base))
		require.Equal(t, uint64(rightsAll), inheriting)
	}
}

func TestTimesAreGivenOrNow(t *testing.T) {
	g := newGuest(t)
	require.Equal(t, ok, g.create(out, "file"))
	fd, errno := g.open(out, "file", 0, rightWrite, 0)
	require.Equal(t, ok, errno)
	for flags := range uint64(32) {
		want := ok
		if flags&3 == 3 || flags&12 == 12 || flags > 15 {
			want = errInval
		}
		ptr, size := g.text("file")
		require.Equal(t, want, g.call("path_filestat_set_times", out, 0, ptr, size, 1, 1, flags), "%b", flags)
		require.Equal(t, want, g.call("fd_filestat_set_times", fd, 1, 1, flags), "%b", flags)
		if want == ok {
			want = errRofs
		}
		ptr, size = g.text("data")
		require.Equal(t, want, g.call("path_filestat_set_times", in, 0, ptr, size, 1, 1, flags), "%b", flags)
	}
}

func TestNothingIsALink(t *testing.T) {
	g := newGuest(t)
	read := func(path string) Errno {
		ptr, size := g.text(path)
		return g.call("path_readlink", in, ptr, size, 4096, 64, 512)
	}
	require.Equal(t, errInval, read("data"))
	require.Equal(t, errInval, read("dir"))
	require.Equal(t, errNoent, read("none"))
	require.Equal(t, errNotdir, read("data/x"))
}
