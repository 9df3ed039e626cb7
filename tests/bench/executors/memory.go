package executors

import (
	"sync"
	"time"
)

// memory is two lists that no cache holds, with which the bandwidth of memory is measured.
type memory struct{ from, to []uint64 }

func newMemory(bytes int) *memory {
	m := &memory{from: make([]uint64, bytes/8), to: make([]uint64, bytes/8)}
	for i := range m.from { // pages take memory once something was written to them
		m.from[i], m.to[i] = uint64(i), 1 //nolint:gosec // an index
	}
	return m
}

// read returns the bytes per second that threads read together.
func (m *memory) read(threads int) float64 {
	sums := make([]uint64, threads)
	took := m.each(threads, func(i int, from, _ []uint64) {
		var a, b, c, d uint64
		for ; len(from) >= 8; from = from[8:] {
			a, b, c, d = a+from[0]^from[4], b+from[1]^from[5], c+from[2]^from[6], d+from[3]^from[7]
		}
		sums[i] = a + b + c + d
	})
	return float64(8*len(m.from)) / took.Seconds()
}

// copy returns the bytes per second that threads read, and write as well, together.
func (m *memory) copy(threads int) float64 {
	took := m.each(threads, func(_ int, from, to []uint64) { copy(to, from) })
	return float64(8*len(m.from)) / took.Seconds()
}

// each gives each thread its part of the lists.
func (m *memory) each(threads int, work func(i int, from, to []uint64)) time.Duration {
	began := time.Now()
	var wait sync.WaitGroup
	for i := range threads {
		first, last := i*len(m.from)/threads, (i+1)*len(m.from)/threads
		wait.Go(func() { work(i, m.from[first:last], m.to[first:last]) })
	}
	wait.Wait()
	return time.Since(began)
}
