package jobfile

import (
	"fmt"

	"github.com/thetaedge/theta/client/money"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Placement says which nodes a job asks for.
type Placement struct {
	// Regions are the preferred regions, such as "de" or "us-west".
	Regions []string `yaml:"regions"`
	// Denied are operators that must not take part.
	Denied []string `yaml:"denied"`
	// MinBond is the lowest bond of a node, such as "100tfuel".
	MinBond string `yaml:"min_bond"`
}

func (p *Placement) spec() (computetypes.Placement, error) {
	out := computetypes.Placement{Regions: p.Regions, Denied: p.Denied}
	if p.MinBond == "" {
		return out, nil
	}
	bond, err := money.ParseAmount(p.MinBond)
	if err != nil {
		return out, fmt.Errorf("placement: min_bond: %w", err)
	}
	out.MinBond = bond.Amount.String()
	return out, nil
}
