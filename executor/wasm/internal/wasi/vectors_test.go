package wasi

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAListOfVectorsHasNoMoreThanTheCLibraryAllows(t *testing.T) {
	g := newGuest(t)
	fd, errno := g.openInput()
	require.Equal(t, ok, errno)
	for count, want := range map[uint64]Errno{0: ok, 1: ok, MaxVectors: ok, MaxVectors + 1: errInval, 1<<32 - 1: errInval} {
		require.Equal(t, want, g.call("fd_read", fd, 16, count, 0))
		require.Equal(t, want, g.call("fd_pread", fd, 16, count, 0, 0))
		require.Equal(t, want, g.call("fd_write", 1, 16, count, 0))
	}
}

// openInput opens an input for reading with a path at the start of the memory.
func (g *guest) openInput() (uint64, Errno) {
	copy(g.mem, "data")
	errno := g.call("path_open", 3, 0, 0, 4, 0, rightRead, 0, 0, 8)
	return uint64(binary.LittleEndian.Uint32(g.mem[8:])), errno
}

// TestVectorsOverTheirOwnListAreTakenAsTheyWere checks that the list is read before anything
// is written, even if a vector overwrites the list.
func TestVectorsOverTheirOwnListAreTakenAsTheyWere(t *testing.T) {
	g := newGuest(t)
	fd, errno := g.openInput()
	require.Equal(t, ok, errno)
	put := func(i int, ptr, size uint32) {
		binary.LittleEndian.PutUint32(g.mem[256+8*i:], ptr)
		binary.LittleEndian.PutUint32(g.mem[260+8*i:], size)
	}
	put(0, 264, 2) // over the place of the second
	put(1, 300, 0)
	put(2, 400, 5)
	require.Equal(t, ok, g.call("fd_read", fd, 256, 3, 512))
	require.Equal(t, uint32(7), binary.LittleEndian.Uint32(g.mem[512:]))
	require.Equal(t, "01", string(g.mem[264:266]))
	require.Equal(t, "23456", string(g.mem[400:405]))
}
