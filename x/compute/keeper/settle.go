package keeper

import (
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

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

// accept pays those who agree with the result and slashes those who do not.
//
// Replicas of the first round, auditors among them, are paid from escrow. Replicas
// of further rounds are paid from the losers' liabilities, before anything else is
// taken from them; the honest share of the rest, a reward at most, goes to all who
// were right. Where nobody vouches that honest machines agree, who differs is outvoted
// and keeps the bond; who stays silent loses it there too.
func (w *work) accept(ballots []ballot, key string) error {
	var right, wrong, judges []*ballot
	for i := range ballots {
		b := &ballots[i]
		switch {
		case b.vote.Key != "" && b.vote.Key != key && !w.job.Slashable:
			if err := w.outvote(b); err != nil {
				return err
			}
		case b.vote.Key != key:
			wrong = append(wrong, b)
		case b.a.round > 0: // a replica of a further round, which the losers pay
			judges = append(judges, b)
			right = append(right, b)
		default:
			right = append(right, b)
		}
	}
	cost := w.job.BondValue.MulRaw(int64(len(judges)))
	costPaid, honest, err := w.slashAll(wrong, cost, w.job.BondValue)
	if err != nil {
		return err
	}
	until := int64(0)
	for _, b := range right {
		if until, err = w.finishRight(b); err != nil {
			return err
		}
		if b.a.round > 0 {
			continue
		}
		if err := w.payFromEscrow(b.operator, &b.outcome, w.job.Reward.Amount); err != nil {
			return err
		}
	}
	if err := w.payJudges(judges, costPaid); err != nil {
		return err
	}
	if err := w.shareOut(right, honest); err != nil {
		return err
	}
	found := verdictOf(key)
	if w.job.Challenged != nil {
		if err := w.judge(found, len(right)-len(judges)); err != nil {
			return err
		}
	}
	return w.end(types.Receipt{
		Status: types.TASK_STATUS_ACCEPTED, Tags: w.tags(found, right), ExitCode: found.exitCode, ChallengeUntil: until,
		Fuel: found.fuel, Guarantee: w.job.Guarantee(),
	}, ballots)
}

// finishRight gives a replica that is right its lock back, or keeps it held while
// the result of its round may be challenged. It returns until when.
func (w *work) finishRight(b *ballot) (int64, error) {
	window := int64(w.job.Policy.ChallengeBlocks)
	if window == 0 || w.index() > 0 {
		return 0, w.finish(b, types.ASSIGNMENT_STATUS_PAID)
	}
	until, err := w.deps.Nodes.Hold(w.ctx, b.operator, w.job.Liability, w.height()+window)
	if err != nil {
		return 0, err
	}
	return until, b.moveTo(types.ASSIGNMENT_STATUS_PAID)
}

// tags returns the accepted result's tag in each round. That of the first is known from
// the result, but where its replicas judge another job; that of a further round from those
// who were right there, and is empty without any.
func (w *work) tags(found verdict, right []*ballot) [][]byte {
	if !w.opens() {
		return [][]byte{found.tag}
	}
	tags := make([][]byte, len(w.task.Rounds))
	for i := len(right) - 1; i >= 0; i-- {
		tags[right[i].a.round] = right[i].a.Tag
	}
	if w.job.Challenged == nil {
		tags[0] = w.tag(types.Opening{Digest: found.digest, Fuel: found.fuel, Trace: found.trace})
	}
	return tags
}

// outvote counts a result that a majority contradicts towards jail. It costs no
// bond and earns nothing.
func (w *work) outvote(b *ballot) error {
	if _, err := w.deps.Nodes.Penalize(w.ctx, edgenodetypes.PenaltyRequest{
		Operator: b.operator, Liability: w.job.Liability, Amount: math.ZeroInt(),
		Reason: edgenodetypes.ReasonWrongResult, JobID: w.job.Id, Task: w.task.Index,
	}); err != nil {
		return err
	}
	if err := b.a.MoveTo(types.ASSIGNMENT_STATUS_UNPAID); err != nil {
		return err
	}
	b.outcome.Status = types.ASSIGNMENT_STATUS_UNPAID
	return nil
}

// fail ends a task on which the votes settle nothing, or on which nobody spoke. The
// silent are slashed; the others earn the attempt fee, for nobody can say which
// of them was right. Where its jury has deserted, what the first round has delivered
// is paid for all the same.
func (w *work) fail(ballots []ballot, deserted bool) error {
	var silent []*ballot
	for i := range ballots {
		b := &ballots[i]
		if b.vote.Key == "" {
			silent = append(silent, b)
			continue
		}
		if err := w.finishAttempt(b); err != nil {
			return err
		}
	}
	if _, _, err := w.slashAll(silent, math.ZeroInt(), math.ZeroInt()); err != nil {
		return err
	}
	if deserted {
		if err := w.burnDelivered(ballots); err != nil {
			return err
		}
	}
	return w.end(types.Receipt{Status: types.TASK_STATUS_FAILED}, ballots)
}

// deserted says whether judges came to the current round, and would have been enough,
// had they stayed. They leave when the inputs are not there for them.
func (w *work) deserted() bool {
	came := len(w.round().Replicas)
	for i := range w.task.Departed {
		if w.task.Departed[i].Round == w.index() {
			came++
		}
	}
	return types.HalfAJury(came, w.round().Asked)
}

// burnDelivered burns what else the first round would have earned for results that
// have been delivered. Were it returned, a requester with a node in that round could
// have it lie, take the inputs away from the judges, and have the others' work for an
// attempt fee. The judges of a challenge deliver nothing.
func (w *work) burnDelivered(ballots []ballot) error {
	if w.job.Challenged != nil {
		return nil
	}
	for i := range ballots {
		b := &ballots[i]
		if b.a.round > 0 || b.vote.Key == "" {
			continue
		}
		if err := w.burnRest(b); err != nil {
			return err
		}
	}
	return nil
}

// burnRest burns what a replica's attempt fee leaves of its reward.
func (w *work) burnRest(b *ballot) error {
	return w.burnFromEscrow(math.MinInt(w.job.Reward.Amount.Sub(b.outcome.Paid), w.left()))
}

// dismiss ends a task whose current round found too few judges: they go with the
// attempt fee, and the rounds before fail, for nobody is there to say who lied.
func (w *work) dismiss() error {
	deserted := w.deserted()
	ballots, err := w.ballots()
	if err != nil {
		return err
	}
	for i := range ballots {
		b := &ballots[i]
		if b.a.round != w.index() {
			continue
		}
		if err := w.finishAttempt(b); err != nil {
			return err
		}
		w.task.Departed = append(w.task.Departed, b.outcome)
	}
	if err := w.judgeMissed(); err != nil {
		return err
	}
	w.task.Rounds = w.task.Rounds[:w.index()]
	if ballots, err = w.ballots(); err != nil {
		return err
	}
	return w.fail(ballots, deserted)
}

// slashAll takes the whole liability of the losers. It returns what escrow got
// of it: the cost, as far as it could be paid, and the honest share, at most as much
// as is named of all losers together. More than a reward would make it worth while to
// look for a program on which honest machines differ.
func (w *work) slashAll(losers []*ballot, cost, most math.Int) (costPaid, honest math.Int, err error) {
	costPaid, honest = math.ZeroInt(), math.ZeroInt()
	for _, b := range losers {
		status, reason := types.ASSIGNMENT_STATUS_SLASHED, edgenodetypes.ReasonWrongResult
		if b.vote.Key == "" && !b.echo {
			status, reason = types.ASSIGNMENT_STATUS_NO_REVEAL, edgenodetypes.ReasonNoReveal
		}
		out, err := w.deps.Nodes.Slash(w.ctx, edgenodetypes.SlashRequest{
			Operator: b.operator, Liability: w.job.Liability, Cost: cost.Sub(costPaid), Honest: most.Sub(honest),
			To: types.ModuleName, Reason: reason, JobID: w.job.Id, Task: w.task.Index,
		})
		if err != nil {
			return costPaid, honest, err
		}
		if b.a.Status != status {
			if err := b.a.MoveTo(status); err != nil {
				return costPaid, honest, err
			}
		}
		b.outcome.Status, b.outcome.Slashed = status, out.Total()
		costPaid, honest = costPaid.Add(out.Cost), honest.Add(out.Honest)
	}
	return costPaid, honest, nil
}

// finish gives a replica its lock back.
func (w *work) finish(b *ballot, status types.AssignmentStatus) error {
	if err := w.deps.Nodes.Release(w.ctx, b.operator, w.job.Liability); err != nil {
		return err
	}
	return b.moveTo(status)
}

// finishAttempt gives a replica its lock back and the attempt fee, as far as
// escrow has it.
func (w *work) finishAttempt(b *ballot) error {
	fee := math.MinInt(w.params.AttemptFee(w.job.Reward.Amount), w.left())
	status := types.ASSIGNMENT_STATUS_UNPAID
	if fee.IsPositive() {
		status = types.ASSIGNMENT_STATUS_PAID
	}
	if err := w.finish(b, status); err != nil {
		return err
	}
	return w.payFromEscrow(b.operator, &b.outcome, fee)
}

// payJudges credits the replicas of further rounds from what the losers paid.
func (w *work) payJudges(judges []*ballot, pot math.Int) error {
	if !pot.IsPositive() {
		return nil
	}
	denom, err := w.bondDenom()
	if err != nil {
		return err
	}
	for i, amount := range types.Shares(pot, len(judges)) {
		if !amount.IsPositive() {
			continue
		}
		judges[i].outcome.Share = judges[i].outcome.Share.Add(amount)
		if _, err := w.deps.Rewards.CreditReward(w.ctx, judges[i].operator, sdk.NewCoin(denom, amount)); err != nil {
			return err
		}
	}
	return nil
}

// shareOut credits the honest share of the losers' liabilities.
func (w *work) shareOut(right []*ballot, honest math.Int) error {
	if !honest.IsPositive() {
		return nil
	}
	denom, err := w.bondDenom()
	if err != nil {
		return err
	}
	for i, amount := range types.Shares(honest, len(right)) {
		if !amount.IsPositive() {
			continue
		}
		right[i].outcome.Share = right[i].outcome.Share.Add(amount)
		if err := w.deps.Rewards.CreditShare(w.ctx, right[i].operator, sdk.NewCoin(denom, amount)); err != nil {
			return err
		}
	}
	return nil
}
