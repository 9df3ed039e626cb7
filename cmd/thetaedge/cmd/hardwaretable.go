package cmd

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/thetaedge/theta/sidecar/device"
)

// hardwareTable prints the devices of a machine for a person.
type hardwareTable struct {
	w *tabwriter.Writer
}

func newHardwareTable(out io.Writer) hardwareTable {
	return hardwareTable{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
}

func (t hardwareTable) flush() error { return t.w.Flush() }

func (t hardwareTable) line(name, text string) { fmt.Fprintf(t.w, "%s\t%s\n", name, text) }

// machine prints the processor and what the machine is fit for.
func (t hardwareTable) machine(r *hardwareReport) {
	memory := "not known"
	if r.Machine.MemoryBytes > 0 {
		memory = gib(r.Machine.MemoryBytes)
	}
	class := r.Class
	if class == "" {
		class = "none of the default classes"
	}
	t.line("system", r.Machine.OS+"/"+r.Machine.Arch)
	t.line("processor", fmt.Sprintf("%s, %d cores", oneLine(r.Machine.CPUModel), r.Machine.Cores))
	t.line("memory", memory)
	t.line("class", class)
	if len(r.Cards) == 0 && len(r.Machine.GPUs) == 0 {
		t.line("card", "none found")
	}
	for _, gpu := range r.Machine.GPUs {
		if !r.reports(gpu) {
			t.line("card", fmt.Sprintf("%s, %s; CUDA and Vulkan alone report it, so that its state is not known", oneLine(gpu.Model), gib(gpu.MemoryBytes)))
		}
	}
}

// reports whether a driver reports the state of a card.
func (r *hardwareReport) reports(gpu device.GPU) bool {
	for _, c := range r.Cards {
		if c.UUID == gpu.UUID || c.Vulkan != "" && c.Vulkan == plainUUID(gpu.UUID) {
			return true
		}
	}
	return false
}

// card prints what is known about a card.
func (t hardwareTable) card(c *device.CardHealth) {
	place := c.UUID
	if c.PCI != "" && !strings.Contains(place, c.PCI) {
		place += " at " + c.PCI
	}
	t.line("card", fmt.Sprintf("%s (%s, %s)", oneLine(c.Model), c.Source, oneLine(place)))
	switch {
	case c.Ailment != nil:
		t.line("  health", "UNHEALTHY: "+oneLine(c.Ailment.Error()))
	default:
		t.line("  health", "nothing speaks against it")
	}
	if c.Driver != "" || c.Capability != "" {
		t.line("  driver", strings.TrimSpace(oneLine(c.Driver+"  CUDA "+c.Capability)))
	}
	s := &c.State
	t.of("  memory", s.MemoryUsed, s.MemoryTotal, "%.1f GiB", 1<<30, "of")
	t.of("  busy", s.Busy, device.Reading{}, "%.0f %%", 1, "")
	t.of("  temperature", s.Temperature, s.Slowdown, "%.0f °C", 1000, "slows down at")
	t.of("  power", s.Power, s.PowerCap, "%.1f W", 1000, "of at most")
	if advice, given := c.PowerAdvice(); given {
		t.line("  advice", oneLine(advice.String()))
	}
	t.of("  energy", s.Energy, device.Reading{}, "%.3f J on its counter", 1000, "")
	t.of("  clock", s.Clock, s.MemoryClock, "%.0f MHz", 1, "memory")
	if _, rpm := s.FanRPM.Value(); rpm {
		t.of("  fan", s.FanRPM, device.Reading{}, "%.0f rpm", 1, "")
	} else {
		t.of("  fan", s.FanPercent, device.Reading{}, "%.0f %%", 1, "")
	}
	t.of("  ECC errors", s.Uncorrected, s.Corrected, "%.0f", 1, "not corrected; corrected")
	if mig, known := s.MIG.Value(); known && mig != 0 {
		t.line("  MIG", "divided into instances; CUDA runs tensor/1 on the first one that the node may use, and Vulkan on none")
	}
	if len(s.Throttle) > 0 {
		t.line("  slowed by", strings.Join(s.Throttle, ", "))
	}
	for _, p := range s.Processes {
		t.line("  process", fmt.Sprintf("%d (%s), memory %s, busy %s", p.PID, p.Kind, shownNumber(p.Memory, "%.1f GiB", 1<<30), shownNumber(p.Busy, "%.0f %%", 1)))
	}
	if s.ProcessesMissing != "" {
		t.line("  processes", "not known: "+oneLine(s.ProcessesMissing))
	}
}

// of prints a number, and the number to compare it with if there is one.
func (t hardwareTable) of(name string, value, other device.Reading, format string, unit float64, word string) {
	text := shownNumber(value, format, unit)
	if _, known := other.Value(); known {
		text += ", " + word + " " + shownNumber(other, format, unit)
		text = strings.NewReplacer(", of ", " of ", ", not corrected; ", " not corrected, ").Replace(text)
	}
	t.line(name, text)
}

// shownNumber returns a number in a unit, or why it is not known.
func shownNumber(r device.Reading, format string, unit float64) string {
	value, known := r.Value()
	if !known {
		return "not measured: " + oneLine(r.Reason())
	}
	return fmt.Sprintf(format, float64(value)/unit)
}

// counter prints an energy counter.
func (t hardwareTable) counter(c *counterReport) {
	if c.Missing != "" {
		t.line("energy", fmt.Sprintf("%s (%s): not measured: %s", oneLine(c.Name), c.Code, oneLine(c.Missing)))
		return
	}
	t.line("energy", fmt.Sprintf("%s (%s): power now %s; idle draw %s", oneLine(c.Name), c.Code,
		shownNumber(c.Power, "%.1f W", 1000), shownNumber(c.Idle, "%.1f W", 1000)))
}
