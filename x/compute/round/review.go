package round

import "github.com/thetaedge/theta/x/compute/types"

// startReview lets the requester reject a result before silence accepts it.
func (t *Task) startReview() error {
	round := t.current()
	if err := round.MoveTo(types.ROUND_PHASE_REVIEW); err != nil {
		return err
	}
	round.ReviewDeadline = t.height() + int64(t.job.Policy.ReviewBlocks)
	t.changed(&types.TaskChange_ReviewOpened{ReviewOpened: &types.ReviewOpened{Deadline: round.ReviewDeadline}})
	return nil
}

// acceptUnreviewed accepts a result over which the requester has stayed silent.
func (t *Task) acceptUnreviewed() (bool, error) {
	if t.height() <= t.current().ReviewDeadline {
		return false, nil
	}
	return true, t.decide()
}

// Review accepts or rejects a result at its requester's word.
func (t *Task) Review(accept bool) error {
	if t.current().Phase != types.ROUND_PHASE_REVIEW {
		return types.ErrNotReviewing.Wrapf("task %d of job %s is in %s; results are reviewed under TRUST, once they are revealed",
			t.record.Index, t.job.Id, t.current().Phase)
	}
	if accept {
		return t.decide()
	}
	return t.settleRejected()
}

// settleRejected ends a task with the attempt fee for whoever worked on it, and burns the
// rest of the reward: a requester who has seen a result gains nothing by saying
// that it is bad.
func (t *Task) settleRejected() error {
	ballots, err := t.ballots()
	if err != nil {
		return err
	}
	for i := range ballots {
		b := &ballots[i]
		if err := t.payAttempt(b); err != nil {
			return err
		}
		if err := t.burnRest(b); err != nil {
			return err
		}
	}
	return t.writeReceipt(types.Receipt{Status: types.TASK_STATUS_FAILED}, ballots)
}
