package wasi

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor/filename"
)

// tank is a meter with a fixed amount of fuel.
type tank struct{ left uint64 }

func (t *tank) Charge(fuel uint64) bool {
	if fuel > t.left {
		return false
	}
	t.left -= fuel
	return true
}

var functions = Functions()

// guest uses a Host as a program would, with a memory of its own.
type guest struct {
	t    *testing.T
	host *Host
	mem  []byte
	fuel *tank
}

func newGuest(t *testing.T) *guest {
	t.Helper()
	path := filepath.Join(t.TempDir(), "input")
	require.NoError(t, os.WriteFile(path, []byte("0123456789"), 0o600))
	host, err := New(Config{
		Args:        []string{"x"},
		Inputs:      []Input{{Name: "data", Path: path}, {Name: "dir/b", Path: path}, {Name: "dir/a", Path: path}},
		OutputBytes: 4096,
		OutputFiles: 4,
	})
	require.NoError(t, err)
	t.Cleanup(host.Close)
	return &guest{t: t, host: host, mem: make([]byte, 1<<16), fuel: &tank{left: 1 << 40}}
}

func (g *guest) call(name string, params ...uint64) Errno {
	g.t.Helper()
	f, known := functions[name]
	require.True(g.t, known, name)
	require.Len(g.t, params, len(f.Params), name)
	errno, _ := g.host.Call(f, g.mem, g.fuel, params)
	return errno
}

// text writes a string at address 1024 and returns its address and size.
func (g *guest) text(s string) (ptr, size uint64) {
	copy(g.mem[1024:], s)
	return 1024, uint64(len(s))
}

func (g *guest) open(dir uint64, path string, flags, rights, fdFlags uint64) (uint64, Errno) {
	g.t.Helper()
	ptr, size := g.text(path)
	errno := g.call("path_open", dir, 0, ptr, size, flags, rights, 0, fdFlags, 512)
	return uint64(binary.LittleEndian.Uint32(g.mem[512:])), errno
}

// vector writes one I/O vector over [ptr, ptr+size) at address 256.
func (g *guest) vector(ptr, size uint32) {
	binary.LittleEndian.PutUint32(g.mem[256:], ptr)
	binary.LittleEndian.PutUint32(g.mem[260:], size)
}

func (g *guest) write(fd uint64, s string) Errno {
	ptr, size := g.text(s)
	g.vector(uint32(ptr), uint32(size))
	return g.call("fd_write", fd, 256, 1, 512)
}

func (g *guest) read(fd uint64) (string, Errno) {
	g.vector(4096, 64)
	errno := g.call("fd_read", fd, 256, 1, 512)
	return string(g.mem[4096 : 4096+binary.LittleEndian.Uint32(g.mem[512:])]), errno
}

// on calls a function that takes a directory and a path.
func (g *guest) on(name string, dir uint64, path string) Errno {
	g.t.Helper()
	ptr, size := g.text(path)
	return g.call(name, dir, ptr, size)
}

func (g *guest) rename(dir uint64, from string, toDir uint64, to string) Errno {
	g.t.Helper()
	copy(g.mem[8192:], to)
	ptr, size := g.text(from)
	return g.call("path_rename", dir, ptr, size, toDir, 8192, uint64(len(to)))
}

func (g *guest) create(dir uint64, path string) Errno {
	g.t.Helper()
	fd, errno := g.open(dir, path, oCreate|oExclusive, rightWrite, 0)
	if errno == ok {
		require.Equal(g.t, ok, g.call("fd_close", fd))
	}
	return errno
}

func (g *guest) ino(dir uint64, path string) (uint64, Errno) {
	g.t.Helper()
	ptr, size := g.text(path)
	errno := g.call("path_filestat_get", dir, 0, ptr, size, 512)
	return binary.LittleEndian.Uint64(g.mem[520:]), errno
}

const (
	in, out, tmp, root, cwd, dev = 3, 4, 5, 6, 7, 8
	firstFree                    = 9
)

func TestInputsCanBeReadAndNotChanged(t *testing.T) {
	g := newGuest(t)
	fd, errno := g.open(in, "data", 0, rightRead, 0)
	require.Equal(t, ok, errno)
	text, errno := g.read(fd)
	require.Equal(t, ok, errno)
	require.Equal(t, "0123456789", text)
	require.Equal(t, errBadf, g.write(fd, "x"))
	require.Equal(t, errBadf, g.call("fd_filestat_set_size", fd, 0))
	for _, flags := range []uint64{oTruncate, oCreate | oTruncate} {
		_, errno = g.open(in, "data", flags, rightRead, 0)
		require.Equal(t, errRofs, errno)
	}
	_, errno = g.open(in, "data", 0, rightWrite, 0)
	require.Equal(t, errRofs, errno)
	_, errno = g.open(in, "new", oCreate, rightWrite, 0)
	require.Equal(t, errRofs, errno)
	ptr, size := g.text("data")
	require.Equal(t, errRofs, g.call("path_unlink_file", in, ptr, size))
	require.Equal(t, errRofs, g.call("path_rename", in, ptr, size, out, ptr, size))
	ptr, size = g.text("dir")
	require.Equal(t, errRofs, g.call("path_remove_directory", in, ptr, size))
	ptr, size = g.text("sub")
	require.Equal(t, errRofs, g.call("path_create_directory", in, ptr, size))
}

func TestNoPathLeadsAboveTheRoot(t *testing.T) {
	for _, path := range []string{"../..", "../../in/data", "dir/../../..", "dir/../../../out", "./../../x", "/data", "//", "/"} {
		g := newGuest(t)
		_, errno := g.open(in, path, 0, rightRead, 0)
		require.Equal(t, errPerm, errno, path)
		_, errno = g.open(out, path, oCreate, rightWrite, 0)
		require.Contains(t, []Errno{errPerm, errNoent}, errno, path)
		require.Zero(t, g.host.tree.files, path)
	}
}

func TestPathsResolve(t *testing.T) {
	for path, want := range map[string]Errno{
		"data":                   ok,
		"./data":                 ok,
		"dir/../data":            ok,
		"dir//a":                 ok,
		"dir/":                   ok,
		"data/":                  errNotdir,
		"data/x":                 errNotdir,
		"data/..":                errNotdir,
		"none":                   errNoent,
		"none/x":                 errNoent,
		"none/../data":           errNoent,
		"":                       errNoent,
		"dir/none":               errNoent,
		"\xff":                   errNoent,
		"data\x00":               errInval,
		"\x00":                   errInval,
		"..":                     ok,
		"../in/data":             ok,
		"../none":                errNoent,
		strings.Repeat("a", 256): errNametoo,
	} {
		g := newGuest(t)
		_, errno := g.open(in, path, 0, rightRead, 0)
		require.Equal(t, want, errno, "%q", path)
	}
}

func TestOutputsKeepWhatIsWritten(t *testing.T) {
	g := newGuest(t)
	fd, errno := g.open(out, "f", oCreate|oExclusive, rightRead|rightWrite, 0)
	require.Equal(t, ok, errno)
	require.Equal(t, ok, g.write(fd, "hello"))
	require.Equal(t, ok, g.call("fd_seek", fd, 1, whenceSet, 512))
	require.Equal(t, ok, g.write(fd, "ipp"))
	g.vector(1024, 3)
	require.Equal(t, ok, g.call("fd_pwrite", fd, 256, 1, 8, 512))
	require.Equal(t, ok, g.call("fd_seek", fd, 0, whenceSet, 512))
	text, errno := g.read(fd)
	require.Equal(t, ok, errno)
	require.Equal(t, "hippo\x00\x00\x00ipp", text)
	require.Equal(t, ok, g.call("fd_filestat_set_size", fd, 2))
	require.Equal(t, ok, g.call("fd_allocate", fd, 0, 4))
	require.Equal(t, uint64(4), g.host.OutputBytes())
	_, errno = g.open(out, "f", oCreate|oExclusive, rightWrite, 0)
	require.Equal(t, errExist, errno)
	appending, errno := g.open(out, "f", 0, rightWrite, fdAppend)
	require.Equal(t, ok, errno)
	require.Equal(t, ok, g.write(appending, "!"))
	visited := map[string]string{}
	require.NoError(t, g.host.Outputs(func(path string, content Content) error {
		var text strings.Builder
		_, err := content.WriteTo(&text)
		visited[path] = text.String()
		return err
	}))
	require.Equal(t, map[string]string{"f": "hi\x00\x00!"}, visited)
}

func TestSeekStaysWithinAFile(t *testing.T) {
	g := newGuest(t)
	fd, errno := g.open(in, "data", 0, rightRead, 0)
	require.Equal(t, ok, errno)
	minus := func(n int64) uint64 { return uint64(-n) }
	require.Equal(t, ok, g.call("fd_seek", fd, minus(3), whenceEnd, 512))
	text, _ := g.read(fd)
	require.Equal(t, "789", text)
	require.Equal(t, errInval, g.call("fd_seek", fd, minus(11), whenceEnd, 512))
	require.Equal(t, errOverflow, g.call("fd_seek", fd, 1<<63-1, whenceCurrent, 512))
	require.Equal(t, errInval, g.call("fd_seek", fd, 0, 3, 512))
	require.Equal(t, errSpipe, g.call("fd_seek", 1, 0, whenceSet, 512))
	require.Equal(t, errBadf, g.call("fd_seek", in, 0, whenceSet, 512))
	require.Equal(t, ok, g.call("fd_seek", fd, 1<<62, whenceSet, 512))
	text, errno = g.read(fd)
	require.Equal(t, ok, errno)
	require.Empty(t, text)
}

func TestDeletedOutputsAreNotCounted(t *testing.T) {
	g := newGuest(t)
	for range 100 {
		fd, errno := g.open(out, "f", oCreate, rightWrite, 0)
		require.Equal(t, ok, errno)
		require.Equal(t, ok, g.write(fd, strings.Repeat("x", 3000)))
		ptr, size := g.text("f")
		require.Equal(t, ok, g.call("path_unlink_file", out, ptr, size))
		require.Equal(t, uint64(3000), g.host.OutputBytes(), "it is held while it is open")
		require.Equal(t, ok, g.call("fd_close", fd))
		require.Zero(t, g.host.OutputBytes())
		require.Zero(t, g.host.tree.files)
	}
	require.Equal(t, HaltNone, g.host.halt)
}

func TestOutputsOverTheLimitHalt(t *testing.T) {
	for name, try := range map[string]func(g *guest, fd uint64){
		"written":   func(g *guest, fd uint64) { g.write(fd, strings.Repeat("x", 4097)) },
		"sparse":    func(g *guest, fd uint64) { g.call("fd_seek", fd, 1<<62, 0, 512); g.write(fd, "x") },
		"allocated": func(g *guest, fd uint64) { g.call("fd_allocate", fd, 1<<62, 1<<62) },
		"extended":  func(g *guest, fd uint64) { g.call("fd_filestat_set_size", fd, 1<<63-1) },
		"many files": func(g *guest, _ uint64) {
			for _, name := range []string{"a", "b", "c", "d"} {
				ptr, size := g.text(name)
				g.call("path_create_directory", out, ptr, size)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGuest(t)
			fd, errno := g.open(out, "f", oCreate, rightWrite, 0)
			require.Equal(t, ok, errno)
			try(g, fd)
			require.Equal(t, HaltOutput, g.host.halt)
		})
	}
}

func TestDirectoriesAreListedInOrder(t *testing.T) {
	g := newGuest(t)
	fd, errno := g.open(in, "dir", oDirectory, 0, 0)
	require.Equal(t, ok, errno)
	list := func(size, cookie uint64) (names []string) {
		require.Equal(t, ok, g.call("fd_readdir", fd, 8192, size, cookie, 512))
		entries := g.mem[8192 : 8192+binary.LittleEndian.Uint32(g.mem[512:])]
		for len(entries) >= direntBytes {
			n := binary.LittleEndian.Uint32(entries[16:])
			if len(entries) < direntBytes+int(n) {
				break
			}
			names = append(names, string(entries[direntBytes:direntBytes+n]))
			entries = entries[direntBytes+n:]
		}
		return names
	}
	require.Equal(t, []string{".", "..", "a", "b"}, list(4096, 0))
	require.Equal(t, []string{"..", "a", "b"}, list(4096, 1))
	require.Equal(t, []string{"a", "b"}, list(4096, 2))
	first, errno := g.ino(in, "dir/a")
	require.Equal(t, ok, errno)
	require.Equal(t, []string{"b"}, list(4096, first+2))
	require.Equal(t, []string{"."}, list(30, 0), "a cut entry is read again")
	require.Empty(t, list(4096, 1<<40))
}

func TestRenameMovesAndReplaces(t *testing.T) {
	g := newGuest(t)
	rename := func(from, to string) Errno { return g.rename(out, from, out, to) }
	mkdir := func(path string) Errno { return g.on("path_create_directory", out, path) }
	require.Equal(t, ok, mkdir("d"))
	require.Equal(t, ok, mkdir("d/e"))
	_, errno := g.open(out, "f", oCreate, rightWrite, 0)
	require.Equal(t, ok, errno)
	require.Equal(t, errInval, rename("d", "d/e/x"), "a directory does not move into itself")
	require.Equal(t, errNotdir, rename("d", "f"))
	require.Equal(t, errIsdir, rename("f", "d"))
	require.Equal(t, errAcces, rename("f", "stdout"))
	require.Equal(t, errIlseq, rename("f", "a\nb"))
	require.Equal(t, errNoent, rename("none", "x"))
	require.Equal(t, ok, rename("f", "f"))
	require.Equal(t, ok, rename("f", "d/e/g"))
	require.Equal(t, errNotempty, func() Errno {
		ptr, size := g.text("d")
		return g.call("path_remove_directory", out, ptr, size)
	}())
	require.Equal(t, ok, rename("d/e", "e"))
	require.Equal(t, ok, rename("e", "d"), "an empty directory is replaced")
	var paths []string
	require.NoError(t, g.host.Outputs(func(path string, _ Content) error {
		paths = append(paths, path)
		return nil
	}))
	require.Equal(t, []string{"d/g"}, paths)
	require.Equal(t, uint32(2), g.host.tree.files)
}

func TestPathsOfOutputsFitTheManifest(t *testing.T) {
	g := newGuest(t)
	long := strings.Repeat("a", 255)
	path := ""
	for range 4 {
		path += long
		ptr, size := g.text(path)
		require.Equal(t, ok, g.call("path_create_directory", out, ptr, size))
		path += "/"
	}
	_, errno := g.open(out, path+"b", oCreate, rightWrite, 0)
	require.Equal(t, errNametoo, errno)
}

func TestClockIsLogical(t *testing.T) {
	g := newGuest(t)
	now := func(id uint64) uint64 {
		require.Equal(t, ok, g.call("clock_time_get", id, 0, 512))
		return binary.LittleEndian.Uint64(g.mem[512:])
	}
	require.Equal(t, uint64(ClockEpoch+ClockStep), now(0))
	require.Equal(t, uint64(2*ClockStep), now(1))
	require.Equal(t, errInval, g.call("clock_time_get", 4, 0, 512))

	// A subscription to the clock moves the clock to the deadline, whatever the deadline is.
	sleep := func(timeout uint64, flags uint16) {
		sub := g.mem[8192 : 8192+subscriptionBytes]
		clear(sub)
		binary.LittleEndian.PutUint32(sub[16:], 1)
		binary.LittleEndian.PutUint64(sub[24:], timeout)
		binary.LittleEndian.PutUint16(sub[40:], flags)
		require.Equal(t, ok, g.call("poll_oneoff", 8192, 12288, 1, 512))
		require.Equal(t, uint32(1), binary.LittleEndian.Uint32(g.mem[512:]))
	}
	sleep(1_000_000, 0)
	require.Equal(t, uint64(1_000_000+3*ClockStep), now(1))
	sleep(5_000_000, subclockAbsolute)
	require.Equal(t, uint64(5_000_000+ClockStep), now(1))
	sleep(1, subclockAbsolute)
	require.Equal(t, uint64(5_000_000+2*ClockStep), now(1))
	sleep(1<<64-1, 0)
	require.Less(t, now(0), uint64(1)<<63, "the clock stops before a signed time overflows")
}

func TestRandomnessFollowsTheSeed(t *testing.T) {
	draw := func(sizes ...uint64) string {
		g := newGuest(t)
		at := uint64(4096)
		for _, size := range sizes {
			require.Equal(t, ok, g.call("random_get", at, size))
			at += size
		}
		return string(g.mem[4096:at])
	}
	require.Equal(t, draw(64), draw(64))
	require.Equal(t, draw(64), draw(1, 7, 30, 26), "how it is drawn makes no difference")
}

func TestCallsCostFuel(t *testing.T) {
	g := newGuest(t)
	before := g.fuel.left
	g.call("sched_yield")
	require.Equal(t, uint64(FuelPerCall), before-g.fuel.left)
	before = g.fuel.left
	require.Equal(t, ok, g.write(1, "twelve bytes"))
	require.Equal(t, uint64(FuelPerCall+FuelPerEntry+12*FuelPerByte), before-g.fuel.left)
	g.fuel.left = FuelPerCall - 1
	g.call("sched_yield")
	require.Equal(t, HaltFuel, g.host.halt)
}

func TestDescriptorsAreLimited(t *testing.T) {
	g := newGuest(t)
	for range MaxDescriptors - firstFree {
		_, errno := g.open(in, "data", 0, rightRead, 0)
		require.Equal(t, ok, errno)
	}
	_, errno := g.open(in, "data", 0, rightRead, 0)
	require.Equal(t, errNfile, errno)
	require.Equal(t, ok, g.call("fd_close", 9))
	fd, errno := g.open(in, "data", 0, rightRead, 0)
	require.Equal(t, ok, errno)
	require.Equal(t, uint64(9), fd, "the lowest free number is taken")
	require.Equal(t, ok, g.call("fd_renumber", 9, 10))
	require.Equal(t, errBadf, g.call("fd_close", 9))
}

func TestChangedInputIsAFailureOfTheHost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "input")
	require.NoError(t, os.WriteFile(path, []byte("0123456789"), 0o600))
	g := newGuest(t)
	host, err := New(Config{Inputs: []Input{{Name: "data", Path: path}}})
	require.NoError(t, err)
	t.Cleanup(host.Close)
	g.host = host
	fd, errno := g.open(in, "data", 0, rightRead, 0)
	require.Equal(t, ok, errno)
	require.NoError(t, os.Truncate(path, 3))
	g.read(fd)
	require.Equal(t, HaltHost, host.halt)
	require.Error(t, host.Err())
}

// FuzzCallsNeverPanic makes arbitrary sequences of calls on a small memory and then checks the
// accounts of the file system.
func FuzzCallsNeverPanic(f *testing.F) {
	f.Add([]byte("path_open and others, in some order, with some parameters"))
	f.Add([]byte{23, 4, 0, 8, 1, 1, 0xff, 0, 0, 16, 32, 4, 64, 1, 80})
	var names []string
	for name := range Functions() {
		if name != "proc_exit" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	f.Fuzz(func(t *testing.T, b []byte) {
		host, err := New(Config{Args: []string{"a"}, OutputBytes: 1000, OutputFiles: 8})
		require.NoError(t, err)
		defer host.Close()
		mem := make([]byte, 256)
		copy(mem, b)
		copy(mem[64:], "a/b/../c\x00\x01\x02")
		fuel := &tank{left: 10_000_000}
		values := []uint64{1<<32 - 1, 1 << 31, 1 << 63, 1<<64 - 1, 1 << 62, 64, 65, 3}
		next := func() uint64 {
			if len(b) == 0 {
				return 0
			}
			v := uint64(b[0])
			b = b[1:]
			if v >= 248 {
				return values[v-248]
			}
			return v
		}
		for len(b) > 0 && host.halt == HaltNone {
			fn := Functions()[names[next()%uint64(len(names))]]
			params := make([]uint64, len(fn.Params))
			for i := range params {
				params[i] = next()
				if fn.Params[i] == 'i' {
					params[i] = uint64(uint32(params[i]))
				}
			}
			host.Call(fn, mem, fuel, params)
		}
		require.LessOrEqual(t, host.tree.used, host.tree.maxBytes)
		require.LessOrEqual(t, host.tree.files, host.tree.maxFiles)
		require.NotEqual(t, HaltHost, host.halt)
		var sum uint64
		require.NoError(t, host.Outputs(func(_ string, content Content) error {
			sum += content.Size()
			return nil
		}))
		require.LessOrEqual(t, sum, host.tree.used)
		checkTree(t, host.tree)
	})
}

// checkTree compares the indexes of a tree with its nodes, and checks that every file system
// can hold the names below /out.
func checkTree(t *testing.T, tree *tree) {
	t.Helper()
	names, keys := 0, map[string]bool{}
	var walk func(dir *node, delivered bool, prefix string)
	walk = func(dir *node, delivered bool, prefix string) {
		for i, n := range dir.children {
			names++
			require.Same(t, n, tree.find(dir, n.name))
			require.Same(t, dir, n.parent)
			require.True(t, i == 0 || dir.children[i-1].ino < n.ino)
			if delivered {
				_, err := filename.Portable(n.name)
				require.NoError(t, err)
				key := prefix + filename.Key(n.name)
				require.False(t, keys[key], key)
				keys[key] = true
				require.Same(t, n, tree.keys[keyOf(dir, filename.Key(n.name))])
			}
			walk(n, delivered || n == tree.out, prefix+filename.Key(n.name)+"/")
		}
	}
	walk(tree.root, false, "")
	require.Len(t, tree.names, names)
	require.Len(t, tree.keys, len(keys))
}
