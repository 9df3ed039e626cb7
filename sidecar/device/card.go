package device

// Card is a graphics processor with all that its driver reports about it now.
type Card struct {
	GPU

	// Vendor is "nvidia", "amd", "intel" or, if that is not known, the number of the vendor.
	Vendor string `json:"vendor"`
	// Source is the interface that reports the card: "nvml", "amdgpu", "i915", "xe" or "vulkan". It is
	// also the code of its energy counter in results.
	Source string `json:"source"`
	// Kind is "discrete" or "integrated". It is empty if that is not known.
	Kind string `json:"kind,omitempty"`
	// PCI is the place on the bus, such as 0000:01:00.0. It can be empty.
	PCI string `json:"pci,omitempty"`
	// Vulkan is the UUID under which Vulkan knows the card, in hexadecimal digits. It is empty if it
	// cannot be told.
	Vulkan string `json:"vulkan_uuid,omitempty"`
	// State is what the driver reports now.
	State State `json:"state"`
}

// State is what a driver reports about a card at one moment.
type State struct {
	MemoryTotal Reading `json:"memory_total_bytes"`
	MemoryUsed  Reading `json:"memory_used_bytes"`
	// Busy is the share of the last moments in which the card computed, in percent.
	Busy        Reading `json:"busy_percent"`
	Temperature Reading `json:"temperature_millicelsius"`
	// Slowdown is the temperature at which the hardware slows itself down.
	Slowdown Reading `json:"slowdown_millicelsius"`
	Power    Reading `json:"power_milliwatts"`
	PowerCap Reading `json:"power_cap_milliwatts"`
	// PowerLimits are the limits to which PowerCap can be set.
	PowerLimits PowerLimits `json:"power_limits"`
	// Energy counts from a time that the driver chooses, such as its start.
	Energy      Reading `json:"energy_millijoules"`
	Clock       Reading `json:"clock_mhz"`
	MemoryClock Reading `json:"memory_clock_mhz"`
	FanPercent  Reading `json:"fan_percent"`
	FanRPM      Reading `json:"fan_rpm"`
	// Corrected and Uncorrected count errors of the memory since the driver was loaded.
	Corrected   Reading `json:"ecc_corrected"`
	Uncorrected Reading `json:"ecc_uncorrected"`
	// MIG is 1 if the card is divided into instances (NVIDIA), and 0 if not.
	MIG Reading `json:"mig"`
	// Throttle contains the reasons why the clock is lower than it could be. It is empty if there is
	// none, or if the driver does not say.
	Throttle []string `json:"throttle"`
	// Processes use the memory of the card. ProcessesMissing says why they are not known.
	Processes        []Process `json:"processes"`
	ProcessesMissing string    `json:"processes_missing,omitempty"`
	// Lost says that the card no longer answers, with the words of the driver. It is empty if the
	// card answers.
	Lost string `json:"lost,omitempty"`
}

// Process is a process that uses a card.
type Process struct {
	PID int `json:"pid"`
	// Kind is "compute" or "graphics".
	Kind   string  `json:"kind"`
	Memory Reading `json:"memory_bytes"`
	// Busy is the share of the card that the process used lately, in percent.
	Busy Reading `json:"busy_percent"`
}

// NoState returns a state without any number.
func NoState(reason string) State {
	r := NotMeasured(reason)
	return State{
		MemoryTotal: r, MemoryUsed: r, Busy: r, Temperature: r, Slowdown: r, Power: r, PowerCap: r, Energy: r,
		PowerLimits: noLimits(reason),
		Clock:       r, MemoryClock: r, FanPercent: r, FanRPM: r, Corrected: r, Uncorrected: r, MIG: r,
		Throttle: []string{}, Processes: []Process{}, ProcessesMissing: reason,
	}
}

// lostState returns the state of a card that does not answer.
func lostState(words string) State {
	s := NoState("the card does not answer: " + words)
	s.Lost = words
	return s
}

// Bounds of what can be true of a card. A value beyond them is not a measurement.
const (
	coldest, hottest  = -100_000, 250_000 // millidegrees Celsius
	mostMilliwatts    = 10_000_000
	mostMHz           = 100_000
	mostRPM           = 100_000
	mostPercent       = 100
	mostMemory        = 1 << 50
	mostMilliwattsCap = 10_000_000
)

// plausible replaces each reading that cannot be true by the reason.
func (s State) plausible() State {
	s.MemoryTotal, s.MemoryUsed = s.MemoryTotal.within(0, mostMemory), s.MemoryUsed.within(0, mostMemory)
	s.Busy, s.FanPercent = s.Busy.within(0, mostPercent), s.FanPercent.within(0, mostPercent)
	s.Temperature, s.Slowdown = s.Temperature.within(coldest, hottest), s.Slowdown.within(1, hottest)
	s.Power, s.PowerCap = s.Power.within(0, mostMilliwatts), s.PowerCap.within(0, mostMilliwattsCap)
	s.PowerLimits = s.PowerLimits.plausible()
	s.Clock, s.MemoryClock, s.FanRPM = s.Clock.within(0, mostMHz), s.MemoryClock.within(0, mostMHz), s.FanRPM.within(0, mostRPM)
	s.Corrected, s.Uncorrected = s.Corrected.within(0, 1<<62), s.Uncorrected.within(0, 1<<62)
	s.Energy = s.Energy.within(0, 1<<62)
	return s
}
