package device

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Counter is an energy counter of a device.
type Counter struct {
	// ID is unique in the machine: the UUID of a card or the name of a processor package.
	ID string
	// Code is the short name of its kind in results, at most 6 characters: "nvml", "amdgpu", "i915",
	// "xe", "amdpow" or "rapl".
	Code string
	// Name is for people.
	Name string
	// Range is the number of microjoules after which the counter begins again at 0; 0 means that it
	// does not.
	Range uint64
	// MostWatts is more than the device can use. A counter that runs faster is broken.
	MostWatts uint64
	// Every is the pause between two readings while a program of this node runs on the device.
	Every time.Duration
	// Read returns the energy in microjoules. It returns within some seconds.
	Read func() (uint64, error)
}

// Bounds of the power of devices, in watts: several times that of the largest ones.
const (
	mostWattsCard    = 5_000
	mostWattsPackage = 2_000
)

// counterSlack is the time for which a counter may lag behind before it shows what was used.
const counterSlack = time.Second

// between returns the energy between two readings in microjoules, or why it is not known.
func (c *Counter) between(last, now uint64, elapsed time.Duration) (uint64, error) {
	used := now - last
	if now < last {
		if c.Range == 0 || last > c.Range {
			return 0, fmt.Errorf("%w: the counter of %s went back from %d to %d µJ; its driver was reloaded", ErrNotMeasured, c.Name, last, now)
		}
		used = c.Range - last + now
	}
	milliseconds := uint64(max(elapsed, 0).Milliseconds()) //nolint:gosec // not negative
	if c.Range > 0 && milliseconds*c.MostWatts*1000 >= c.Range {
		return 0, fmt.Errorf("%w: the counter of %s was not read for %s and may have begun again meanwhile", ErrNotMeasured, c.Name, elapsed.Round(time.Second))
	}
	slack := uint64(counterSlack.Milliseconds()) //nolint:gosec // not negative
	if most := (milliseconds + slack) * c.MostWatts * 1000; used > most {
		return 0, fmt.Errorf("%w: the counter of %s jumped by %d µJ in %s, which is more than %d W", ErrNotMeasured, c.Name, used, elapsed.Round(time.Millisecond), c.MostWatts)
	}
	return used, nil
}

// integral makes a counter of a device that reports its power alone: the mean of two readings, times
// the time between them.
type integral struct {
	now  func() time.Time
	read func() (milliwatts int64, err error)

	known bool
	last  int64
	at    time.Time
	total uint64
}

// longestGap is the longest time between two readings of power for which their mean stands.
const longestGap = 15 * time.Second

// Read returns the energy since the first reading, in microjoules. Calls must not overlap.
func (i *integral) Read() (uint64, error) {
	power, err := i.read()
	if err != nil {
		i.known = false
		return 0, err
	}
	at := i.now()
	gap := at.Sub(i.at)
	usable := i.known && gap <= longestGap
	known := i.known
	if usable && gap > 0 {
		mean := uint64(max(i.last+power, 0)) / 2            //nolint:gosec // not negative
		i.total += mean * uint64(gap.Microseconds()) / 1000 //nolint:gosec // not negative
	}
	i.known, i.last, i.at = true, power, at
	if known && !usable {
		return 0, fmt.Errorf("%w: its power was not read for %s", ErrNotMeasured, gap.Round(time.Second))
	}
	return i.total, nil
}

// Powers measures the power of devices by their counters over a time, in milliwatts and in the order
// of the counters. If ctx ends first, the time is shorter.
func Powers(ctx context.Context, counters []Counter, over time.Duration) []Reading {
	began := time.Now()
	first, errs := make([]uint64, len(counters)), make([]error, len(counters))
	for i, c := range counters {
		first[i], errs[i] = c.Read()
	}
	select {
	case <-ctx.Done():
	case <-time.After(over):
	}
	readings := make([]Reading, len(counters))
	for i, c := range counters {
		last, err := c.Read()
		elapsed := time.Since(began)
		if err = errors.Join(errs[i], err); err == nil {
			last, err = c.between(first[i], last, elapsed)
		}
		readings[i] = readingOf(last/uint64(max(elapsed.Milliseconds(), 1)), err) //nolint:gosec // positive
	}
	return readings
}
