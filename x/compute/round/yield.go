package round

import (
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Yield takes the chunk from a node whose owner needs the machine, at any time before it has
// committed and up to its deadline. The node pays what a missed deadline costs, and its seat is
// empty from now on instead of from the deadline on. The node has taken part, so that it cannot
// claim a seat of the task again.
//
// If the yield is excused, it is on neither side of the comparison that decides about missed
// deadlines, as a release is. Otherwise it is one of the missed deadlines of the round.
func (t *Chunk) Yield(operator sdk.AccAddress, ref types.ChunkRef) error {
	a, err := t.held(operator, ref)
	if err != nil {
		return err
	}
	switch a.Status {
	case types.ASSIGNMENT_STATUS_ASSIGNED:
	case types.ASSIGNMENT_STATUS_CANDIDATE:
		return types.ErrNotAssigned.Wrapf("the draw closes at height %d; a candidate has nothing to yield", t.current().Draw.CloseHeight)
	default:
		return types.ErrAlreadyCommitted.Wrapf("only an assigned task can be yielded, this one is %s; reveal the result", a.Status)
	}
	ended, err := t.deps.Nodes.Yield(t.ctx, edgenodetypes.YieldRequest{
		Operator: operator, Liability: a.Locked, Fee: t.params.MissedFault(t.job.Value(t.seats())),
		Excusable: t.excusable(), JobID: t.job.Id, Task: t.record.Index,
	})
	if err != nil {
		return err
	}
	if err := a.MoveTo(types.ASSIGNMENT_STATUS_YIELDED); err != nil {
		return err
	}
	outcome := newOutcome(a)
	outcome.Slashed = ended.Burned
	t.record.Departed = append(t.record.Departed, outcome)
	t.chargeSeat()
	round := t.current()
	if !ended.Excused {
		round.Missed = append(round.Missed, types.MissedDeadline{Operator: outcome.Operator, Height: t.height(), Tasks: t.seats()})
	}
	round.Replicas = slices.DeleteFunc(round.Replicas, func(r types.Assignment) bool { return r.Operator == outcome.Operator })
	return nil
}

// excusable reports whether a yield of a seat that the current round draws may be excused: only
// that of a replica that the requester asked for. An auditor or a judge that may walk away is worth
// less as evidence, so that for these a yield costs what a missed deadline costs. The judges of a
// challenge are replicas of the first round of a job of their own.
func (t *Chunk) excusable() bool { return t.drawsReplicas() && t.job.Challenged == nil }
