package devnet

import (
	"context"
	"fmt"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	tallytypes "github.com/thetaedge/theta/x/tally/types"
)

// Holds is the report of an invariant that holds.
const Holds = "ok"

// Invariants checks the chain's money. For each rule, it returns Holds or a description of
// the violation.
func (d *Devnet) Invariants(ctx context.Context) (map[string]string, error) {
	found := make(map[string]string)
	note := func(module, name string, ok bool, detail string) {
		if ok {
			detail = Holds
		}
		found[module+"/"+name] = detail
	}
	compute, err := computetypes.NewQueryClient(d.conn).Invariants(ctx, &computetypes.QueryInvariantsRequest{})
	if err != nil {
		return nil, fmt.Errorf("invariants of x/compute: %w", err)
	}
	for _, invariant := range compute.Invariants {
		note("compute", invariant.Name, invariant.Ok, invariant.Detail)
	}
	nodes, err := edgenodetypes.NewQueryClient(d.conn).Invariants(ctx, &edgenodetypes.QueryInvariantsRequest{})
	if err != nil {
		return nil, fmt.Errorf("invariants of x/edgenode: %w", err)
	}
	for _, invariant := range nodes.Results {
		note("edgenode", invariant.Name, invariant.Ok, invariant.Detail)
	}
	votes, err := tallytypes.NewQueryClient(d.conn).Invariants(ctx, &tallytypes.QueryInvariantsRequest{})
	if err != nil {
		return nil, fmt.Errorf("invariants of x/tally: %w", err)
	}
	for _, invariant := range votes.Results {
		note("tally", invariant.Name, invariant.Ok, invariant.Detail)
	}
	if len(compute.Invariants) == 0 || len(nodes.Results) == 0 || len(votes.Results) == 0 {
		return nil, fmt.Errorf("expected invariants of x/compute, x/edgenode and x/tally, found %d, %d and %d",
			len(compute.Invariants), len(nodes.Results), len(votes.Results))
	}
	return found, nil
}
