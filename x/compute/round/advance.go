package round

import "github.com/thetaedge/theta/x/compute/types"

// seedPollBlocks is how soon a task looks again for a seed that is not there
// yet; it waits longer the longer the seed stays away.
const seedPollBlocks = 2

// firstPollBlocks is how soon a task looks for the seed of a draw: when those that
// come in the ordinary course of things are there. Claims look by themselves, and
// each look of the queue is three writes.
const firstPollBlocks = 6

// Advance applies every transition that is due by comparison with the height,
// one after the other. It runs before anything else a handler does, so that no
// late message profits from a queue that lags behind.
func (t *Task) Advance() error {
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

// step applies the first transition that is due and says whether there was one.
// Each leaves the task closer to its end at this height, so that advance ends.
func (t *Task) step() (bool, error) {
	if t.job.Cancelled && t.cancellable() {
		return true, t.abort(types.TASK_STATUS_CANCELLED)
	}
	switch t.current().Phase {
	case types.ROUND_PHASE_COMMIT:
		return t.stepCommit()
	case types.ROUND_PHASE_AUDIT:
		return t.decideAudit()
	case types.ROUND_PHASE_REVEAL:
		return t.concludeRound()
	case types.ROUND_PHASE_REVIEW:
		return t.acceptUnreviewed()
	case types.ROUND_PHASE_UNSPECIFIED, types.ROUND_PHASE_CLOSED:
	}
	return false, nil // a current round is open
}

// stepCommit applies the first transition that is due of a round that draws nodes
// or waits for their commitments.
func (t *Task) stepCommit() (bool, error) {
	for _, transition := range []func() (bool, error){
		t.startClaims, t.assignCandidates, t.dropMissed, t.fillSlots, t.finishCommits,
	} {
		if moved, err := transition(); moved || err != nil {
			return moved, err
		}
	}
	return false, nil
}

// NextDue returns the height at which the task may advance without a message,
// 0 once it has ended.
func (t *Task) NextDue() int64 {
	if t.Ended() {
		return 0
	}
	round := t.current()
	switch round.Phase {
	case types.ROUND_PHASE_AUDIT:
		return t.nextPoll(round.AuditSeedHeight)
	case types.ROUND_PHASE_REVEAL:
		return round.RevealDeadline + 1
	case types.ROUND_PHASE_REVIEW:
		return round.ReviewDeadline + 1
	case types.ROUND_PHASE_UNSPECIFIED, types.ROUND_PHASE_COMMIT, types.ROUND_PHASE_CLOSED:
	}
	return t.nextCommitDue(round)
}

// nextCommitDue returns the height at which a round that draws nodes or waits for
// their commitments may advance.
func (t *Task) nextCommitDue(round *types.Round) int64 {
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

// resumes returns the height at which a pause between draws ends, or the time in which
// nodes are drawn.
func (t *Task) resumes(round *types.Round) int64 {
	if t.drawsReplicas() && round.WaitUntil != 0 {
		return min(round.ResumeHeight, round.WaitUntil+1)
	}
	return round.ResumeHeight
}

// nextPoll returns the height at which to look again for a seed.
func (t *Task) nextPoll(pinned int64) int64 {
	return max(t.height(), pinned) + seedPollBlocks + max(0, t.height()-pinned)/8
}

// cancellable reports whether the task may end at the requester's word: nobody has
// committed yet.
func (t *Task) cancellable() bool {
	return t.index() == 0 && t.current().Phase == types.ROUND_PHASE_COMMIT && t.current().Committed == 0
}
