package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// team is goroutines that help with the calls of a submission. Between two calls they stay awake for a
// while, because waking them takes longer than many calls do.
type team struct {
	current atomic.Pointer[share]
	over    atomic.Bool
	// asleep counts helpers that wait for a token of wake.
	asleep atomic.Int32
	wake   chan struct{}
}

// share is work that is divided into parts, which whoever has time takes.
type share struct {
	part  func(i int)
	parts int64
	// taken and done count parts.
	taken, done atomic.Int64
	// finished is closed after the last part.
	finished chan struct{}
}

// help works on parts until none is left.
func (s *share) help() {
	for i := s.taken.Add(1); i <= s.parts; i = s.taken.Add(1) {
		s.part(int(i - 1))
		if s.done.Add(1) == s.parts {
			close(s.finished)
		}
	}
}

const (
	// spins is the number of times that a goroutine looks for something before it lets others run, and
	// patience the number of times that it does so before it sleeps: some 30 µs in all, so that it does
	// not keep a core that other programs need.
	spins    = 100
	patience = 100
)

// soon waits for a condition for a while, and reports whether it holds.
func soon(reached func() bool) bool {
	for range patience {
		for range spins {
			if reached() {
				return true
			}
		}
		runtime.Gosched()
	}
	return false
}

// newTeam starts goroutines that help until the team is dismissed.
func newTeam(helpers int) *team {
	t := &team{wake: make(chan struct{}, helpers)}
	for range helpers {
		go t.serve()
	}
	return t
}

// serve helps with one share after the other.
func (t *team) serve() {
	var last *share
	changed := func() bool { return t.current.Load() != last || t.over.Load() }
	for !t.over.Load() {
		if !soon(changed) {
			t.asleep.Add(1)
			if !changed() { // a share that comes now brings a token
				<-t.wake
			}
			t.asleep.Add(-1)
			continue
		}
		if last = t.current.Load(); last != nil {
			last.help()
		}
	}
}

// work divides work into parts, and returns when all are done.
func (t *team) work(parts int, part func(i int)) {
	s := &share{part: part, parts: int64(parts), finished: make(chan struct{})}
	t.current.Store(s)
	t.rouse()
	s.help()
	if !soon(func() bool { return s.done.Load() == s.parts }) {
		<-s.finished
	}
}

// rouse wakes helpers that sleep. A token too many makes one look for work in vain.
func (t *team) rouse() {
	for range t.asleep.Load() {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// dismiss lets the helpers end.
func (t *team) dismiss() {
	t.over.Store(true)
	t.rouse()
}

// manyCalls is the number of calls from which on a submission has a team.
const manyCalls = 4

// gather returns a team for a number of calls, or nil if it would take longer than it helps.
func (d *Device) gather(calls int) *team {
	helpers := min(d.cores, runtime.GOMAXPROCS(0)) - 1
	if calls < manyCalls || helpers < 1 {
		return nil
	}
	return newTeam(helpers)
}

const (
	// grain is the least number of elements that are worth another core.
	grain = 16_384
	// shares is the number of parts for each core, so that a core that others use takes fewer.
	shares = 4
	// alignment is the number of rows to a multiple of which large parts are cut.
	alignment = 16
)

// split divides rows of a number of elements among the cores: work is called for ranges that
// cover all rows.
func (d *Device) split(rows, elements int, work func(from, to int)) {
	d.divide(d.cores, rows, elements, work)
}

// divide is split for a number of cores.
func (d *Device) divide(cores, rows, elements int, work func(from, to int)) {
	most := cores
	if d.team != nil && cores > 1 {
		most *= shares
	}
	parts := min(most, rows, 1+rows*elements/grain)
	if parts <= 1 {
		work(0, rows)
		return
	}
	cut := func(i int) int {
		at := i * rows / parts
		if i < parts && rows >= parts*alignment*shares {
			at = at / alignment * alignment
		}
		return at
	}
	part := func(i int) { work(cut(i), cut(i+1)) }
	if d.team != nil {
		d.team.work(parts, part)
		return
	}
	var wait sync.WaitGroup
	for i := 1; i < parts; i++ {
		wait.Go(func() { part(i) })
	}
	part(0)
	wait.Wait()
}
