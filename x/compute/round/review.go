package round

import "github.com/thetaedge/theta/x/compute/types"

// startReview lets the requester reject a result before it is accepted without an answer.
func (t *Chunk) startReview() error {
	round := t.current()
	if err := round.MoveTo(types.ROUND_PHASE_REVIEW); err != nil {
		return err
	}
	round.ReviewDeadline = t.height() + int64(t.job.Policy.ReviewBlocks)
	t.changed(&types.ChunkChange_ReviewOpened{ReviewOpened: &types.ReviewOpened{Deadline: round.ReviewDeadline}})
	return nil
}

// acceptUnreviewed accepts a result if the requester has not answered by the deadline.
func (t *Chunk) acceptUnreviewed() (bool, error) {
	if t.height() <= t.current().ReviewDeadline {
		return false, nil
	}
	return true, t.decide()
}

// Review accepts or rejects a result on behalf of its requester.
func (t *Chunk) Review(accept bool) error {
	if t.current().Phase != types.ROUND_PHASE_REVIEW {
		return types.ErrNotReviewing.Wrapf("task %d of job %s is in %s; results are reviewed under TRUST, once they are revealed",
			t.record.Index, t.job.Id, t.current().Phase)
	}
	if accept {
		return t.decide()
	}
	return t.settleRejected()
}

// settleRejected ends a chunk with the attempt fee for the nodes that worked on it, and burns
// the rest of the reward, so that a requester who has seen a result does not gain by
// rejecting it.
func (t *Chunk) settleRejected() error {
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
	return t.writeReceipt(types.Receipt{Status: types.CHUNK_STATUS_FAILED}, ballots)
}
