package round

import "github.com/thetaedge/theta/x/compute/types"

// seedPollBlocks is the number of blocks after which a chunk looks again for a seed that is
// not known yet. The longer the seed is late, the longer the chunk waits.
const seedPollBlocks = 2

// firstPollBlocks is the number of blocks after which a chunk first looks for the seed of a
// draw: most seeds are known by then. Claims look for the seed themselves, and each look of
// the queue costs three writes.
const firstPollBlocks = 6

// Advance applies, one after the other, every transition whose height has come. A handler
// calls it before it does anything else, so that a late message never gains from a queue that
// lags.
func (t *Chunk) Advance() error {
	for !t.Ended() {
		moved, err := t.step()
		if err != nil {
			return err
		}
		if !moved {
			return nil
		}
	}
	return nil
}

// step applies the first transition that is due and reports whether there was one. Each
// transition brings the chunk closer to its end at this height, so Advance terminates.
func (t *Chunk) step() (bool, error) {
	if t.job.Cancelled && t.cancellable() {
		return true, t.abort(types.CHUNK_STATUS_CANCELLED)
	}
	if ends, err := t.endsUnpaid(); ends || err != nil {
		if err != nil {
			return false, err
		}
		return true, t.abort(types.CHUNK_STATUS_CANCELLED)
	}
	switch t.current().Phase {
	case types.ROUND_PHASE_COMMIT:
		return t.stepCommit()
	case types.ROUND_PHASE_AUDIT:
		return t.decideAudit()
	case types.ROUND_PHASE_REVEAL:
		return t.concludeRound()
	case types.ROUND_PHASE_LEAVES:
		return t.concludeLeaves()
	case types.ROUND_PHASE_REVIEW:
		return t.acceptUnreviewed()
	case types.ROUND_PHASE_UNSPECIFIED, types.ROUND_PHASE_CLOSED:
	}
	return false, nil // a current round is never closed
}

// stepCommit applies the first due transition of a round that draws nodes or waits for their
// commitments.
func (t *Chunk) stepCommit() (bool, error) {
	for _, transition := range []func() (bool, error){
		t.startClaims, t.assignCandidates, t.dropMissed, t.fillSlots, t.finishCommits,
	} {
		if moved, err := transition(); moved || err != nil {
			return moved, err
		}
	}
	return false, nil
}

// NextDue returns the height at which the chunk may advance without a message, or 0 if it has
// ended.
func (t *Chunk) NextDue() int64 {
	if t.Ended() {
		return 0
	}
	round := t.current()
	switch round.Phase {
	case types.ROUND_PHASE_AUDIT:
		return t.nextPoll(round.AuditSeedHeight)
	case types.ROUND_PHASE_REVEAL, types.ROUND_PHASE_LEAVES:
		return round.RevealDeadline + 1
	case types.ROUND_PHASE_REVIEW:
		return round.ReviewDeadline + 1
	case types.ROUND_PHASE_UNSPECIFIED, types.ROUND_PHASE_COMMIT, types.ROUND_PHASE_CLOSED:
	}
	return t.nextCommitDue(round)
}

// nextCommitDue returns the height at which a round that draws nodes or waits for their
// commitments may advance.
func (t *Chunk) nextCommitDue(round *types.Round) int64 {
	var due int64
	earliest := func(height int64) {
		if due == 0 || height < due {
			due = height
		}
	}
	if round.NextDeadline != 0 {
		earliest(round.NextDeadline + 1)
	}
	if round.ResumeHeight != 0 {
		earliest(t.resumes(round))
	}
	if d := round.Draw; d != nil {
		switch {
		case d.CloseHeight != 0:
			earliest(d.CloseHeight)
		default:
			earliest(max(d.SeedHeight+firstPollBlocks, t.nextPoll(d.SeedHeight)))
		}
	}
	return max(due, t.height()+1)
}

// resumes returns the height at which a pause between draws ends, or at which the time for
// drawing nodes is over, if that is earlier.
func (t *Chunk) resumes(round *types.Round) int64 {
	if t.drawsReplicas() && round.WaitUntil != 0 {
		return min(round.ResumeHeight, round.WaitUntil+1)
	}
	return round.ResumeHeight
}

// nextPoll returns the height at which the chunk looks again for a seed.
func (t *Chunk) nextPoll(pinned int64) int64 {
	return max(t.height(), pinned) + seedPollBlocks + max(0, t.height()-pinned)/8
}

// cancellable reports whether the requester may end the chunk: no node has committed yet.
func (t *Chunk) cancellable() bool {
	return t.index() == 0 && t.current().Phase == types.ROUND_PHASE_COMMIT && t.current().Committed == 0
}
