package keeper

import "github.com/thetaedge/theta/x/compute/types"

// seedPollBlocks is how soon a task looks again for a seed that is not there
// yet; it waits longer the longer the seed stays away.
const seedPollBlocks = 2

// firstPollBlocks is how soon a task looks for the seed of a draw: when those that
// come in the ordinary course of things are there. Claims look by themselves, and
// each look of the queue is three writes.
const firstPollBlocks = 6

// advance applies every transition that is due by comparison with the height,
// one after the other. It runs before anything else a handler does, so that no
// late message profits from a queue that lags behind.
func (w *work) advance() error {
	for !w.task.Ended() {
		moved, err := w.step()
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
func (w *work) step() (bool, error) {
	if w.job.Cancelled && w.cancellable() {
		return true, w.abandon(types.TASK_STATUS_CANCELLED)
	}
	switch w.round().Phase {
	case types.ROUND_PHASE_COMMIT:
		return w.stepCommit()
	case types.ROUND_PHASE_AUDIT:
		return w.decideAudit()
	case types.ROUND_PHASE_REVEAL:
		return w.concludeRound()
	case types.ROUND_PHASE_REVIEW:
		return w.closeReview()
	case types.ROUND_PHASE_UNSPECIFIED, types.ROUND_PHASE_CLOSED:
	}
	return false, nil // a current round is open
}

// stepCommit applies the first transition that is due of a round that draws nodes
// or waits for their commitments.
func (w *work) stepCommit() (bool, error) {
	for _, transition := range []func() (bool, error){
		w.openClaims, w.closeDraw, w.dropMissed, w.fillSlots, w.closeCommits,
	} {
		if moved, err := transition(); moved || err != nil {
			return moved, err
		}
	}
	return false, nil
}

// nextDue returns the height at which the task may advance without a message,
// 0 once it has ended.
func (w *work) nextDue() int64 {
	if w.task.Ended() {
		return 0
	}
	round := w.round()
	switch round.Phase {
	case types.ROUND_PHASE_AUDIT:
		return w.nextPoll(round.AuditSeedHeight)
	case types.ROUND_PHASE_REVEAL:
		return round.RevealDeadline + 1
	case types.ROUND_PHASE_REVIEW:
		return round.ReviewDeadline + 1
	case types.ROUND_PHASE_UNSPECIFIED, types.ROUND_PHASE_COMMIT, types.ROUND_PHASE_CLOSED:
	}
	return w.nextCommitDue(round)
}

// nextCommitDue returns the height at which a round that draws nodes or waits for
// their commitments may advance.
func (w *work) nextCommitDue(round *types.Round) int64 {
	var due int64
	earliest := func(height int64) {
		if due == 0 || height < due {
			due = height
		}
	}
	if round.NextDeadline != 0 {
		earliest(round.NextDeadline + 1)
	}
	if d := round.Draw; d != nil {
		switch {
		case d.CloseHeight != 0:
			earliest(d.CloseHeight)
		case w.job.Policy.NamesNode():
			earliest(d.SeedHeight)
		default:
			earliest(max(d.SeedHeight+firstPollBlocks, w.nextPoll(d.SeedHeight)))
		}
	}
	return max(due, w.height()+1)
}

// nextPoll returns the height at which to look again for a seed.
func (w *work) nextPoll(pinned int64) int64 {
	return max(w.height(), pinned) + seedPollBlocks + max(0, w.height()-pinned)/8
}
