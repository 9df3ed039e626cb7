package wasi

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAProgramMakesItsHostHoldNoMoreThanItsLimitsAllow checks that the memory that the host
// holds for a program is at most the limits of its task and a constant, whatever the program
// repeats. A program must not be able to fill the host's memory.
func TestAProgramMakesItsHostHoldNoMoreThanItsLimitsAllow(t *testing.T) {
	const (
		files = 4096
		bytes = 1 << 20
		// most is far above the memory of files with the longest names, and far below the
		// memory of a leak of one name, listing or table per turn.
		most = 8 << 20
	)
	long := strings.Repeat("d", MaxNameBytes)
	around := strings.Repeat(long+"/../", 15)
	name := func(turn, i int) string { return fmt.Sprintf("%d-%d", turn, i) }
	for what, c := range map[string]struct {
		turns int
		turn  func(g *guest, turn int)
	}{
		"short names out of long paths": {4, func(g *guest, turn int) {
			for i := range files / 2 {
				require.Equal(t, ok, g.create(out, around+name(turn, i)))
			}
			g.empty(out, files/2, func(i int) string { return name(turn, i) })
		}},
		"listings of names that are gone": {8, func(g *guest, turn int) {
			for i := range files / 8 {
				require.Equal(t, ok, g.create(out, fmt.Sprintf("%s%d", long[:200], i*1000+turn)))
			}
			for range 64 {
				fd, errno := g.open(out, ".", 0, rightRead, 0)
				require.Equal(t, ok, errno)
				require.Equal(t, ok, g.call("fd_readdir", fd, 8192, 256, 0, 512))
			}
			g.empty(out, files/8, func(i int) string { return fmt.Sprintf("%s%d", long[:200], i*1000+turn) })
		}},
		"folders that were full": {100, func(g *guest, turn int) {
			dir := fmt.Sprintf("f%d", turn)
			require.Equal(t, ok, g.on("path_create_directory", tmp, dir))
			for i := range 1000 {
				require.Equal(t, ok, g.create(tmp, dir+"/"+name(turn, i)))
			}
			g.empty(tmp, 1000, func(i int) string { return dir + "/" + name(turn, i) })
		}},
		"names that fold to longer ones": {4, func(g *guest, turn int) {
			for i := range files / 8 {
				require.Equal(t, ok, g.create(out, fmt.Sprintf("%d-%d%s", turn%2, i, strings.Repeat("\u0390", 100))))
			}
			g.empty(out, files/8, func(i int) string { return fmt.Sprintf("%d-%d%s", turn%2, i, strings.Repeat("\u0390", 100)) })
		}},
		"files that were large": {60, func(g *guest, turn int) {
			file := fmt.Sprintf("large%d", turn)
			fd, errno := g.open(out, file, oCreate, rightWrite, 0)
			require.Equal(t, ok, errno)
			for _, size := range []uint64{bytes / 2, 1, bytes - uint64(turn), 70_000, 1} {
				require.Equal(t, ok, g.call("fd_filestat_set_size", fd, size))
				g.vector(1024, 1)
				require.Equal(t, ok, g.call("fd_pwrite", fd, 256, 1, size-1, 512))
			}
			require.Equal(t, ok, g.call("fd_close", fd))
		}},
		"files that grow by a byte": {60_000, func(g *guest, turn int) {
			if turn == 0 {
				fd, errno := g.open(out, "grows", oCreate, rightWrite, fdAppend)
				require.Equal(t, ok, errno)
				require.Equal(t, uint64(firstFree), fd)
			}
			g.vector(1024, 1)
			require.Equal(t, ok, g.call("fd_write", firstFree, 256, 1, 512))
		}},
		"files that are gone and open": {20, func(g *guest, _ int) {
			for i := range 40 {
				fd, errno := g.open(out, "gone", oCreate, rightWrite, 0)
				require.Equal(t, ok, errno)
				require.Equal(t, ok, g.call("fd_filestat_set_size", fd, 20_000))
				require.Equal(t, ok, g.on("path_unlink_file", out, "gone"))
				if i%2 == 1 {
					require.Equal(t, ok, g.call("fd_renumber", fd, fd-1))
				}
			}
			for i := range uint64(20) {
				require.Equal(t, ok, g.call("fd_close", firstFree+i))
			}
		}},
		"folders that move": {200, func(g *guest, turn int) {
			if turn == 0 {
				require.Equal(t, ok, g.on("path_create_directory", tmp, "d"))
				for i := range 500 {
					require.Equal(t, ok, g.create(tmp, "d/"+name(0, i)))
				}
			}
			require.Equal(t, ok, g.rename(tmp, "d", out, long))
			require.Equal(t, ok, g.rename(out, long, tmp, "d"))
		}},
		"what is printed": {4000, func(g *guest, turn int) {
			g.vector(0, 1<<16)
			require.Equal(t, ok, g.call("fd_write", 1+uint64(turn%2), 256, 1, 512))
		}},
		"subscriptions": {200, func(g *guest, _ int) {
			require.Equal(t, ok, g.call("poll_oneoff", 0, 0, 1000, 512))
			require.Equal(t, errInval, g.call("poll_oneoff", 0, 0, maxSubscriptions+1, 512))
		}},
		"paths that fail": {500, func(g *guest, turn int) {
			g.create(in, around+name(turn, 0))
			g.create(out, around+"none/"+name(turn, 0))
			g.on("path_create_directory", out, strings.Repeat("a/", MaxPathBytes/2))
			g.on("path_create_directory", out, strings.Repeat("a/", MaxPathBytes/2+1))
		}},
	} {
		t.Run(what, func(t *testing.T) {
			host, err := New(Config{OutputBytes: bytes, OutputFiles: files})
			require.NoError(t, err)
			t.Cleanup(host.Close)
			g := &guest{t: t, host: host, mem: make([]byte, 1<<16), fuel: &tank{left: 1 << 62}}
			require.Equal(t, ok, g.on("path_create_directory", out, long))
			require.Equal(t, ok, g.on("path_remove_directory", out, long))
			require.Equal(t, ok, g.on("path_create_directory", out, long))
			before := heap()
			if what == "folders that move" {
				require.Equal(t, ok, g.on("path_remove_directory", out, long))
			}
			for turn := range c.turns {
				clear(g.mem[:512])
				c.turn(g, turn)
				require.Equal(t, HaltNone, host.halt)
			}
			held := heap() - before
			if held > 1<<62 {
				held = 0 // there is less than before
			}
			require.Less(t, held, uint64(most+2*bytes))
			runtime.KeepAlive(host)
		})
	}
}

// empty removes the files that a turn has made.
func (g *guest) empty(dir uint64, n int, path func(i int) string) {
	g.t.Helper()
	for i := range n {
		require.Equal(g.t, ok, g.on("path_unlink_file", dir, path(i)))
	}
}

// heap returns the number of bytes on the heap.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestACallTakesLittleOfItsHost checks that a call also leaves little garbage: the memory that
// it takes while it runs is bounded.
func TestACallTakesLittleOfItsHost(t *testing.T) {
	host, err := New(Config{OutputBytes: 64 << 20, OutputFiles: 10})
	require.NoError(t, err)
	t.Cleanup(host.Close)
	g := &guest{t: t, host: host, mem: make([]byte, 64<<20), fuel: &tank{left: 1 << 62}}
	fd, errno := g.open(out, "f", oCreate, rightRead|rightWrite, 0)
	require.Equal(t, ok, errno)
	binary.LittleEndian.PutUint32(g.mem[256:], 0)
	binary.LittleEndian.PutUint32(g.mem[260:], 32<<20)
	for name, params := range map[string][]uint64{
		"fd_write":    {fd, 256, 1, 512},
		"fd_pread":    {fd, 256, 1, 0, 512},
		"fd_allocate": {fd, 0, 48 << 20},
		"random_get":  {1024, 63 << 20},
		"fd_readdir":  {out, 1024, 63 << 20, 0, 512},
		"poll_oneoff": {0, 0, maxSubscriptions, 512},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		require.Equal(t, ok, g.call(name, params...), name)
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(34<<20), "%s: a file of 32 MiB and little more", name)
		if name != "fd_write" {
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), name)
		}
		binary.LittleEndian.PutUint32(g.mem[256:], 0)
		binary.LittleEndian.PutUint32(g.mem[260:], 32<<20)
	}
}
