package round

import (
	"errors"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// noteEnergy notes what the nodes of a chunk that has ended claim about their executions, by the
// region that their operators declare. The claims are added up at the end of the block, so that
// settlements do not share a sum.
func (t *Chunk) noteEnergy(outcomes []types.Outcome) error {
	blocks := uint64(max(0, t.height()-t.job.PostedHeight)) + 1 //nolint:gosec // not negative
	for i := range outcomes {
		claim, claimed := outcomes[i].Metrics.EnergyClaim(blocks)
		if !claimed {
			continue
		}
		operator, err := t.operator(outcomes[i].Operator)
		if err != nil {
			return err
		}
		node, err := t.deps.Nodes.Node(t.ctx, operator)
		if err != nil && !errors.Is(err, edgenodetypes.ErrNodeNotFound) { // the node may be gone
			return err
		}
		claim.Region = node.Profile.Region
		t.note.Energy = append(t.note.Energy, claim)
	}
	return nil
}
