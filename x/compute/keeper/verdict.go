package keeper

import "github.com/thetaedge/theta/x/compute/types"

// concludeRound counts the votes when all have spoken or the deadline is past.
func (w *work) concludeRound() (bool, error) {
	round := w.round()
	if w.height() <= round.RevealDeadline {
		if int(round.Revealed) != len(round.Replicas) {
			return false, nil
		}
		if waits, err := w.waitsForOpening(); waits || err != nil {
			return false, err
		}
	}
	return true, w.decide()
}

// waitsForOpening says whether a round that shows digests still has tags without one.
func (w *work) waitsForOpening() (bool, error) {
	if !w.opens() {
		return false, nil
	}
	ballots, err := w.ballots()
	if err != nil {
		return false, err
	}
	for _, b := range ballots {
		if w.mustOpen(b.a) {
			return true, nil
		}
	}
	return false, nil
}

// decide acts on the votes of all rounds.
func (w *work) decide() error {
	ballots, err := w.ballots()
	if err != nil {
		return err
	}
	votes := make([]types.Vote, len(ballots))
	for i := range ballots {
		votes[i] = ballots[i].vote
	}
	rule, err := w.rule()
	if err != nil {
		return err
	}
	decision, key := types.Decide(votes, rule)
	switch decision {
	case types.DecisionEscalate:
		if err := w.closeMouths(ballots); err != nil {
			return err
		}
		return w.escalate()
	case types.DecisionAccept:
		if w.job.Policy.Reviewed() && w.round().Phase == types.ROUND_PHASE_REVEAL {
			return w.openReview()
		}
		return w.accept(ballots, key)
	default:
		return w.fail(ballots, false)
	}
}

// rule returns how the votes are counted.
func (w *work) rule() (types.Rule, error) {
	if !w.job.Slashable {
		return types.Rule{Last: true, Lenient: true}, nil
	}
	target, err := w.nextTarget()
	return types.Rule{Last: target == 0}, err
}
