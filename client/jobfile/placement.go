package jobfile

import (
	"math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Placement says which nodes a job asks for.
type Placement struct {
	// Regions are the preferred regions, such as "de" or "us-west".
	Regions []string `yaml:"regions"`
	// Denied are operators that must not take part.
	Denied []string `yaml:"denied"`
	// MinBond is the lowest bond of a node.
	MinBond Bond `yaml:"min_bond"`
	// MaxGCO2 is the highest carbon factor of the region that a node declares, in grams of CO2
	// equivalents per kilowatt-hour; 0 if there is no limit.
	MaxGCO2 Count `yaml:"max_gco2_per_kwh"`
}

// spec returns the placement in the chain's form.
func (p *Placement) spec() computetypes.Placement {
	out := computetypes.Placement{Regions: p.Regions, Denied: p.Denied}
	// A number that does not fit is too large for the chain, too.
	out.MaxGco2PerKwh = uint32(min(uint64(p.MaxGCO2), math.MaxUint32)) //nolint:gosec // bounded
	if !p.MinBond.Amount.IsNil() {
		out.MinBond = p.MinBond.Amount.String()
	}
	return out
}
