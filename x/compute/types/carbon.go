package types

import (
	"slices"
	"strings"

	"cosmossdk.io/math"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	// maxCarbonFactors bounds the table of carbon factors.
	maxCarbonFactors = 256
	// maxGramsPerKWh is more than the worst power stations emit.
	maxGramsPerKWh = 5_000
	// maxSourceBytes bounds the name of a publisher.
	maxSourceBytes = 64
	// minFactorYear and maxFactorYear bound the year of a carbon factor.
	minFactorYear, maxFactorYear = 1990, 2200
)

// Milligrams returns the greenhouse gas of an energy, in milligrams of CO2 equivalents, rounded
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

// FactorOf returns the carbon factor of a region, or of its country, in a table that is ordered by
// region, and whether there is one.
func FactorOf(table []CarbonFactor, region string) (CarbonFactor, bool) {
	for _, name := range []string{region, Country(region)} {
		at, found := slices.BinarySearchFunc(table, name, func(f CarbonFactor, name string) int { return strings.Compare(f.Region, name) })
		if found {
			return table[at], true
		}
	}
	return CarbonFactor{}, false
}

// checkEnergyRegion checks the region of a sum: it is empty for nodes that were gone.
func checkEnergyRegion(region string) error {
	if region == "" {
		return nil
	}
	return edgenodetypes.CheckRegion(region)
}

// ValidateCarbonFactors checks a table of carbon factors. It returns ErrInvalidCarbon.
func ValidateCarbonFactors(factors []CarbonFactor) error {
	if n := len(factors); n > maxCarbonFactors {
		return ErrInvalidCarbon.Wrapf("expected at most %d regions, found %d", maxCarbonFactors, n)
	}
	seen := map[string]bool{}
	for i := range factors {
		f := &factors[i]
		if err := f.validate(); err != nil {
			return err
		}
		if seen[f.Region] {
			return ErrInvalidCarbon.Wrapf("expected each region once, found %s twice", f.Region)
		}
		seen[f.Region] = true
	}
	return nil
}

func (f *CarbonFactor) validate() error {
	if err := edgenodetypes.CheckRegion(f.Region); err != nil {
		return ErrInvalidCarbon.Wrap(err.Error())
	}
	if err := edgenodetypes.CheckText("source", f.Source, maxSourceBytes); err != nil {
		return ErrInvalidCarbon.Wrapf("%s: %s", f.Region, err)
	}
	switch {
	case f.GramsPerKwh > maxGramsPerKWh:
		return ErrInvalidCarbon.Wrapf("%s: grams_per_kwh: expected 0 to %d, found %d", f.Region, maxGramsPerKWh, f.GramsPerKwh)
	case f.Year < minFactorYear || f.Year > maxFactorYear:
		return ErrInvalidCarbon.Wrapf("%s: year: expected %d to %d, found %d", f.Region, minFactorYear, maxFactorYear, f.Year)
	case strings.TrimSpace(f.Source) == "":
		return ErrInvalidCarbon.Wrapf("%s: source: expected who has published the figure, found nothing", f.Region)
	}
	return nil
}
