package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// team is goroutines that help with the calls of a submission. They do not sleep in between: waking one
// takes longer than many calls do.
type team struct {
	current atomic.Pointer[share]
	over    atomic.Bool
}

// share is work that is divided into parts, which whoever has time takes.
type share struct {
	part  func(i int)
	parts int64
	// taken and done count parts.
	taken, done atomic.Int64
}

// help works on parts until none is left.
func (s *share) help() {
	for i := s.taken.Add(1); i <= s.parts; i = s.taken.Add(1) {
		s.part(int(i - 1))
		s.done.Add(1)
	}
}

// spins is the number of times that a goroutine looks for work before it lets others run.
const spins = 100

// until waits for a condition that comes soon.
func until(reached func() bool) {
	for n := 1; !reached(); n++ {
		if n%spins == 0 {
			runtime.Gosched()
		}
	}
}

// newTeam starts goroutines that help until the team is dismissed.
func newTeam(helpers int) *team {
	t := &team{}
	for range helpers {
		go func() {
			var last *share
			for !t.over.Load() {
				until(func() bool { return t.current.Load() != last || t.over.Load() })
				if last = t.current.Load(); last != nil {
					last.help()
				}
			}
		}()
	}
	return t
}

// work divides work into parts, and returns when all are done.
func (t *team) work(parts int, part func(i int)) {
	s := &share{part: part, parts: int64(parts)}
	t.current.Store(s)
	s.help()
	until(func() bool { return s.done.Load() == s.parts })
}

// dismiss lets the helpers end.
func (t *team) dismiss() { t.over.Store(true) }

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
