package round

import "github.com/thetaedge/theta/x/compute/types"

// openReview lets the requester reject a result before silence accepts it.
func (t *Task) openReview() error {
	round := t.current()
	if err := round.MoveTo(types.ROUND_PHASE_REVIEW); err != nil {
		return err
	}
	round.ReviewDeadline = t.height() + int64(t.job.Policy.ReviewBlocks)
	t.changed(&types.TaskChange_ReviewOpened{ReviewOpened: &types.ReviewOpened{Deadline: round.ReviewDeadline}})
	return nil
}

// closeReview accepts a result over which the requester has stayed silent.
func (t *Task) closeReview() (bool, error) {
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
	return t.reject()
}

// reject ends a task with the attempt fee for whoever worked on it, and burns the
// rest of the reward: a requester who has seen a result gains nothing by saying
// that it is bad.
func (t *Task) reject() error {
	ballots, err := t.ballots()
	if err != nil {
		return err
	}
	for i := range ballots {
		b := &ballots[i]
		if err := t.finishAttempt(b); err != nil {
			return err
		}
		if err := t.burnRest(b); err != nil {
			return err
		}
	}
	return t.end(types.Receipt{Status: types.TASK_STATUS_FAILED}, ballots)
}
