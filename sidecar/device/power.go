package device

import (
	"errors"
	"fmt"
	"time"
)

// ErrTooEarly means that a power or a load is known only after a second reading, which may follow after
// PowerSpan or UseSpan.
var ErrTooEarly = errors.New("the first reading has just been made")

// PowerSpan is the shortest time over which a mean power is measured. Two readings fit into the time that
// a rule of the owner has for one.
const PowerSpan = 300 * time.Millisecond

// power is the mean power of a device between two readings of its counter. It has readings of its
// own, because those of the account last long enough to measure an idle draw.
type power struct {
	known      bool
	last       uint64
	at         time.Time
	milliwatts uint64
	err        error
}

// power returns the mean power since the last call in milliwatts, or since an earlier one if that was
// a moment ago.
func (a *account) power() (milliwatts uint64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := &a.watts
	at := a.now()
	elapsed := at.Sub(p.at)
	if p.known && elapsed < PowerSpan {
		return p.milliwatts, p.err
	}
	value, err := a.counter.Read()
	if err != nil {
		*p = power{}
		return 0, err
	}
	last, known := p.last, p.known
	*p = power{known: true, last: value, at: at, err: fmt.Errorf("%s: %w", a.counter.Name, ErrTooEarly)}
	if known {
		var used uint64
		used, p.err = a.counter.between(last, value, elapsed)
		p.milliwatts = used / uint64(elapsed.Milliseconds()) //nolint:gosec // at least PowerSpan
	}
	return p.milliwatts, p.err
}

// Watts returns the power of all devices whose counters can be read. It fails only if there is none:
// with ErrTooEarly at the first call.
func (l *Ledger) Watts() (float64, error) {
	var sum uint64
	var failed []error
	accounts := l.list()
	for _, a := range accounts {
		milliwatts, err := a.power()
		if err != nil {
			failed = append(failed, err)
			continue
		}
		sum += milliwatts
	}
	switch {
	case len(accounts) == 0:
		return 0, fmt.Errorf("%w: this machine has no energy counter", ErrNotMeasured)
	case len(failed) == len(accounts):
		return 0, errors.Join(failed...)
	}
	return float64(sum) / 1000, nil
}
