package device

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNotMeasured means that the machine does not have an energy counter, or that the counter
// cannot be read. It does not mean that the energy is zero.
var ErrNotMeasured = errors.New("energy is not measured")

// Energy is the energy that a program used while it ran: what the devices used beyond their idle
// draw, divided equally in each moment among the programs of this node that ran on them.
type Energy struct {
	// Millijoules is meaningful only if Source is not empty.
	Millijoules uint64
	// Source says in at most 16 characters what measured, as Code writes it. If it is empty,
	// nothing was measured.
	Source string
	// Reason says what could not be measured and why. It can be set in addition to Source.
	Reason string
}

// Measured reports whether Millijoules is meaningful.
func (e Energy) Measured() bool { return e.Source != "" }

// String returns a text for people.
func (e Energy) String() string {
	if !e.Measured() {
		return "not measured (" + e.Reason + ")"
	}
	return fmt.Sprintf("%d.%03d J (%s)", e.Millijoules/1000, e.Millijoules%1000, e.Source)
}

// Meter measures energy.
type Meter interface {
	// Start begins a measurement, which the caller must stop.
	Start(ctx context.Context) Span
}

// Span is a running measurement.
type Span interface {
	// Stop ends the measurement and returns the energy that was used since Start.
	Stop() Energy
}

// Unmeasured is a meter for a machine whose energy cannot be measured. Its text is the reason.
type Unmeasured string

// Start does not measure anything; the span returns the reason.
func (u Unmeasured) Start(context.Context) Span { return u }

// Stop returns the reason.
func (u Unmeasured) Stop() Energy { return Energy{Reason: string(u)} }

// maxShown is the largest number of programs that a source names.
const maxShown = 99

// Code writes the source of an energy in at most 16 characters: the codes of the counters, joined
// with "+"; "/N" if up to N programs of this node shared a device at once (99 means 99 or more); and
// "~" if the idle draw of a device is part of the energy, because it has not been measured yet.
func Code(codes []string, sharers int, idleIncluded bool) string {
	sorted := slices.Compact(slices.Sorted(slices.Values(codes)))
	text := strings.Join(sorted, "+")
	if sharers > 1 {
		text += fmt.Sprintf("/%d", min(sharers, maxShown))
	}
	if idleIncluded {
		text += "~"
	}
	return text
}
