package jobfile

import (
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
}

// spec returns the placement in the chain's form.
func (p *Placement) spec() computetypes.Placement {
	out := computetypes.Placement{Regions: p.Regions, Denied: p.Denied}
	if !p.MinBond.Amount.IsNil() {
		out.MinBond = p.MinBond.Amount.String()
	}
	return out
}
