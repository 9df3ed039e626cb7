package wasi

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor/manifest"
)

// environ reads the environment as a C library does.
func (g *guest) environ() []string {
	g.t.Helper()
	require.Equal(g.t, ok, g.call("environ_sizes_get", 512, 516))
	count, size := binary.LittleEndian.Uint32(g.mem[512:]), binary.LittleEndian.Uint32(g.mem[516:])
	require.Equal(g.t, ok, g.call("environ_get", 4096, 8192))
	list := make([]string, count)
	for i := range list {
		at := binary.LittleEndian.Uint32(g.mem[4096+4*i:])
		list[i], _, _ = strings.Cut(string(g.mem[at:8192+size]), "\x00")
	}
	return list
}

func TestTheEnvironmentIsTheProfilesAndTheTasks(t *testing.T) {
	g := newGuest(t)
	require.Equal(t, []string{"PWD=/out", "TMPDIR=/tmp", "HOME=/tmp"}, g.environ())
	host, err := New(Config{Env: []Variable{{"LANG", "C.UTF-8"}, {"EMPTY", ""}, {"SUM", "a=b"}}})
	require.NoError(t, err)
	t.Cleanup(host.Close)
	g.host = host
	require.Equal(t, []string{"PWD=/out", "TMPDIR=/tmp", "HOME=/tmp", "LANG=C.UTF-8", "EMPTY=", "SUM=a=b"}, g.environ())
	before := g.fuel.left
	require.Equal(t, ok, g.call("environ_get", 4096, 8192))
	require.Equal(t, uint64(FuelPerCall+9+12+10+13+7+8), before-g.fuel.left)
	require.Equal(t, errFault, g.call("environ_get", 4096, 1<<16-58))
	require.Equal(t, errFault, g.call("environ_get", 1<<16-4, 8192))
}

func TestFoldersAreWhereProgramsLookForThem(t *testing.T) {
	g := newGuest(t)
	for fd, want := range map[uint64]string{in: "/in", out: "/out", tmp: "/tmp", root: "/", cwd: ".", dev: "/dev"} {
		require.Equal(t, ok, g.call("fd_prestat_get", fd, 512))
		size := binary.LittleEndian.Uint32(g.mem[516:])
		require.Equal(t, ok, g.call("fd_prestat_dir_name", fd, 1024, uint64(size)))
		require.Equal(t, want, string(g.mem[1024:1024+size]))
	}
	require.Equal(t, errBadf, g.call("fd_prestat_get", firstFree, 512))
	same := func(dir uint64, path string, other uint64, otherPath string) {
		a, errno := g.ino(dir, path)
		require.Equal(t, ok, errno)
		b, errno := g.ino(other, otherPath)
		require.Equal(t, ok, errno)
		require.Equal(t, a, b)
	}
	same(cwd, ".", out, ".")
	same(root, "out", out, ".")
	same(root, "tmp", tmp, ".")
	same(root, "in/data", in, "data")
	same(out, "../in/dir/a", in, "dir/a")
	require.Equal(t, ok, g.create(cwd, "made"))
	same(cwd, "made", out, "made")
}

func TestTheRootIsNotToBeWritten(t *testing.T) {
	g := newGuest(t)
	require.Equal(t, errRofs, g.create(root, "new"))
	require.Equal(t, errRofs, g.on("path_create_directory", root, "new"))
	for _, dir := range []string{"in", "out", "tmp", "dev"} {
		require.Equal(t, errRofs, g.on("path_remove_directory", root, dir))
		require.Equal(t, errRofs, g.rename(root, dir, tmp, "moved"))
		require.Equal(t, errInval, g.rename(tmp, ".", root, dir))
		require.Equal(t, errRofs, g.rename(out, "../"+dir, out, "moved"))
	}
	require.Equal(t, errInval, g.on("path_remove_directory", out, "."))
	require.Equal(t, errInval, g.rename(out, ".", tmp, "moved"))
}

func TestTemporaryFilesCountAndAreNotDelivered(t *testing.T) {
	g := newGuest(t)
	fd, errno := g.open(tmp, "a:b?", oCreate, rightWrite, 0)
	require.Equal(t, ok, errno, "names of temporary files are held to less")
	require.Equal(t, ok, g.write(fd, strings.Repeat("x", 4000)))
	require.Equal(t, uint64(4000), g.host.OutputBytes())
	require.NoError(t, g.host.Outputs(func(path string, _ Content) error {
		t.Errorf("%s is delivered", path)
		return nil
	}))
	other, errno := g.open(out, "f", oCreate, rightWrite, 0)
	require.Equal(t, ok, errno)
	g.write(other, strings.Repeat("x", 97))
	require.Equal(t, HaltOutput, g.host.halt)
}

func TestFilesMoveOutOfTheTemporaryFolder(t *testing.T) {
	g := newGuest(t)
	g.host.tree.maxFiles = 20
	require.Equal(t, ok, g.create(tmp, "draft"))
	require.Equal(t, ok, g.rename(tmp, "draft", out, "final"))
	for _, path := range []string{"good/deep/x", "odd/deep/x:y", "twins/deep/x"} {
		at := ""
		for _, name := range strings.Split(path, "/")[:2] {
			at += name
			require.Equal(t, ok, g.on("path_create_directory", tmp, at))
			at += "/"
		}
		require.Equal(t, ok, g.create(tmp, path))
	}
	require.Equal(t, ok, g.create(tmp, "twins/deep/X"))
	require.Equal(t, ok, g.rename(tmp, "good", out, "good"))
	require.Equal(t, errIlseq, g.rename(tmp, "odd", out, "odd"))
	require.Equal(t, errExist, g.rename(tmp, "twins", out, "twins"))
	require.Equal(t, errExist, g.create(out, "good/deep/X"))
	require.Equal(t, errExist, g.rename(tmp, "odd", out, "GOOD"))
	require.Equal(t, ok, g.rename(out, "good", tmp, "good"))
	require.Equal(t, ok, g.create(tmp, "good/deep/X"))
	require.Equal(t, errExist, g.rename(tmp, "good", out, "good"))
	require.Equal(t, []string{"final"}, g.outputs())
	checkTree(t, g.host.tree)
}

// outputs lists the paths that would be delivered. A manifest must be able to hold them.
func (g *guest) outputs() (paths []string) {
	g.t.Helper()
	require.NoError(g.t, g.host.Outputs(func(path string, _ Content) error {
		paths = append(paths, path)
		return manifest.ValidatePath(path)
	}))
	return paths
}

func TestNamesThatNotEveryFileSystemHoldsAreNoOutputs(t *testing.T) {
	for name, want := range map[string]Errno{
		"a:b": errIlseq, "what?": errIlseq, "NUL": errIlseq, "com1.txt": errIlseq, "ends.": errIlseq, "ends ": errIlseq, "a\\b": errIlseq,
		"a\nb": errIlseq, "\xff": errIlseq, "\u0378": errIlseq, "\u200b": errIlseq, "stdout": errAcces, "STDERR": errAcces, "stdo\u00adut": errAcces,
		"stdout.txt": ok, "ünï cödé 文件": ok, ".hidden": ok, "Stdout/x": errNoent,
	} {
		g := newGuest(t)
		require.Equal(t, want, g.create(out, name), "%q", name)
		if want == ok || want == errNoent {
			continue
		}
		require.Equal(t, want, g.on("path_create_directory", cwd, name+"/"), "%q", name)
		require.Equal(t, ok, g.create(tmp, "t"))
		require.Equal(t, want, g.rename(tmp, "t", out, name), "%q", name)
	}
}

func TestOutputsThatSomeFileSystemTakesForOneAreRefused(t *testing.T) {
	g := newGuest(t)
	g.host.tree.maxFiles = 20
	require.Equal(t, ok, g.create(out, "Text"))
	require.Equal(t, ok, g.create(out, "\u00e9"))
	require.Equal(t, ok, g.on("path_create_directory", out, "d"))
	for _, twin := range []string{"text", "TEXT", "te\u200dxt", "e\u0301", "E\u0301", "D"} {
		require.Equal(t, errExist, g.create(out, twin), "%q", twin)
		require.Equal(t, errExist, g.on("path_create_directory", out, twin), "%q", twin)
	}
	require.Equal(t, ok, g.create(out, "d/text"), "another folder is another place")
	require.Equal(t, []string{"\u00e9"}, g.outputs()[len(g.outputs())-1:])
}

// TestComparingNamesIsPaidFor checks that a program pays for the comparison of names at the
// call that makes it. The comparison takes the host longer if names have characters that are
// not ASCII.
func TestComparingNamesIsPaidFor(t *testing.T) {
	g := newGuest(t)
	g.host.tree.maxFiles = 20
	cost := func(call func() Errno) uint64 {
		before := g.fuel.left
		require.Equal(t, ok, call())
		return before - g.fuel.left
	}
	odd := strings.Repeat("\u0390", 100)
	plain := cost(func() Errno { return g.on("path_create_directory", out, strings.Repeat("x", 200)) })
	require.Equal(t, plain+200*FuelPerFoldedByte, cost(func() Errno { return g.on("path_create_directory", out, odd) }))
	require.Equal(t, plain, cost(func() Errno { return g.on("path_create_directory", tmp, odd) }), "nothing is compared there")
	require.Equal(t, ok, g.on("path_create_directory", tmp, odd+"/"+odd))
	around := cost(func() Errno { return g.rename(tmp, odd, tmp, "moved") })
	require.Equal(t, around+2*(FuelPerName-FuelPerEntry)+200*FuelPerFoldedByte, cost(func() Errno { return g.rename(tmp, "moved", out, "moved") }))
}

func TestANameMayChangeItsCase(t *testing.T) {
	g := newGuest(t)
	require.Equal(t, ok, g.create(out, "text"))
	require.Equal(t, ok, g.rename(out, "text", out, "Text"))
	require.Equal(t, errExist, g.create(out, "text"))
	require.Equal(t, ok, g.on("path_unlink_file", out, "Text"))
	require.Equal(t, ok, g.create(out, "text"))
	require.Equal(t, []string{"text"}, g.outputs())
}

// TestAListingGoesOnWhileFilesComeAndGo checks that a program that removes files while it
// lists them, as every "rm -r" does, misses no file and sees none twice.
func TestAListingGoesOnWhileFilesComeAndGo(t *testing.T) {
	g := newGuest(t)
	g.host.tree.maxFiles = 1000
	for i := range 300 {
		require.Equal(t, ok, g.create(tmp, strings.Repeat("n", 1+i%7)+string(rune('a'+i%26))+strings.Repeat("x", i/26)+string(rune('a'+i%25))))
	}
	count := len(g.host.tree.tmp.children)
	seen := map[string]bool{}
	for cookie := uint64(2); ; {
		require.Equal(t, ok, g.call("fd_readdir", tmp, 16<<10, 100, cookie, 512))
		entries := g.mem[16<<10 : 16<<10+binary.LittleEndian.Uint32(g.mem[512:])]
		if len(entries) == 0 {
			break
		}
		for len(entries) >= direntBytes {
			size := int(binary.LittleEndian.Uint32(entries[16:]))
			if len(entries) < direntBytes+size {
				break
			}
			name := string(entries[direntBytes : direntBytes+size])
			require.False(t, seen[name], name)
			seen[name] = true
			cookie = binary.LittleEndian.Uint64(entries)
			require.Equal(t, ok, g.on("path_unlink_file", tmp, name))
			entries = entries[direntBytes+size:]
		}
	}
	require.Len(t, seen, count)
	require.Zero(t, g.host.tree.files)
}
