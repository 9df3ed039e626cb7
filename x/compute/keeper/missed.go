package keeper

import (
	"errors"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// miss takes the task from a node at its commit deadline. The fee is due whatever the
// reason. Whether the deadline counts towards jail is known when the round is over.
func (w *work) miss(a types.Assignment) error {
	addr, err := w.operator(a.Operator)
	if err != nil {
		return err
	}
	burned, err := w.deps.Nodes.Penalize(w.ctx, edgenodetypes.PenaltyRequest{
		Operator: addr, Liability: w.job.Liability, Amount: w.params.MissedFault(w.job.BondValue),
		Reason: edgenodetypes.ReasonMissedDeadline, JobID: w.job.Id, Task: w.task.Index,
	})
	if err != nil {
		return err
	}
	if err := a.MoveTo(types.ASSIGNMENT_STATUS_MISSED); err != nil {
		return err
	}
	outcome := newOutcome(part{Assignment: &a, round: w.index()})
	outcome.Slashed = burned
	w.task.Departed = append(w.task.Departed, outcome)
	w.chargeSeat()
	round := w.round()
	round.Missed = append(round.Missed, types.MissedDeadline{Operator: a.Operator, Height: a.CommitDeadline})
	return nil
}

// judgeMissed says, once nobody can commit to the current round any more, what its
// missed deadlines were: faults, which count towards jail, or signs of a task that
// nobody can finish, for which the reserve pays when the task ends. Those who idle
// together escape jail by it and nothing else: each has paid the fee.
func (w *work) judgeMissed() error {
	round := w.round()
	missed := round.Missed
	round.Missed = nil
	if !types.MissesCount(round.Committed, uint32(len(missed))) {
		w.task.Unfinished += uint32(len(missed))
		return nil
	}
	for _, m := range missed {
		addr, err := w.operator(m.Operator)
		if err != nil {
			return err
		}
		err = w.deps.Nodes.CountMissed(w.ctx, addr, m.Height)
		if err != nil && !errors.Is(err, edgenodetypes.ErrNodeNotFound) { // it may be gone
			return err
		}
	}
	return nil
}

// burnUnfinished burns an attempt fee for each seat that was missed in a round which
// fewer have finished, beyond what its draws have cost and as far as the reserve has it
// beyond what was paid: a task that holds up nodes costs its author what it would have
// cost to have them try.
func (w *work) burnUnfinished(spent math.Int) error {
	fees := w.params.AttemptFee(w.job.Reward.Amount).MulRaw(int64(w.task.Unfinished)).Sub(spent)
	return w.burnFromEscrow(math.MinInt(fees, w.left()))
}

// outruns says whether the task has been missed so often that its reserve does not
// cover another draw, were that missed too.
func (w *work) outruns() bool {
	round := w.round()
	return w.drawsReplicas() && !w.params.Covers(&w.job, len(round.Missed)+int(round.Target))
}
