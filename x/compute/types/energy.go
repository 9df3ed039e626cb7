package types

import (
	"cmp"
	stdmath "math"
	"math/bits"
	"slices"
	"strings"

	"cosmossdk.io/math"
)

const (
	// EnergyEpochs is the number of epochs for which sums of energy are kept: a year if an epoch
	// lasts an hour.
	EnergyEpochs = 8_760
	// mostWatts is the highest power that is believed of one execution: more than a server with
	// eight large graphics cards draws. A watt is a millijoule per millisecond.
	mostWatts = 20_000
	// mostBlockMillis is the longest time that a block is believed to take, on average, in a
	// claim of wall time.
	mostBlockMillis = 10_000
)

// EnergyClaim returns what a node claims about an execution of a number of tasks. blocks is the
// number of blocks from the posting of the job to its end. A claim of more wall time than these
// blocks can have taken, or of more power than a machine can draw, counts as an execution without
// time and energy: claims are not part of the vote, and a node must not lose its pay or its stake
// by a broken meter.
func (m *Metrics) EnergyClaim(tasks, blocks uint64) EnergyPart {
	part := EnergyPart{Meter: meterOf(m.EnergySource), Executions: 1, Tasks: tasks}
	energy := m.EnergyMj
	if part.Meter == ENERGY_METER_UNSPECIFIED {
		energy = 0
	}
	if m.WallMs > product(blocks, mostBlockMillis) || energy > mostEnergy(m.WallMs, 1) {
		part.Meter = ENERGY_METER_IMPLAUSIBLE
		return part
	}
	part.DeviceMs, part.EnergyMj = m.WallMs, energy
	return part
}

// mostEnergy returns the highest energy in millijoules that is believed of executions, whose wall
// times in milliseconds have been rounded down.
func mostEnergy(wallMs, executions uint64) uint64 {
	return product(saturated(wallMs, executions), mostWatts)
}

// product returns a*b, or the highest number if there is no such number.
func product(a, b uint64) uint64 {
	if high, low := bits.Mul64(a, b); high == 0 {
		return low
	}
	return stdmath.MaxUint64
}

// meterOf returns the way of measurement that the source of a claim names: the codes of counters,
// joined with "+", and notes of the meter after "/" or "~".
func meterOf(source string) EnergyMeter {
	if source == "" {
		return ENERGY_METER_UNSPECIFIED
	}
	if end := strings.IndexAny(source, "/~"); end >= 0 {
		source = source[:end]
	}
	cpu, gpu := false, false
	for _, code := range strings.Split(source, "+") {
		switch code {
		case "rapl":
			cpu = true
		case "nvml", "amdgpu", "amdpow", "i915", "xe":
			gpu = true
		default:
			return ENERGY_METER_OTHER
		}
	}
	switch {
	case cpu && gpu:
		return ENERGY_METER_CPU_AND_GPU
	case cpu:
		return ENERGY_METER_CPU
	default:
		return ENERGY_METER_GPU
	}
}

// Measured reports whether the executions of the part have a measured energy.
func (p *EnergyPart) Measured() bool {
	return p.Meter != ENERGY_METER_UNSPECIFIED && p.Meter != ENERGY_METER_IMPLAUSIBLE
}

// add adds the counts of another part. A count that would overflow stays at the highest number.
func (p *EnergyPart) add(other EnergyPart) {
	p.Executions = saturated(p.Executions, other.Executions)
	p.Tasks = saturated(p.Tasks, other.Tasks)
	p.DeviceMs = saturated(p.DeviceMs, other.DeviceMs)
	p.EnergyMj = saturated(p.EnergyMj, other.EnergyMj)
}

func saturated(a, b uint64) uint64 {
	if sum, carry := bits.Add64(a, b, 0); carry == 0 {
		return sum
	}
	return stdmath.MaxUint64
}

// Add adds claims that were measured in one way.
func (s *EnergySum) Add(part EnergyPart) {
	at, found := slices.BinarySearchFunc(s.Parts, part.Meter, func(p EnergyPart, m EnergyMeter) int { return cmp.Compare(p.Meter, m) })
	if found {
		s.Parts[at].add(part)
		return
	}
	s.Parts = slices.Insert(s.Parts, at, part)
}

// Total returns the counts of all ways of measurement together.
func (s *EnergySum) Total() EnergyPart {
	var total EnergyPart
	for _, p := range s.Parts {
		total.add(p)
	}
	return total
}

// MeasuredBps returns the part of the wall time in which energy was measured, in basis points,
// rounded down.
func (s *EnergySum) MeasuredBps() uint32 {
	measured, all := math.ZeroInt(), math.ZeroInt()
	for i := range s.Parts {
		time := math.NewIntFromUint64(s.Parts[i].DeviceMs)
		if all = all.Add(time); s.Parts[i].Measured() {
			measured = measured.Add(time)
		}
	}
	if all.IsZero() {
		return 0
	}
	return uint32(measured.MulRaw(BasisPoints).Quo(all).Uint64())
}

// validate checks that a sum can have come about. It returns ErrInvalidGenesis.
func (s *EnergySum) validate() error {
	bad := func(format string, args ...any) error {
		return ErrInvalidGenesis.Wrapf("energy of class %q in epoch %d and region %q: "+format, append([]any{s.Class, s.Epoch, s.Region}, args...)...)
	}
	if s.Class == "" || len(s.Parts) == 0 {
		return bad("expected a class and at least one part")
	}
	if err := checkEnergyRegion(s.Region); err != nil {
		return bad("%s", err)
	}
	for i := range s.Parts {
		p := &s.Parts[i]
		_, known := EnergyMeter_name[int32(p.Meter)]
		switch {
		case !known:
			return bad("expected a known meter, found %d", p.Meter)
		case i > 0 && s.Parts[i-1].Meter >= p.Meter:
			return bad("expected one part for each meter, ordered by meter")
		case p.Executions == 0 || p.Tasks < p.Executions:
			return bad("expected executions, and at least as many tasks, found %d and %d", p.Executions, p.Tasks)
		case p.Meter == ENERGY_METER_IMPLAUSIBLE && p.DeviceMs > 0:
			return bad("expected no wall time of claims that are not believed, found %d ms", p.DeviceMs)
		case !p.Measured() && p.EnergyMj > 0:
			return bad("expected no energy of what was not measured, found %d mJ", p.EnergyMj)
		case p.EnergyMj > mostEnergy(p.DeviceMs, p.Executions):
			return bad("expected at most %d W, found %d mJ in %d ms", mostWatts, p.EnergyMj, p.DeviceMs)
		}
	}
	return nil
}

// validateEnergy checks imported sums of energy and carbon factors.
func (g *GenesisState) validateEnergy() error {
	if err := ValidateCarbonFactors(g.CarbonFactors); err != nil {
		return ErrInvalidGenesis.Wrap(err.Error())
	}
	type key struct {
		class, region string
		epoch         uint64
	}
	seen := map[key]bool{}
	for i := range g.Energy {
		s := &g.Energy[i]
		if err := s.validate(); err != nil {
			return err
		}
		at := key{s.Class, s.Region, s.Epoch}
		if seen[at] {
			return ErrInvalidGenesis.Wrapf("energy of class %q in epoch %d and region %q: expected one sum, found two", s.Class, s.Epoch, s.Region)
		}
		seen[at] = true
	}
	return nil
}
