package round

import (
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// concludeRound counts the votes when all nodes have revealed and opened, or the deadline is
// past.
func (t *Chunk) concludeRound() (bool, error) {
	round := t.current()
	if t.height() <= round.RevealDeadline {
		if int(round.Revealed) != len(round.Replicas) {
			return false, nil
		}
		if waits, err := t.waitsForDisclosure(); waits || err != nil {
			return false, err
		}
	}
	return true, t.decide()
}

// waitsForDisclosure reports whether a round that opens digests still has tags without one.
func (t *Chunk) waitsForDisclosure() (bool, error) {
	if !t.discloses() {
		return false, nil
	}
	ballots, err := t.ballots()
	if err != nil {
		return false, err
	}
	for _, b := range ballots {
		if len(t.mustDisclose(b.a)) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// decide acts on the votes of all rounds.
func (t *Chunk) decide() error {
	ballots, err := t.ballots()
	if err != nil {
		return err
	}
	votes := make([]types.Vote, 0, len(ballots))
	for i := range ballots {
		if !ballots[i].bystander {
			votes = append(votes, ballots[i].vote)
		}
	}
	if !t.single() && t.index() == 0 && t.rootless(ballots) {
		return t.settleRootless(ballots)
	}
	positions, judged := t.toJudge(ballots)
	rule, err := t.rule(judged)
	if err != nil {
		return err
	}
	decision, key := types.Decide(votes, rule)
	if decision == types.DecisionAccept && t.index() == 0 && t.job.Slashable && t.rootsDiffer(ballots) {
		// Auditors agree with all replicas about the samples; these differ elsewhere.
		if decision = types.DecisionEscalate; rule.Last {
			decision = types.DecisionFail
		}
	}
	switch decision {
	case types.DecisionEscalate:
		if t.needsLeaves(ballots) {
			return t.startLeaves()
		}
		if err := t.forfeitSilent(ballots); err != nil {
			return err
		}
		return t.escalate(positions, judged)
	case types.DecisionAccept:
		if t.job.Policy.Reviewed() && t.current().Phase == types.ROUND_PHASE_REVEAL {
			return t.startReview()
		}
		return t.settleAccepted(ballots, key)
	default:
		return t.settleFailed(ballots, false)
	}
}

// settleAccepted pays the nodes that agree with the result and slashes those that do not.
//
// Escrow pays the replicas of the first round, including auditors. The losers' liabilities
// pay the replicas of further rounds before anything else. The honest share of the rest, at
// most one reward, goes to all nodes that were right. If determinism is not vouched for, a
// node that differs is outvoted and keeps its bond; a silent node loses its bond there too, and
// failed tasks earn the attempt fee only.
func (t *Chunk) settleAccepted(ballots []ballot, key string) error {
	var right, wrong, escalated []*ballot
	found := verdictOf(key)
	failed := t.failed(found)
	for i := range ballots {
		b := &ballots[i]
		switch {
		case b.vote.Key != "" && !t.agrees(b, key, found) && !t.job.Slashable:
			if err := t.outvote(b, failed); err != nil {
				return err
			}
		case !t.agrees(b, key, found):
			wrong = append(wrong, b)
		case b.a.round > 0: // a replica of a further round: the losers pay it
			escalated = append(escalated, b)
			right = append(right, b)
		default:
			right = append(right, b)
		}
	}
	cost := t.job.Value(t.sampled(t.index())).MulRaw(int64(len(escalated)))
	costPaid, honest, err := t.slashAll(wrong, cost, t.mostShared(failed))
	if err != nil {
		return err
	}
	until := int64(0)
	for _, b := range right {
		held, err := t.unlockOrHold(b)
		if err != nil {
			return err
		}
		until = max(until, held) // auditors of a chunk are not held
		if b.a.round > 0 {
			continue
		}
		if err := t.payRight(b, right, found, failed); err != nil {
			return err
		}
	}
	if err := t.payFailedSeats(ballots, failed); err != nil {
		return err
	}
	if err := t.payEscalation(escalated, costPaid); err != nil {
		return err
	}
	if err := t.shareOut(right, honest); err != nil {
		return err
	}
	if t.job.Challenged != nil {
		if err := t.settleChallenge(found, len(right)-len(escalated)); err != nil {
			return err
		}
	}
	return t.writeReceipt(t.accepted(found, right, until), ballots)
}

// payRight pays a replica or auditor of the first round that is right.
func (t *Chunk) payRight(b *ballot, right []*ballot, found verdict, failed uint64) error {
	if t.job.Grant != nil {
		return t.payGranted(b, right, found)
	}
	earned := t.pay(b.a).Sub(t.handover(b.a)).Sub(t.unearned(failed))
	return t.payFromEscrow(b, math.MaxInt(earned, math.ZeroInt()), types.CREDIT_SOURCE_JOBS)
}

// accepted returns what a receipt says about a result. A chunk has a result only if one of the
// nodes that are right has executed all of its tasks.
func (t *Chunk) accepted(found verdict, right []*ballot, until int64) types.Receipt {
	n := t.covering(right)
	if n < 0 {
		return types.Receipt{Status: types.CHUNK_STATUS_FAILED}
	}
	if !t.single() {
		root := right[n].a
		found.tag, found.fuel, found.exitCode = root.Tag, root.Metrics.Fuel, root.ExitCode
	}
	return types.Receipt{
		Status: types.CHUNK_STATUS_ACCEPTED, Tags: t.tags(found, right), ExitCode: found.exitCode, ChallengeUntil: until,
		Fuel: found.fuel, Guarantee: t.job.Guarantee(), FailedTasks: t.failed(found),
	}
}

// covering returns the first of these nodes that has executed all tasks of the chunk, or -1.
func (t *Chunk) covering(nodes []*ballot) int {
	return slices.IndexFunc(nodes, func(b *ballot) bool { return t.covers(b.a) })
}

// unlockOrHold returns the lock of a replica that is right, or holds it while the result of
// its round may be challenged. It returns the height up to which the lock is held, or 0.
func (t *Chunk) unlockOrHold(b *ballot) (int64, error) {
	window := int64(t.job.Policy.ChallengeBlocks)
	if window == 0 || t.index() > 0 || t.executes(b.a) < t.count() {
		return 0, t.unlock(b, types.ASSIGNMENT_STATUS_PAID)
	}
	until, err := t.deps.Nodes.Hold(t.ctx, b.operator, b.a.Locked, t.height()+window)
	if err != nil {
		return 0, err
	}
	return until, b.moveTo(types.ASSIGNMENT_STATUS_PAID)
}

// tags returns the accepted result's tag in each round. The tag of the first round follows
// from the result, unless its replicas judge another job. The tag of a further round is that
// of a node that was right in it, and is empty if there is none.
func (t *Chunk) tags(found verdict, right []*ballot) [][]byte {
	if !t.discloses() {
		return [][]byte{found.tag}
	}
	tags := make([][]byte, len(t.record.Rounds))
	for i := len(right) - 1; i >= 0; i-- {
		tags[right[i].a.round] = right[i].a.Tag
	}
	switch {
	case !t.single():
		tags[0] = found.tag
	case t.job.Challenged == nil:
		first := found.opened[0]
		first.OwnTrace = nil
		tags[0] = t.tag(first)
	}
	return tags
}

// settleRootless ends a chunk whose replicas are all silent. Auditors that agree with each
// other are paid for their samples: they have done what the chunk asked of them. A grant pays
// for accepted results alone.
func (t *Chunk) settleRootless(ballots []ballot) error {
	if unanimous(ballots) && t.job.Grant == nil {
		for i := range ballots {
			b := &ballots[i]
			if b.vote.Key == "" {
				continue
			}
			if err := t.unlock(b, types.ASSIGNMENT_STATUS_PAID); err != nil {
				return err
			}
			if err := t.payFromEscrow(b, t.pay(b.a), types.CREDIT_SOURCE_JOBS); err != nil {
				return err
			}
		}
	}
	return t.settleFailed(ballots, false)
}

// settleFailed ends a task if its votes do not decide on a result, or if no node revealed.
// Silent nodes are slashed; the others earn the attempt fee, because the chain cannot tell
// which of them was right. If the jury deserted, the results that the first round delivered
// are still paid for.
func (t *Chunk) settleFailed(ballots []ballot, deserted bool) error {
	var silent []*ballot
	for i := range ballots {
		b := &ballots[i]
		if b.vote.Key == "" {
			silent = append(silent, b)
			continue
		}
		if b.outcome.Status == types.ASSIGNMENT_STATUS_PAID {
			continue // paid in full
		}
		if err := t.payAttempt(b); err != nil {
			return err
		}
	}
	if _, _, err := t.slashAll(silent, math.ZeroInt(), math.ZeroInt()); err != nil {
		return err
	}
	if deserted {
		if err := t.burnDelivered(ballots); err != nil {
			return err
		}
	}
	return t.writeReceipt(types.Receipt{Status: types.CHUNK_STATUS_FAILED}, ballots)
}

// deserted reports whether enough judges came to the current round, counting those that
// left. Judges leave if they cannot fetch the inputs.
func (t *Chunk) deserted() bool {
	came := len(t.current().Replicas)
	for i := range t.record.Departed {
		if t.record.Departed[i].Round == t.index() {
			came++
		}
	}
	return types.HalfAJury(came, t.current().Asked)
}

// burnDelivered burns the rest of the pay that the first round would have earned for results
// that it delivered. If this money were returned, a requester with a node in that round could
// let it lie, take the inputs away from the judges, and have the work of the other nodes for
// an attempt fee. The judges of a challenge do not deliver.
func (t *Chunk) burnDelivered(ballots []ballot) error {
	if t.job.Challenged != nil {
		return nil
	}
	for i := range ballots {
		b := &ballots[i]
		if b.a.round > 0 || b.vote.Key == "" {
			continue
		}
		if err := t.burnRest(b); err != nil {
			return err
		}
	}
	return nil
}

// burnRest burns the part of a replica's reward that its attempt fee leaves.
func (t *Chunk) burnRest(b *ballot) error {
	return t.burnFromEscrow(math.MinInt(t.pay(b.a).Sub(b.outcome.Paid), t.Left()))
}

// failWithoutJury ends a task whose current round found too few judges. These judges leave
// with the attempt fee, and the earlier rounds fail, because there is no jury to tell which
// nodes lied.
func (t *Chunk) failWithoutJury() error {
	deserted := t.deserted()
	ballots, err := t.ballots()
	if err != nil {
		return err
	}
	for i := range ballots {
		b := &ballots[i]
		if b.a.round != t.index() {
			continue
		}
		if err := t.payAttempt(b); err != nil {
			return err
		}
		t.record.Departed = append(t.record.Departed, b.outcome)
	}
	if err := t.believeReports(); err != nil {
		return err
	}
	if err := t.classifyMissed(); err != nil {
		return err
	}
	t.record.Rounds = t.record.Rounds[:t.index()]
	if ballots, err = t.ballots(); err != nil {
		return err
	}
	return t.settleFailed(ballots, deserted)
}

// slashAll takes the whole liability of each loser. It returns the amounts that escrow
// received: the cost, as far as the liabilities cover it, and the honest share, at most most
// for all losers together. If the honest share could exceed one reward, it would be
// profitable to look for a program on which honest machines differ.
func (t *Chunk) slashAll(losers []*ballot, cost, most math.Int) (costPaid, honest math.Int, err error) {
	costPaid, honest = math.ZeroInt(), math.ZeroInt()
	for _, b := range losers {
		status, reason := types.ASSIGNMENT_STATUS_SLASHED, edgenodetypes.ReasonWrongResult
		if b.vote.Key == "" && !b.echo {
			status, reason = types.ASSIGNMENT_STATUS_NO_REVEAL, edgenodetypes.ReasonNoReveal
		}
		out, err := t.deps.Nodes.Slash(t.ctx, edgenodetypes.SlashRequest{
			Operator: b.operator, Liability: b.a.Locked, Cost: cost.Sub(costPaid), Honest: most.Sub(honest),
			To: types.ModuleName, Reason: reason, JobID: t.job.Id, Task: t.record.Index,
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

// unlock returns a replica's lock.
func (t *Chunk) unlock(b *ballot, status types.AssignmentStatus) error {
	if err := t.deps.Nodes.Release(t.ctx, b.operator, b.a.Locked); err != nil {
		return err
	}
	return b.moveTo(status)
}

// payAttempt returns a replica's lock and pays it the attempt fee, as far as escrow covers
// it.
func (t *Chunk) payAttempt(b *ballot) error {
	fee := math.MinInt(t.params.AttemptFee(t.pay(b.a)), t.Left())
	status := types.ASSIGNMENT_STATUS_UNPAID
	if fee.IsPositive() {
		status = types.ASSIGNMENT_STATUS_PAID
	}
	if err := t.unlock(b, status); err != nil {
		return err
	}
	return t.payFromEscrow(b, fee, types.CREDIT_SOURCE_ATTEMPTS)
}

// payEscalation credits the replicas of further rounds with what the losers paid.
func (t *Chunk) payEscalation(escalated []*ballot, pot math.Int) error {
	if !pot.IsPositive() {
		return nil
	}
	denom, err := t.bondDenom()
	if err != nil {
		return err
	}
	for i, amount := range types.Shares(pot, len(escalated)) {
		if !amount.IsPositive() {
			continue
		}
		escalated[i].outcome.Share = escalated[i].outcome.Share.Add(amount)
		if _, err := t.deps.Rewards.CreditReward(t.ctx, escalated[i].operator, sdk.NewCoin(denom, amount), t.from(types.CREDIT_SOURCE_JUDGING)); err != nil {
			return err
		}
	}
	return nil
}

// shareOut credits the honest share of the losers' liabilities.
func (t *Chunk) shareOut(right []*ballot, honest math.Int) error {
	if !honest.IsPositive() {
		return nil
	}
	denom, err := t.bondDenom()
	if err != nil {
		return err
	}
	for i, amount := range types.Shares(honest, len(right)) {
		if !amount.IsPositive() {
			continue
		}
		right[i].outcome.Share = right[i].outcome.Share.Add(amount)
		if err := t.deps.Rewards.CreditShare(t.ctx, right[i].operator, sdk.NewCoin(denom, amount), t.from(types.CREDIT_SOURCE_HONEST_SHARES)); err != nil {
			return err
		}
	}
	return nil
}
