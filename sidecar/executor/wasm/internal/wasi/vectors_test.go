package wasi

import (
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// A list of vectors takes 8 bytes an entry of the guest's memory, which the task
// bounds. What the host takes beside it is bounded by nothing.
func TestAListOfVectorsTakesNoMoreOfTheHostThanOfTheGuest(t *testing.T) {
	const entries = 1 << 20
	for name, own := range map[string]bool{"elsewhere": false, "over the list itself": true} {
		t.Run(name, func(t *testing.T) {
			g := newGuest(t)
			g.mem = make([]byte, 16+8*entries)
			if own {
				binary.LittleEndian.PutUint32(g.mem[16:], 16)
				binary.LittleEndian.PutUint32(g.mem[20:], 1)
			}
			fd, errno := g.openInput()
			require.Equal(t, ok, errno)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			require.Equal(t, ok, g.call("fd_read", fd, 16, entries, 0))
			require.Equal(t, ok, g.call("fd_write", 1, 16, entries, 0))
			runtime.ReadMemStats(&after)
			most := uint64(64 << 10)
			if own {
				most += 8 * entries
			}
			require.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, most)
		})
	}
}

// openInput opens an input for reading with a path at the start of the memory.
func (g *guest) openInput() (uint64, Errno) {
	copy(g.mem, "data")
	errno := g.call("path_open", 3, 0, 0, 4, 0, rightRead, 0, 0, 8)
	return uint64(binary.LittleEndian.Uint32(g.mem[8:])), errno
}

// The list is read before anything is written, also where it is written over.
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
