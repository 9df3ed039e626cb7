package device

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrNotMeasured: there is no counter, or it cannot be read. It is not zero.
var ErrNotMeasured = errors.New("energy is not measured")

// Energy is what a device used while a task ran. It counts the whole device:
// tasks that run side by side each see the sum.
type Energy struct {
	// Millijoules mean something only if Source is not empty.
	Millijoules uint64
	// Source names what measured: "nvml", "rapl", "nvml+rapl"; empty is not measured.
	Source string
	// Reason says what could not be measured and why; it may accompany a Source.
	Reason string
}

// Measured tells whether Millijoules mean something.
func (e Energy) Measured() bool { return e.Source != "" }

// String is for people.
func (e Energy) String() string {
	if !e.Measured() {
		return "not measured (" + e.Reason + ")"
	}
	return fmt.Sprintf("%d.%03d J (%s)", e.Millijoules/1000, e.Millijoules%1000, e.Source)
}

// Meter measures energy.
type Meter interface {
	// Start begins a measurement, which the caller must stop. It also ends with ctx.
	Start(ctx context.Context) Span
}

// Span is a running measurement.
type Span interface {
	// Stop ends it and returns the energy since Start.
	Stop() Energy
}

// Unmeasured is a meter for a machine that has none; its text is the reason.
type Unmeasured string

// Start measures nothing and says so.
func (u Unmeasured) Start(context.Context) Span { return u }

// Stop returns the reason.
func (u Unmeasured) Stop() Energy { return Energy{Reason: string(u)} }

func unmeasured(source string, err error) Energy {
	return Energy{Reason: source + ": " + err.Error()}
}

// Sum is a meter that adds up several, such as those of processor and graphics.
type Sum []Meter

// Start starts all of them.
func (s Sum) Start(ctx context.Context) Span {
	spans := make(sumSpan, len(s))
	for i, meter := range s {
		spans[i] = meter.Start(ctx)
	}
	return spans
}

type sumSpan []Span

// Stop adds what was measured; Source names only that, Reason the rest.
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

// NewGPUMeter measures the graphics processors with these UUIDs through NVML.
func NewGPUMeter(gpus GPUs, uuids []string) Meter {
	if len(uuids) == 0 {
		return Unmeasured("nvml: no graphics processor in use")
	}
	return &gpuMeter{gpus, uuids}
}

// Start notes the counters.
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

// Stop compares the counters, which start again when the driver is reloaded.
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
