package device

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// account divides what a counter counts among the runs on its device.
type account struct {
	counter Counter
	now     func() time.Time

	mu sync.Mutex
	// last is the last reading, made at lastAt; it is meaningful if known is true. trouble is the
	// error of the last reading.
	known   bool
	last    uint64
	lastAt  time.Time
	trouble error
	// read is the time of the last try.
	read time.Time
	idle idleDraw
	// watts is the power now.
	watts power
	// ended is the time at which the last run ended.
	ended time.Time
	runs  map[*share]struct{}
	// counted is all that the counter has counted, and given all that was given to runs, in
	// microjoules.
	counted, given uint64
}

// share is the part of a run in what a device uses. Its fields belong to the account until the run
// has ended.
type share struct {
	account *account
	micro   uint64
	// moved reports whether the counter moved while the run was on the device.
	moved bool
	// sharers is the largest number of runs that were on the device at once.
	sharers int
	// idleIncluded reports whether the idle draw was not known in a part of the run.
	idleIncluded bool
	err          error
}

func newAccount(c Counter, now func() time.Time) *account {
	return &account{counter: c, now: now, runs: map[*share]struct{}{}}
}

// begin adds a run to the device.
func (a *account) begin() *share {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sample()
	s := &share{account: a}
	if !a.known {
		s.err = a.trouble
	}
	a.runs[s] = struct{}{}
	return s
}

// end removes a run from the device. Nothing is added to its share afterwards.
func (s *share) end() {
	a := s.account
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, runs := a.runs[s]; !runs {
		return
	}
	a.sample()
	delete(a.runs, s)
	a.ended = a.now()
}

// tick reads the counter if it is time to do so.
func (a *account) tick() {
	a.mu.Lock()
	defer a.mu.Unlock()
	every := idleEvery
	if len(a.runs) > 0 {
		every = cmp.Or(a.counter.Every, idleEvery)
	}
	if a.now().Sub(a.read) >= every {
		a.sample()
	}
}

// sample reads the counter and divides what was used since the last reading. The runs on the device
// have not changed since then, because each change begins with a reading.
func (a *account) sample() {
	value, err := a.counter.Read()
	at := a.now()
	a.read = at
	if err != nil {
		a.known, a.trouble = false, err
		a.spoil(err)
		return
	}
	first := !a.known
	last, elapsed := a.last, at.Sub(a.lastAt)
	a.known, a.last, a.lastAt, a.trouble = true, value, at, nil
	if first {
		return
	}
	used, err := a.counter.between(last, value, elapsed)
	if err != nil {
		a.trouble = err
		a.spoil(err)
		return
	}
	a.counted += used
	if len(a.runs) == 0 {
		a.idle.add(used, a.lastAt.Add(-elapsed).Sub(a.ended), elapsed)
		return
	}
	a.divide(used, elapsed)
}

// spoil makes the energy of all runs on the device unknown.
func (a *account) spoil(err error) {
	for s := range a.runs {
		if s.err == nil {
			s.err = err
		}
	}
}

// divide gives each run an equal part of what the device used beyond its idle draw.
func (a *account) divide(used uint64, elapsed time.Duration) {
	idle, known := a.idle.milliwatts()
	net := used - min(used, idle*uint64(max(elapsed, 0).Microseconds())/1000) //nolint:gosec // not negative
	part := net / uint64(len(a.runs))
	for s := range a.runs {
		s.micro += part
		a.given += part
		s.moved = s.moved || used > 0
		s.sharers = max(s.sharers, len(a.runs))
		s.idleIncluded = s.idleIncluded || !known && elapsed > 0
	}
}

const (
	// idleEvery is the pause between two readings while no program of this node runs, and the default
	// pause while one runs. It is well below the time in which the smallest known counter of a
	// processor (65 kJ) begins again at 2 kW.
	idleEvery = 10 * time.Second
	// idleShortest is the shortest time over which the idle draw is measured.
	idleShortest = 5 * time.Second
	// idleAfter is the time after a run in which a device still cools down and slows down.
	idleAfter = 10 * time.Second
	// idleKept is the number of measurements of the idle draw that are kept: ten minutes.
	idleKept = 60
)

// idleDraw is the power of a device while no program of this node runs: the median of its last
// measurements. The median ignores moments in which another program used the device.
type idleDraw struct {
	kept []uint64
}

// add measures the idle draw over a time that began some time after the last run.
func (d *idleDraw) add(micro uint64, after, elapsed time.Duration) {
	if after < idleAfter || elapsed < idleShortest {
		return
	}
	d.kept = append(d.kept, micro/uint64(elapsed.Milliseconds())) //nolint:gosec // positive
	if len(d.kept) > idleKept {
		d.kept = slices.Clone(d.kept[1:])
	}
}

// milliwatts returns the idle draw, and whether it has been measured.
func (d *idleDraw) milliwatts() (uint64, bool) {
	if len(d.kept) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(d.kept))
	return sorted[(len(sorted)-1)/2], true
}
