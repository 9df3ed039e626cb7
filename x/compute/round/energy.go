package round

import "github.com/thetaedge/theta/x/compute/types"

// noteEnergy notes what the nodes of a chunk that has ended claim about their executions. The
// claims are added up at the end of the block, so that settlements do not share a sum. A node that
// has not revealed a result claims nothing.
func (t *Chunk) noteEnergy(ballots []ballot) {
	blocks := uint64(max(0, t.height()-t.job.PostedHeight)) + 1
	for i := range ballots {
		outcome := &ballots[i].outcome
		if len(outcome.Tag) == 0 {
			continue
		}
		t.note.Energy = append(t.note.Energy, types.EnergyClaim{
			Operator: outcome.Operator, Part: outcome.Metrics.EnergyClaim(t.executes(ballots[i].a), blocks),
		})
	}
}
