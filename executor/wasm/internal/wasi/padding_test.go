package wasi

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryStructureIsWrittenWhole checks that calls write every byte of a structure. Bytes
// without a meaning must be zero, whatever was there before; otherwise programs would see data
// that differs between machines.
func TestEveryStructureIsWrittenWhole(t *testing.T) {
	const at = 16 << 10
	for name, c := range map[string]struct {
		// fields are the places of the bytes that have a meaning. Every other byte must be
		// zero.
		size   int
		fields [][2]int
		call   func(g *guest) Errno
	}{
		"fdstat":   {24, [][2]int{{0, 1}, {2, 4}, {8, 24}}, func(g *guest) Errno { return g.call("fd_fdstat_get", in, at) }},
		"filestat": {64, [][2]int{{0, 17}, {24, 64}}, func(g *guest) Errno { return g.call("fd_filestat_get", in, at) }},
		"of a tty": {64, [][2]int{{0, 17}, {24, 64}}, func(g *guest) Errno { return g.call("fd_filestat_get", 1, at) }},
		"of a path": {64, [][2]int{{0, 17}, {24, 64}}, func(g *guest) Errno {
			ptr, size := g.text("data")
			return g.call("path_filestat_get", in, 0, ptr, size, at)
		}},
		"prestat":    {8, [][2]int{{0, 1}, {4, 8}}, func(g *guest) Errno { return g.call("fd_prestat_get", in, at) }},
		"dirents":    {2*direntBytes + 3, [][2]int{{0, 21}, {24, 46}, {49, 51}}, func(g *guest) Errno { return g.call("fd_readdir", in, at, 2*direntBytes+3, 0, 512) }},
		"clock":      {8, [][2]int{{0, 8}}, func(g *guest) Errno { return g.call("clock_time_get", 0, 0, at) }},
		"resolution": {8, [][2]int{{0, 8}}, func(g *guest) Errno { return g.call("clock_res_get", 0, at) }},
		"place":      {8, [][2]int{{0, 8}}, func(g *guest) Errno { return g.call("fd_tell", firstFree, at) }},
		"new place":  {8, [][2]int{{0, 8}}, func(g *guest) Errno { return g.call("fd_seek", firstFree, 1, whenceSet, at) }},
		"descriptor": {4, [][2]int{{0, 4}}, func(g *guest) Errno {
			ptr, size := g.text("data")
			return g.call("path_open", in, 0, ptr, size, 0, rightRead, 0, 0, at)
		}},
		"bytes read": {4, [][2]int{{0, 4}}, func(g *guest) Errno { g.vector(4096, 4); return g.call("fd_read", firstFree, 256, 1, at) }},
		"written":    {4, [][2]int{{0, 4}}, func(g *guest) Errno { g.vector(4096, 4); return g.call("fd_write", 1, 256, 1, at) }},
		"clock event": {eventBytes, [][2]int{{0, 11}, {16, 26}}, func(g *guest) Errno {
			clear(g.mem[1024:2048])
			return g.call("poll_oneoff", 1024, at, 1, 512)
		}},
		"read event": {eventBytes, [][2]int{{0, 11}, {16, 26}}, func(g *guest) Errno {
			clear(g.mem[1024:2048])
			g.mem[1024+8] = eventFdRead
			return g.call("poll_oneoff", 1024, at, 1, 512)
		}},
		"failed event": {eventBytes, [][2]int{{0, 11}, {16, 26}}, func(g *guest) Errno {
			g.mem[1024+8] = 7
			return g.call("poll_oneoff", 1024, at, 1, 512)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			written := make([][]byte, 2)
			for i, fill := range []byte{0xff, 0xa5} {
				g := newGuest(t)
				_, errno := g.open(in, "data", 0, rightRead, 0)
				require.Equal(t, ok, errno)
				for at := range g.mem {
					g.mem[at] = fill
				}
				require.Equal(t, ok, c.call(g))
				written[i] = bytes.Clone(g.mem[at : at+c.size])
				require.Equal(t, bytes.Repeat([]byte{fill}, 64), g.mem[at+c.size:at+c.size+64], "nothing beside it")
			}
			if name != "failed event" {
				require.Equal(t, written[0], written[1], "what was there does not show")
			}
			means := make([]bool, c.size)
			for _, field := range c.fields {
				for i := field[0]; i < field[1]; i++ {
					means[i] = true
				}
			}
			for i, b := range written[0] {
				require.True(t, means[i] || b == 0, "byte %d is %#x", i, b)
			}
		})
	}
}
