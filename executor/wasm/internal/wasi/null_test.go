package wasi

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// null opens /dev/null for reading and writing.
func (g *guest) null() uint64 {
	g.t.Helper()
	fd, errno := g.open(dev, "null", oCreate|oTruncate, rightRead|rightWrite, 0)
	require.Equal(g.t, ok, errno)
	return fd
}

func TestWhatIsWrittenToNullVanishes(t *testing.T) {
	g := newGuest(t)
	fd := g.null()
	for range 3 {
		require.Equal(t, ok, g.write(fd, "twelve bytes"))
		require.EqualValues(t, 12, binary.LittleEndian.Uint32(g.mem[512:]))
	}
	g.vector(0, 1<<16)
	for range 3 { // three times the limit of outputs each
		require.Equal(t, ok, g.call("fd_pwrite", fd, 256, 1, 1<<40, 512))
		require.EqualValues(t, 1<<16, binary.LittleEndian.Uint32(g.mem[512:]))
	}
	text, errno := g.read(fd)
	require.Equal(t, ok, errno)
	require.Empty(t, text)
	g.vector(4096, 64)
	require.Equal(t, ok, g.call("fd_pread", fd, 256, 1, 5, 512))
	require.Zero(t, binary.LittleEndian.Uint32(g.mem[512:]))
	require.Zero(t, g.host.OutputBytes())
	require.NoError(t, g.host.Outputs(func(path string, _ Content) error {
		t.Errorf("%s is delivered", path)
		return nil
	}))
}

func TestNullCostsWhatAFileCosts(t *testing.T) {
	g := newGuest(t)
	require.Equal(t, ok, g.create(out, "file"))
	file, errno := g.open(out, "file", 0, rightRead|rightWrite, 0)
	require.Equal(t, ok, errno)
	cost := func(call func(fd uint64), fd uint64) uint64 {
		before := g.fuel.left
		call(fd)
		return before - g.fuel.left
	}
	write := func(fd uint64) { require.Equal(t, ok, g.write(fd, "0123456789")) }
	null := g.null()
	write(file)
	require.Equal(t, ok, g.call("fd_seek", file, 0, whenceSet, 512))
	require.EqualValues(t, FuelPerCall+FuelPerEntry+10, cost(write, null))
	require.Equal(t, cost(write, file), cost(write, null), "what a file does not grow by")
	read := func(fd uint64) {
		text, errno := g.read(fd)
		require.Equal(t, ok, errno)
		require.Empty(t, text)
	}
	require.Equal(t, cost(read, file), cost(read, null), "at the end")
	g.fuel.left = FuelPerCall + FuelPerEntry + 9
	g.write(null, "0123456789")
	require.Equal(t, HaltFuel, g.host.halt)
}

func TestNullIsADeviceThatKeepsItsPlace(t *testing.T) {
	g := newGuest(t)
	fd := g.null()
	require.Equal(t, ok, g.call("fd_filestat_get", fd, 512))
	require.EqualValues(t, typeCharacterDevice, g.mem[512+16])
	require.Zero(t, binary.LittleEndian.Uint64(g.mem[512+32:]))
	ptr, size := g.text("dev/null")
	require.Equal(t, ok, g.call("path_filestat_get", root, 0, ptr, size, 512))
	require.EqualValues(t, typeCharacterDevice, g.mem[512+16])
	require.Equal(t, ok, g.write(fd, "text"))
	for name, call := range map[string]func() Errno{
		"tell": func() Errno { return g.call("fd_tell", fd, 600) },
		"on":   func() Errno { return g.call("fd_seek", fd, 7, whenceCurrent, 600) },
		"set":  func() Errno { return g.call("fd_seek", fd, 1<<40, whenceSet, 600) },
		"end":  func() Errno { return g.call("fd_seek", fd, 0, whenceEnd, 600) },
	} {
		binary.LittleEndian.PutUint64(g.mem[600:], 99)
		require.Equal(t, ok, call(), name)
		require.Zero(t, binary.LittleEndian.Uint64(g.mem[600:]), name)
	}
	require.Equal(t, errInval, g.call("fd_seek", fd, 0, 3, 600))
	require.Equal(t, errInval, g.call("fd_filestat_set_size", fd, 0))
	require.Equal(t, errInval, g.call("fd_allocate", fd, 0, 1))
	require.Equal(t, ok, g.call("fd_datasync", fd))
	require.Equal(t, ok, g.call("fd_filestat_set_times", fd, 1, 1, 0))
	require.Equal(t, errNotdir, g.call("fd_readdir", fd, 1024, 512, 0, 512))
	// As with a file, an operation is refused if the descriptor was not opened for it.
	reading, errno := g.open(dev, "null", 0, rightRead, 0)
	require.Equal(t, ok, errno)
	require.Equal(t, errBadf, g.write(reading, "x"))
	require.Equal(t, ok, g.call("fd_close", reading))
	writing, errno := g.open(dev, "null", 0, rightWrite, fdAppend)
	require.Equal(t, ok, errno)
	require.Equal(t, ok, g.write(writing, "x"))
	_, errno = g.read(writing)
	require.Equal(t, errBadf, errno)
}

func TestNothingElseIsInDev(t *testing.T) {
	g := newGuest(t)
	_, errno := g.open(dev, "null", oCreate|oExclusive, rightWrite, 0)
	require.Equal(t, errExist, errno)
	_, errno = g.open(dev, "null", oDirectory, rightRead, 0)
	require.Equal(t, errNotdir, errno)
	_, errno = g.open(dev, "null/", 0, rightRead, 0)
	require.Equal(t, errNotdir, errno)
	_, errno = g.open(dev, "zero", 0, rightRead, 0)
	require.Equal(t, errNoent, errno)
	require.Equal(t, errRofs, g.create(dev, "new"))
	require.Equal(t, errRofs, g.on("path_create_directory", dev, "new"))
	require.Equal(t, errRofs, g.on("path_unlink_file", dev, "null"))
	require.Equal(t, errRofs, g.rename(dev, "null", out, "null"))
	require.Equal(t, ok, g.create(out, "file"))
	require.Equal(t, errRofs, g.rename(out, "file", dev, "null"))
	require.Equal(t, errRofs, g.on("path_remove_directory", root, "dev"))
	// The device still exists, however often it was opened and closed.
	for range 3 {
		require.Equal(t, ok, g.call("fd_close", g.null()))
	}
	require.Equal(t, ok, g.write(g.null(), "x"))
}
