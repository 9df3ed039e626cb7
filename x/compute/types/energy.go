package types

import (
	stdmath "math"
	"math/bits"
	"strings"

	"cosmossdk.io/math"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	// EnergyEpochs is the number of epochs for which sums of energy are kept: a year if an epoch
	// lasts an hour.
	EnergyEpochs = 8_760
	// maxCarbonFactors bounds the table of carbon factors.
	maxCarbonFactors = 256
	// maxGramsPerKWh is more than the worst power stations emit.
	maxGramsPerKWh = 5_000
	// maxSourceBytes bounds the name of a publisher.
	maxSourceBytes = 64
	// mostWatts is the highest power that is believed of one execution: more than a server with
	// eight large graphics cards draws. A watt is a millijoule per millisecond.
	mostWatts = 20_000
	// mostBlockMillis is the longest time that a block is believed to take, on average, in a
	// claim of wall time.
	mostBlockMillis = 10_000
)

// EnergyClaim returns what a node claims about its execution. blocks is the number of blocks from
// the posting of the job to its end. A claim of more wall time than these blocks can have taken
// counts as none, and one of more energy than a machine can draw counts as not measured: claims
// are not part of the vote.
func (m *Metrics) EnergyClaim(blocks uint64) (EnergySum, bool) {
	if high, most := bits.Mul64(blocks, mostBlockMillis); m.WallMs == 0 || high == 0 && m.WallMs > most {
		return EnergySum{}, false
	}
	claim := EnergySum{Executions: 1, DeviceMs: m.WallMs}
	if high, most := bits.Mul64(m.WallMs, mostWatts); m.EnergySource != "" && (high > 0 || m.EnergyMj <= most) {
		claim.MeasuredMs, claim.EnergyMj = m.WallMs, m.EnergyMj
	}
	return claim, true
}

// Add adds the claims of another sum. A count that would overflow stays at the highest number.
func (s *EnergySum) Add(other EnergySum) {
	s.Executions = saturated(s.Executions, other.Executions)
	s.DeviceMs = saturated(s.DeviceMs, other.DeviceMs)
	s.MeasuredMs = saturated(s.MeasuredMs, other.MeasuredMs)
	s.EnergyMj = saturated(s.EnergyMj, other.EnergyMj)
}

func saturated(a, b uint64) uint64 {
	if sum, carry := bits.Add64(a, b, 0); carry == 0 {
		return sum
	}
	return stdmath.MaxUint64
}

// MeasuredBps returns the part of the wall time in which energy was measured, in basis points,
// rounded down.
func (s *EnergySum) MeasuredBps() uint32 {
	if s.DeviceMs == 0 {
		return 0
	}
	part := math.NewIntFromUint64(min(s.MeasuredMs, s.DeviceMs)).MulRaw(BasisPoints)
	return uint32(part.Quo(math.NewIntFromUint64(s.DeviceMs)).Uint64()) //nolint:gosec // at most BasisPoints
}

// Milligrams returns the greenhouse gas of the energy, in milligrams of CO2 equivalents, rounded
// up.
func (f *CarbonFactor) Milligrams(millijoules uint64) math.Int {
	// A kilowatt-hour is 3.6 million joules.
	const perKWh = 3_600_000_000
	mass := math.NewIntFromUint64(millijoules).Mul(math.NewIntFromUint64(uint64(f.GramsPerKwh) * 1_000))
	return mass.AddRaw(perKWh - 1).QuoRaw(perKWh)
}

// Country returns the country of a region: "us" for "us-west".
func Country(region string) string {
	country, _, _ := strings.Cut(region, "-")
	return country
}

// ValidateCarbonFactors checks a table of carbon factors. It returns ErrInvalidCarbon.
func ValidateCarbonFactors(factors []CarbonFactor) error {
	bad := ErrInvalidCarbon
	if n := len(factors); n > maxCarbonFactors {
		return bad.Wrapf("expected at most %d regions, found %d", maxCarbonFactors, n)
	}
	seen := map[string]bool{}
	for _, f := range factors {
		if err := edgenodetypes.CheckRegion(f.Region); err != nil {
			return bad.Wrap(err.Error())
		}
		if err := edgenodetypes.CheckText("source", f.Source, maxSourceBytes); err != nil {
			return bad.Wrapf("%s: %s", f.Region, err)
		}
		switch {
		case seen[f.Region]:
			return bad.Wrapf("%s is named twice", f.Region)
		case f.GramsPerKwh > maxGramsPerKWh:
			return bad.Wrapf("%s: grams_per_kwh: expected 0 to %d, found %d", f.Region, maxGramsPerKWh, f.GramsPerKwh)
		case f.Year < 1990 || f.Year > 2200:
			return bad.Wrapf("%s: year: expected 1990 to 2200, found %d", f.Region, f.Year)
		case f.Source == "":
			return bad.Wrapf("%s: source: expected who has published the figure, found nothing", f.Region)
		}
		seen[f.Region] = true
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
	for _, s := range g.Energy {
		at := key{s.Class, s.Region, s.Epoch}
		if s.Class == "" || seen[at] || s.Executions == 0 || s.MeasuredMs > s.DeviceMs {
			return ErrInvalidGenesis.Wrapf("energy of class %q in epoch %d and region %q: expected one entry with executions, of which at most the whole time was measured", s.Class, s.Epoch, s.Region)
		}
		seen[at] = true
	}
	return nil
}
