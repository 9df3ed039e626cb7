package keeper

import "github.com/thetaedge/theta/x/compute/types"

// openReview lets the requester reject a result before silence accepts it.
func (w *work) openReview() error {
	round := w.round()
	if err := round.MoveTo(types.ROUND_PHASE_REVIEW); err != nil {
		return err
	}
	round.ReviewDeadline = w.height() + int64(w.job.Policy.ReviewBlocks)
	w.changed(&types.TaskChange_ReviewOpened{ReviewOpened: &types.ReviewOpened{Deadline: round.ReviewDeadline}})
	return nil
}

// closeReview accepts a result over which the requester has stayed silent.
func (w *work) closeReview() (bool, error) {
	if w.height() <= w.round().ReviewDeadline {
		return false, nil
	}
	return true, w.decide()
}

// review accepts or rejects a result at its requester's word.
func (w *work) review(accept bool) error {
	if w.round().Phase != types.ROUND_PHASE_REVIEW {
		return types.ErrNotReviewing.Wrapf("task %d of job %s is in %s; results are reviewed under TRUST, once they are revealed",
			w.task.Index, w.job.Id, w.round().Phase)
	}
	if accept {
		return w.decide()
	}
	return w.reject()
}

// reject ends a task with the attempt fee for whoever worked on it, and burns the
// rest of the reward: a requester who has seen a result gains nothing by saying
// that it is bad.
func (w *work) reject() error {
	ballots, err := w.ballots()
	if err != nil {
		return err
	}
	for i := range ballots {
		b := &ballots[i]
		if err := w.finishAttempt(b); err != nil {
			return err
		}
		if err := w.burnRest(b); err != nil {
			return err
		}
	}
	return w.end(types.Receipt{Status: types.TASK_STATUS_FAILED}, ballots)
}
