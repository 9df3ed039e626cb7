package types

import (
	"fmt"
	"regexp"
	"strings"

	"cosmossdk.io/math"
)

// Bounds of a placement.
const (
	maxRegions = 8
	maxDenied  = 16
)

var (
	regionPattern   = regexp.MustCompile(`^[a-z]{2}(-[a-z0-9]{1,16})?$`)
	operatorPattern = regexp.MustCompile(`^[a-z]{1,16}1[02-9ac-hj-np-z]{38,58}$`)
	amountPattern   = regexp.MustCompile(`^[1-9][0-9]{0,36}$`)
)

// validate checks which nodes a job asks for.
func (p *Placement) validate() error {
	if n := len(p.Regions); n > maxRegions {
		return ErrInvalidSpec.Wrapf("placement: regions: expected at most %d, found %d", maxRegions, n)
	}
	seen := map[string]bool{}
	for _, r := range p.Regions {
		if !regionPattern.MatchString(r) {
			return ErrInvalidSpec.Wrapf("placement: regions: expected a country as in \"de\", or a part of one as in \"us-west\", found %.64q", r)
		}
		if seen[r] {
			return ErrInvalidSpec.Wrapf("placement: regions: %q is named twice", r)
		}
		seen[r] = true
	}
	if n := len(p.Denied); n > maxDenied {
		return ErrInvalidSpec.Wrapf("placement: denied: expected at most %d operators, found %d", maxDenied, n)
	}
	for _, operator := range p.Denied {
		if err := validateOperator("placement: denied", operator); err != nil {
			return err
		}
		if seen[operator] {
			return ErrInvalidSpec.Wrapf("placement: denied: %s is named twice", operator)
		}
		seen[operator] = true
	}
	if p.MaxGco2PerKwh > maxGramsPerKWh {
		return ErrInvalidSpec.Wrapf("placement: max_gco2_per_kwh: expected 0 to %d, found %d", maxGramsPerKWh, p.MaxGco2PerKwh)
	}
	if p.MinBond != "" && (!amountPattern.MatchString(p.MinBond) || p.LeastBond().GT(maxReward)) {
		return ErrInvalidSpec.Wrapf("placement: min_bond: expected a whole amount of the bond denom from 1 to %s, found %.64q",
			maxReward, p.MinBond)
	}
	return nil
}

// validateOperator checks the form of an address. It must be in lower case, as the chain
// writes it, because addresses are compared as text.
func validateOperator(name, text string) error {
	if !operatorPattern.MatchString(text) {
		return ErrInvalidSpec.Wrapf("%s: expected an operator's address in lower case, found %.100q", name, text)
	}
	return nil
}

// Prefers reports whether a region is among the preferred ones, or part of one: "us" also
// prefers "us-west". Without preferred regions, it reports true for every region.
func (p *Placement) Prefers(region string) bool {
	for _, r := range p.Regions {
		if region == r || strings.HasPrefix(region, r+"-") {
			return true
		}
	}
	return len(p.Regions) == 0
}

// Narrows reports whether the placement excludes nodes of the class from the draw.
func (p *Placement) Narrows() bool {
	return len(p.Regions) > 0 || len(p.Denied) > 0 || p.MinBond != "" || p.MaxGco2PerKwh > 0
}

// CleanEnough reports whether the carbon factor of a node's declared region is low enough, and says
// what was asked and found.
func (p *Placement) CleanEnough(region string, factor CarbonFactor, known bool) (bool, string) {
	asks := fmt.Sprintf("at most %d g CO2e/kWh in the declared region", p.MaxGco2PerKwh)
	if !known {
		return false, fmt.Sprintf("%s: governance has set no carbon factor of %s", asks, region)
	}
	return factor.GramsPerKwh <= p.MaxGco2PerKwh, fmt.Sprintf("%s: the node declares %s, %d in %d (%s)", asks, region, factor.GramsPerKwh, factor.Year, factor.Source)
}

// LeastBond returns the smallest bond of a node that may be drawn, in units of the bond
// denom, or 0 if the placement does not set one. The placement must be valid.
func (p *Placement) LeastBond() math.Int {
	if bond, ok := math.NewIntFromString(p.MinBond); ok {
		return bond
	}
	return math.ZeroInt()
}
