package device

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// Ledger measures the energy of programs by the counters of the devices on which they run.
type Ledger struct {
	now func() time.Time

	mu       sync.Mutex
	accounts []*account
}

// NewLedger returns a ledger without counters. The clock now must be monotonic.
func NewLedger(now func() time.Time) *Ledger { return &Ledger{now: now} }

// Add adds counters. A counter whose ID is known already is left as it is.
func (l *Ledger) Add(counters ...Counter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range counters {
		if !slices.ContainsFunc(l.accounts, func(a *account) bool { return a.counter.ID == c.ID }) {
			l.accounts = append(l.accounts, newAccount(c, l.now))
		}
	}
}

// ledgerEvery is the pause between two looks at which counters have to be read.
const ledgerEvery = time.Second

// Run reads the counters until ctx ends.
func (l *Ledger) Run(ctx context.Context) {
	ticker := time.NewTicker(ledgerEvery)
	defer ticker.Stop()
	for {
		l.tick()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (l *Ledger) tick() {
	for _, a := range l.list() {
		a.tick()
	}
}

func (l *Ledger) list() []*account {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.accounts)
}

// CounterState is a counter of a ledger, with what is known about it.
type CounterState struct {
	ID   string `json:"id"`
	Code string `json:"code"`
	Name string `json:"name"`
	// Idle is the power while no program of this node runs, in milliwatts.
	Idle Reading `json:"idle_milliwatts"`
	// Runs is the number of programs of this node that run on the device.
	Runs int `json:"runs"`
	// Missing says why the counter cannot be read. It is empty if it can.
	Missing string `json:"missing,omitempty"`
}

// Counters returns the counters.
func (l *Ledger) Counters() []CounterState {
	states := []CounterState{}
	for _, a := range l.list() {
		a.mu.Lock()
		s := CounterState{ID: a.counter.ID, Code: a.counter.Code, Name: a.counter.Name, Runs: len(a.runs)}
		if idle, known := a.idle.milliwatts(); known {
			s.Idle = readingOf(idle, nil)
		} else {
			s.Idle = NotMeasured("not measured yet; the node measures it while no program of it runs")
		}
		if a.trouble != nil {
			s.Missing = a.trouble.Error()
		}
		a.mu.Unlock()
		states = append(states, s)
	}
	return states
}

// On says on which devices a program runs: the IDs of their counters, and for each device without
// a counter the reason.
type On func() (ids, missing []string)

// Meter returns a meter for programs that run on the devices that on returns when they start.
func (l *Ledger) Meter(on On) Meter { return &ledgerMeter{l, on} }

type ledgerMeter struct {
	ledger *Ledger
	on     On
}

// Start implements Meter.
func (m *ledgerMeter) Start(context.Context) Span {
	ids, missing := m.on()
	span := &ledgerSpan{missing: missing}
	for _, a := range m.ledger.list() {
		if slices.Contains(ids, a.counter.ID) {
			span.shares = append(span.shares, a.begin())
		}
	}
	return span
}

// ledgerSpan is a run on several devices.
type ledgerSpan struct {
	shares  []*share
	missing []string
}

// Stop implements Span. A kind of counter counts only if all counters of the kind were read: a part
// of the processor packages would look like all of them.
func (s *ledgerSpan) Stop() Energy {
	reasons := slices.Clone(s.missing)
	failed := map[string]bool{}
	for _, share := range s.shares {
		share.end()
		code := share.account.counter.Code
		switch {
		case share.err != nil && !failed[code]:
			reasons = append(reasons, code+": "+share.err.Error())
			failed[code] = true
		case share.err == nil && !share.moved && !failed[code]:
			reasons = append(reasons, code+": the counter of "+share.account.counter.Name+" did not move while the program ran, which was too short for it")
			failed[code] = true
		}
	}
	var micro uint64
	var codes []string
	sharers, idleIncluded := 0, false
	for _, share := range s.shares {
		if code := share.account.counter.Code; !failed[code] {
			micro += share.micro
			codes = append(codes, code)
			sharers, idleIncluded = max(sharers, share.sharers), idleIncluded || share.idleIncluded
		}
	}
	if len(s.shares) == 0 && len(reasons) == 0 {
		reasons = []string{"no energy counter on this machine"}
	}
	e := Energy{Reason: strings.Join(reasons, "; ")}
	if len(codes) > 0 {
		e.Millijoules, e.Source = micro/1000, Code(codes, sharers, idleIncluded)
	}
	return e
}
