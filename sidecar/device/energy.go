package device

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrNotMeasured means that the machine does not have an energy counter, or that the counter
// cannot be read. It does not mean that the energy is zero.
var ErrNotMeasured = errors.New("energy is not measured")

// Energy is the energy that a device used while a task ran. It counts the whole device: each
// of several tasks that run at the same time reports the sum of all of them.
type Energy struct {
	// Millijoules is meaningful only if Source is not empty.
	Millijoules uint64
	// Source names the meters: "nvml", "rapl" or "nvml+rapl". If it is empty, nothing was
	// measured.
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
	// Start begins a measurement. The caller must stop it; it also ends when ctx ends.
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

func unmeasured(source string, err error) Energy {
	return Energy{Reason: source + ": " + err.Error()}
}

// Sum is a meter that adds up several meters, such as those of the processor and of the
// graphics processors.
type Sum []Meter

// Start starts all the meters.
func (s Sum) Start(ctx context.Context) Span {
	spans := make(sumSpan, len(s))
	for i, meter := range s {
		spans[i] = meter.Start(ctx)
	}
	return spans
}

type sumSpan []Span

// Stop adds up what was measured. Source names the meters that have measured, and Reason
// explains why the others have not.
func (s sumSpan) Stop() Energy {
	var total Energy
	var sources, reasons []string
	for _, span := range s {
		e := span.Stop()
		if e.Measured() {
			total.Millijoules += e.Millijoules
			sources = append(sources, e.Source)
		}
		if e.Reason != "" {
			reasons = append(reasons, e.Reason)
		}
	}
	total.Source = strings.Join(sources, "+")
	total.Reason = strings.Join(reasons, "; ")
	if len(s) == 0 {
		total.Reason = "no meter on this machine"
	}
	return total
}

// gpuMeter reads the energy counters of graphics processors.
type gpuMeter struct {
	gpus  GPUs
	uuids []string
}

// NewGPUMeter returns a meter that reads the graphics processors with these UUIDs through
// NVML.
func NewGPUMeter(gpus GPUs, uuids []string) Meter {
	if len(uuids) == 0 {
		return Unmeasured("nvml: no graphics processor in use")
	}
	return &gpuMeter{gpus, uuids}
}

// Start reads the counters.
func (m *gpuMeter) Start(context.Context) Span {
	before := make([]uint64, len(m.uuids))
	for i, uuid := range m.uuids {
		now, err := m.gpus.Energy(uuid)
		if err != nil {
			return Unmeasured("nvml: " + err.Error())
		}
		before[i] = now
	}
	return &gpuSpan{m, before}
}

type gpuSpan struct {
	meter  *gpuMeter
	before []uint64
}

// Stop compares the counters with those at the start. The counters begin at 0 again when the
// driver is reloaded.
func (s *gpuSpan) Stop() Energy {
	e := Energy{Source: "nvml"}
	for i, uuid := range s.meter.uuids {
		now, err := s.meter.gpus.Energy(uuid)
		if err != nil {
			return unmeasured("nvml", err)
		}
		if now < s.before[i] {
			return unmeasured("nvml", fmt.Errorf("%w: the counter of %s fell from %d to %d mJ; the driver was reloaded", ErrNotMeasured, uuid, s.before[i], now))
		}
		e.Millijoules += now - s.before[i]
	}
	return e
}
