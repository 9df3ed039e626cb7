package round

import (
	"errors"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// miss takes the chunk from a node at its commit deadline. The node pays the fee whatever the
// reason. Whether the deadline counts towards jail is known when the round is over.
func (t *Chunk) miss(a types.Assignment) error {
	addr, err := t.operator(a.Operator)
	if err != nil {
		return err
	}
	burned, err := t.deps.Nodes.Penalize(t.ctx, edgenodetypes.PenaltyRequest{
		Operator: addr, Liability: a.Locked, Amount: t.params.MissedFault(t.job.Value(t.seats())),
		Reason: edgenodetypes.ReasonMissedDeadline, JobID: t.job.Id, Task: t.record.Index,
	})
	if err != nil {
		return err
	}
	if err := a.MoveTo(types.ASSIGNMENT_STATUS_MISSED); err != nil {
		return err
	}
	outcome := newOutcome(part{Assignment: &a, round: t.index()})
	outcome.Slashed = burned
	t.record.Departed = append(t.record.Departed, outcome)
	t.chargeSeat()
	round := t.current()
	round.Missed = append(round.Missed, types.MissedDeadline{Operator: a.Operator, Height: a.CommitDeadline, Tasks: t.seats()})
	return nil
}

// classifyMissed classifies the missed deadlines of the current round, among them the yields that
// are not excused, once no node can
// commit to it any more. They are either faults, which count towards jail, or signs of a chunk
// that no node can finish; then the reserve pays for them when the chunk ends. Nodes that idle
// together thereby avoid jail, and gain nothing else: each has paid the fee.
func (t *Chunk) classifyMissed() error {
	round := t.current()
	missed := round.Missed
	round.Missed = nil
	if !types.MissesCount(round.Committed, uint32(len(missed))) {
		for _, m := range missed {
			t.record.Unfinished += m.Tasks
		}
		return nil
	}
	for _, m := range missed {
		addr, err := t.operator(m.Operator)
		if err != nil {
			return err
		}
		err = t.deps.Nodes.CountMissed(t.ctx, addr, m.Height)
		if err != nil && !errors.Is(err, edgenodetypes.ErrNodeNotFound) { // the node may be gone
			return err
		}
	}
	return nil
}

// burnUnfinished burns an attempt fee for each seat that was missed in a round which fewer
// nodes finished than missed. It deducts the cost of the draws, and burns at most what the
// reserve has left after payments. A chunk that holds up nodes thus costs its author as much
// as their attempts would have cost.
func (t *Chunk) burnUnfinished(spent math.Int) error {
	fees := t.params.AttemptFee(t.job.Reward.Amount).Mul(math.NewIntFromUint64(t.record.Unfinished)).Sub(spent)
	return t.burnFromEscrow(math.MinInt(fees, t.Left()))
}

// outruns reports whether the chunk has been missed so often that its reserve would not cover
// another draw if that were missed too.
func (t *Chunk) outruns() bool {
	round := t.current()
	return t.drawsReplicas() && !t.params.Covers(&t.job, t.count(), len(round.Missed)+int(round.Target))
}
