package keeper

import (
	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// ballot is one replica's part in a verdict.
type ballot struct {
	a        types.Assignment
	operator sdk.AccAddress
	vote     types.Vote
	outcome  types.Outcome
}

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
	return true, w.decide(w.nextTarget() == 0)
}

// waitsForOpening says whether a further round still has tags without a digest.
func (w *work) waitsForOpening() (bool, error) {
	if w.index() == 0 {
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

// nextTarget returns how many replicas a further round would have, 0 when there
// is none to be had: as many as the table says, or as many nodes of the class as
// have not taken part.
func (w *work) nextTarget() uint32 {
	i := len(w.task.Rounds) - 1
	if i >= len(w.params.Escalation) {
		return 0
	}
	epoch, err := w.k.nodes.Epoch(w.ctx)
	if err != nil {
		return 0
	}
	class, err := w.k.nodes.ClassSnapshot(w.ctx, w.job.Class, epoch)
	if err != nil {
		return 0
	}
	taken := uint64(w.participants())
	if class.Nodes <= taken {
		return 0
	}
	return uint32(min(uint64(w.params.Escalation[i]), class.Nodes-taken, w.affordable()))
}

// affordable returns how many more judges the losers can pay, whoever they turn
// out to be: one at least after the first round, more than a third of the votes
// after a later one. Rounds that found fewer nodes than they aimed at have
// fewer losers, and so afford fewer judges.
func (w *work) affordable() uint64 {
	votes, judges := int64(0), int64(0)
	for r := range w.task.Rounds {
		n := int64(len(w.task.Rounds[r].Replicas))
		votes += n
		if r > 0 {
			judges += n
		}
	}
	losers := int64(1)
	if w.index() > 0 {
		losers = votes/3 + 1
	}
	paid := w.job.Liability.MulRaw(losers).Quo(w.job.BondValue)
	return math.MinInt(math.MaxInt(paid.SubRaw(judges), math.ZeroInt()), math.NewInt(types.MaxRoundReplicas)).Uint64()
}

// ballots returns the replicas of all rounds with what they say, in order of
// round and draw.
func (w *work) ballots() ([]ballot, error) {
	var out []ballot
	for r := range w.task.Rounds {
		for _, operator := range w.task.Rounds[r].Replicas {
			a, addr, err := w.mustAssignment(operator)
			if err != nil {
				return nil, err
			}
			out = append(out, ballot{a: a, operator: addr, vote: w.vote(a), outcome: newOutcome(a)})
		}
	}
	return out, nil
}

// vote keys a revealed result by its tag while there is one round, and by its
// digest once there are more: tags of different rounds do not compare.
func (w *work) vote(a types.Assignment) types.Vote {
	v := types.Vote{Operator: a.Operator, Round: a.Round}
	switch {
	case a.Status != types.ASSIGNMENT_STATUS_REVEALED:
	case len(w.task.Rounds) == 1:
		v.Key = string(a.Tag)
	default:
		v.Key = string(w.openedDigest(a))
	}
	return v
}

// decide acts on the votes of all rounds. last says that no further round can
// be had.
func (w *work) decide(last bool) error {
	ballots, err := w.ballots()
	if err != nil {
		return err
	}
	votes := make([]types.Vote, len(ballots))
	for i := range ballots {
		votes[i] = ballots[i].vote
	}
	decision, key := types.Decide(votes, last)
	switch decision {
	case types.DecisionEscalate:
		if err := w.closeMouths(ballots); err != nil {
			return err
		}
		return w.escalate()
	case types.DecisionAccept:
		return w.accept(ballots, key)
	default:
		return w.fail(ballots)
	}
}

// closeMouths settles who has stayed silent in the round that ends: what was not
// revealed, or not opened when it was asked for, stays so. An opening in a later
// round must not turn a loser, on whose liability that round relies, into one who
// was right.
func (w *work) closeMouths(ballots []ballot) error {
	for i := range ballots {
		b := &ballots[i]
		if b.vote.Key != "" || b.a.Status == types.ASSIGNMENT_STATUS_NO_REVEAL {
			continue
		}
		if err := b.a.MoveTo(types.ASSIGNMENT_STATUS_NO_REVEAL); err != nil {
			return err
		}
		if err := w.setAssignment(b.operator, b.a); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) escalate() error {
	target := w.nextTarget()
	if err := w.round().MoveTo(types.ROUND_PHASE_CLOSED); err != nil {
		return err
	}
	if err := w.startRound(target); err != nil {
		return err
	}
	return w.emit(&types.EventEscalated{Ref: w.ref(), Target: target})
}

// accept pays those who agree with the result and slashes those who do not.
//
// Replicas of the first round are paid from escrow. Replicas of further rounds
// are paid from the losers' liabilities, before anything else is taken from
// them; what is left over of the honest share goes to all who were right.
func (w *work) accept(ballots []ballot, key string) error {
	var right, wrong, judges []*ballot
	for i := range ballots {
		b := &ballots[i]
		switch {
		case b.vote.Key != key:
			wrong = append(wrong, b)
		case b.a.Round > 0: // a replica of a further round, which the losers pay
			judges = append(judges, b)
			right = append(right, b)
		default:
			right = append(right, b)
		}
	}
	cost := w.job.BondValue.MulRaw(int64(len(judges)))
	costPaid, honest, err := w.slashAll(wrong, cost, true)
	if err != nil {
		return err
	}
	for _, b := range right {
		if err := w.finish(b, types.ASSIGNMENT_STATUS_PAID); err != nil {
			return err
		}
		if b.a.Round > 0 {
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
	return w.end(types.TASK_STATUS_ACCEPTED, ballots, w.tags(key))
}

// tags returns the accepted result's tag in each round.
func (w *work) tags(key string) [][]byte {
	if len(w.task.Rounds) == 1 {
		return [][]byte{[]byte(key)}
	}
	tags := make([][]byte, len(w.task.Rounds))
	for r := range tags {
		tags[r] = w.tag(uint32(r), []byte(key))
	}
	return tags
}

// fail ends a task on which the votes are tied, or on which nobody spoke. The
// silent are slashed; the others earn the attempt fee, for nobody can say which
// of them was right.
func (w *work) fail(ballots []ballot) error {
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
	if _, _, err := w.slashAll(silent, math.ZeroInt(), false); err != nil {
		return err
	}
	return w.end(types.TASK_STATUS_FAILED, ballots, nil)
}

// dismiss ends a task whose current round found too few judges: they go with the
// attempt fee, and the rounds before fail, for nobody is there to say who lied.
func (w *work) dismiss() error {
	ballots, err := w.ballots()
	if err != nil {
		return err
	}
	for i := range ballots {
		b := &ballots[i]
		if b.a.Round != w.index() {
			continue
		}
		if err := w.finishAttempt(b); err != nil {
			return err
		}
		w.task.Departed = append(w.task.Departed, b.outcome)
		if err := w.removeAssignment(b.operator); err != nil {
			return err
		}
	}
	w.task.Rounds = w.task.Rounds[:w.index()]
	if ballots, err = w.ballots(); err != nil {
		return err
	}
	return w.fail(ballots)
}

// slashAll takes the whole liability of the losers. It returns what escrow got
// of it: the cost, as far as it could be paid, and the honest share.
func (w *work) slashAll(losers []*ballot, cost math.Int, hasHonest bool) (costPaid, honest math.Int, err error) {
	costPaid, honest = math.ZeroInt(), math.ZeroInt()
	for _, b := range losers {
		status, reason := types.ASSIGNMENT_STATUS_SLASHED, edgenodetypes.ReasonWrongResult
		if b.vote.Key == "" {
			status, reason = types.ASSIGNMENT_STATUS_NO_REVEAL, edgenodetypes.ReasonNoReveal
		}
		out, err := w.k.nodes.Slash(w.ctx, edgenodetypes.SlashRequest{
			Operator: b.operator, Liability: b.a.Liability, Cost: cost.Sub(costPaid), HasHonest: hasHonest,
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
	if err := w.k.nodes.Release(w.ctx, b.operator, b.a.Liability); err != nil {
		return err
	}
	if err := b.a.MoveTo(status); err != nil {
		return err
	}
	b.outcome.Status = status
	return nil
}

// finishAttempt gives a replica its lock back and the attempt fee, as far as
// escrow has it.
func (w *work) finishAttempt(b *ballot) error {
	fee := math.MinInt(w.params.AttemptFee(w.job.Reward.Amount), w.job.Reserved)
	status := types.ASSIGNMENT_STATUS_UNPAID
	if fee.IsPositive() {
		status = types.ASSIGNMENT_STATUS_PAID
	}
	if err := w.finish(b, status); err != nil {
		return err
	}
	return w.payFromEscrow(b.operator, &b.outcome, fee)
}

// payFromEscrow credits what the job has reserved.
func (w *work) payFromEscrow(operator sdk.AccAddress, outcome *types.Outcome, amount math.Int) error {
	if !amount.IsPositive() {
		return nil
	}
	if w.job.Reserved.LT(amount) {
		return types.ErrInsufficientEscrow.Wrapf("job %s has %s reserved, owes %s", w.job.Id, w.job.Reserved, amount)
	}
	w.job.Reserved = w.job.Reserved.Sub(amount)
	outcome.Paid = outcome.Paid.Add(amount)
	_, err := w.k.rewards.CreditReward(w.ctx, operator, sdk.NewCoin(w.job.Reward.Denom, amount))
	return err
}

// payJudges credits the replicas of further rounds from what the losers paid.
func (w *work) payJudges(judges []*ballot, pot math.Int) error {
	denom, err := w.bondDenom()
	if err != nil {
		return err
	}
	for i, amount := range types.Shares(pot, len(judges)) {
		if !amount.IsPositive() {
			continue
		}
		judges[i].outcome.Share = judges[i].outcome.Share.Add(amount)
		if _, err := w.k.rewards.CreditReward(w.ctx, judges[i].operator, sdk.NewCoin(denom, amount)); err != nil {
			return err
		}
	}
	return nil
}

// shareOut credits the honest share of the losers' liabilities.
func (w *work) shareOut(right []*ballot, honest math.Int) error {
	denom, err := w.bondDenom()
	if err != nil {
		return err
	}
	for i, amount := range types.Shares(honest, len(right)) {
		if !amount.IsPositive() {
			continue
		}
		right[i].outcome.Share = right[i].outcome.Share.Add(amount)
		if err := w.k.rewards.CreditShare(w.ctx, right[i].operator, sdk.NewCoin(denom, amount)); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) bondDenom() (string, error) {
	params, err := w.k.nodes.Params(w.ctx)
	return params.BondDenom, err
}

// end writes the receipt, frees the task's records and closes the job with its
// last task.
func (w *work) end(status types.TaskStatus, ballots []ballot, tags [][]byte) error {
	if err := w.task.MoveTo(status); err != nil {
		return err
	}
	receipt := types.Receipt{
		JobId: w.job.Id, Task: w.task.Index, SpecDigest: w.job.SpecDigest,
		Status: status, Tags: tags, Height: w.height(),
	}
	receipt.Outcomes = append(receipt.Outcomes, w.task.Departed...)
	for i := range ballots {
		receipt.Outcomes = append(receipt.Outcomes, ballots[i].outcome)
		if err := w.removeAssignment(ballots[i].operator); err != nil {
			return err
		}
	}
	if err := w.k.receipts.Set(w.ctx, collections.Join(w.id, w.task.Index), receipt); err != nil {
		return err
	}
	if err := w.emit(&types.EventTaskEnded{Receipt: receipt}); err != nil {
		return err
	}
	w.job.TasksEnded++
	if status == types.TASK_STATUS_ACCEPTED {
		w.job.TasksAccepted++
	}
	if w.job.TasksEnded < w.job.Tasks {
		return nil
	}
	return w.closeJob(status)
}
