package round

import (
	"bytes"
	"errors"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// settleChallenge ends a challenge with the result on which its judges have agreed. The
// challenger pays paid of them.
func (t *Chunk) settleChallenge(found verdict, paid int) error {
	id, c, err := t.challenge()
	if err != nil {
		return err
	}
	if t.upholds(found, &c) {
		return t.leaveChallenge(id, c, types.CHALLENGE_VERDICT_UPHELD, math.ZeroInt(), math.ZeroInt())
	}
	spent := t.job.Value(t.count()).MulRaw(int64(paid))
	award, compensation := math.MinInt(spent, c.Pledged), math.ZeroInt()
	if c.Convicted {
		c.Pledged = c.Pledged.Sub(award)
		err = t.creditTo(t.job.Requester, award)
	} else {
		award, compensation, err = t.convict(&c, spent, paid)
	}
	if err != nil {
		return err
	}
	return t.leaveChallenge(id, c, types.CHALLENGE_VERDICT_CONVICTED, award, compensation)
}

// upholds reports whether the judges have found the result that is challenged. Judges of a
// whole chunk open its root.
func (t *Chunk) upholds(found verdict, c *types.Challenge) bool {
	judged, shown := t.job.Challenged, found.opened[0]
	if judged.Whole() {
		return bytes.Equal(shown.Digest, judged.Tag) && found.fuel == judged.Fuel && found.exitCode == 0
	}
	tag := types.Tag(sdk.UnwrapSDKContext(t.ctx).ChainID(), c.JobId, judged.Task,
		types.Opening{Digest: shown.Digest, Fuel: shown.Fuel, ExitCode: shown.ExitCode, Trace: shown.Trace})
	// The first round of a chunk of one task states the exit code in addition to its tag.
	sameExit := c.Count > 1 || found.exitCode == c.ExitCode
	return bytes.Equal(tag, judged.Tag) && found.fuel == judged.Fuel && sameExit
}

// convict slashes the nodes that agreed on a false result. Their liabilities first repay the
// challenger's spending on judges, then the account that paid for the result. The remainder
// is pledged to the challengers of other judging jobs, so that no challenger loses by having
// challenged a little later: the pay of as many judges for all tasks that these jobs judge.
// The challenger also gets the honest share of the rest, which is at most one reward. convict
// returns what the two accounts received.
func (t *Chunk) convict(c *types.Challenge, spent math.Int, judges int) (award, compensation math.Int, err error) {
	wronged := t.job.Value(c.Count).MulRaw(int64(len(c.Defendants)))
	if c.Requester == "" { // the chain has paid for the result, by a grant
		wronged = math.ZeroInt()
	}
	owed := t.job.Value(c.JudgedTasks).MulRaw(int64(judges)).Add(wronged)
	got, honest := math.ZeroInt(), math.ZeroInt()
	for i := range c.Defendants {
		d := &c.Defendants[i]
		operator, err := t.operator(d.Operator)
		if err != nil {
			return got, honest, err
		}
		out, err := t.deps.Nodes.Slash(t.ctx, edgenodetypes.SlashRequest{
			Operator: operator, Liability: d.Locked, Contested: true, Unlocked: c.Liability.Sub(d.Locked),
			Cost: owed.Sub(got), Honest: t.job.BondValue.Sub(honest), To: types.ModuleName,
			Reason: edgenodetypes.ReasonWrongResult, JobID: c.JobId, Task: t.job.Challenged.Task,
		})
		d.Locked = math.ZeroInt()
		if errors.Is(err, edgenodetypes.ErrNodeNotFound) {
			continue // the node and its bond are gone
		}
		if err != nil {
			return got, honest, err
		}
		got, honest = got.Add(out.Cost), honest.Add(out.Honest)
	}
	c.Convicted = true
	award = math.MinInt(got, spent)
	compensation = math.MinInt(got.Sub(award), wronged)
	c.Pledged = got.Sub(award).Sub(compensation)
	award = award.Add(honest)
	if err := t.creditTo(t.job.Requester, award); err != nil {
		return award, compensation, err
	}
	if compensation.IsZero() {
		return award, compensation, nil
	}
	return award, compensation, t.creditTo(c.Requester, compensation)
}

// creditTo adds an amount of the bond denom, which is in escrow, to the earnings of an
// account.
func (t *Chunk) creditTo(account string, amount math.Int) error {
	addr, err := t.operator(account)
	if err != nil {
		return err
	}
	denom, err := t.bondDenom()
	if err != nil {
		return err
	}
	return t.deps.Rewards.CreditShare(t.ctx, addr, sdk.NewCoin(denom, amount), t.from(types.CREDIT_SOURCE_CHALLENGES))
}

// abortChallenge ends a challenge on which the judges did not reach a verdict. It costs the
// challenger a part of the amount that they put up: otherwise it would be free to have the
// bonds of others locked.
func (t *Chunk) abortChallenge() error {
	fee := math.MinInt(t.params.AttemptFee(t.job.ReserveOf(t.count())), t.Left())
	if err := t.burnFromEscrow(fee); err != nil {
		return err
	}
	id, c, err := t.challenge()
	if err != nil {
		return err
	}
	return t.leaveChallenge(id, c, types.CHALLENGE_VERDICT_UNSPECIFIED, math.ZeroInt(), math.ZeroInt())
}

// leaveChallenge removes the job from those that judge the challenge. When the last one
// leaves, the contested liabilities are held again for as long as other accounts may
// challenge. A conviction is stored with the job, so that it happens only once.
func (t *Chunk) leaveChallenge(id types.JobID, c types.Challenge, verdict types.ChallengeVerdict, award, compensation math.Int) error {
	c.Judging--
	c.JudgedTasks -= t.job.Challenged.Count
	if c.Judging == 0 {
		if err := t.releaseDefendants(&c); err != nil {
			return err
		}
	}
	kept, err := t.deps.Records.HasSpec(t.ctx, id)
	if err != nil {
		return err
	}
	if c.Judging > 0 || c.Convicted && kept {
		err = t.deps.Records.SetChallenge(t.ctx, id, c)
	} else {
		err = t.deps.Records.RemoveChallenge(t.ctx, id, c.Task)
	}
	if err != nil {
		return err
	}
	denom, err := t.bondDenom()
	if err != nil {
		return err
	}
	return sdk.UnwrapSDKContext(t.ctx).EventManager().EmitTypedEvent(&types.EventChallengeJudged{
		JobId: c.JobId, Task: t.job.Challenged.Task, JudgingJob: t.job.Id, Verdict: verdict,
		Award: sdk.NewCoin(denom, award), Compensation: sdk.NewCoin(denom, compensation),
	})
}

// releaseDefendants returns what is still locked, and burns the rest of the pledges.
func (t *Chunk) releaseDefendants(c *types.Challenge) error {
	if c.Pledged.IsPositive() {
		denom, err := t.bondDenom()
		if err != nil {
			return err
		}
		if err := t.deps.Bank.BurnCoins(t.ctx, types.ModuleName, sdk.NewCoins(sdk.NewCoin(denom, c.Pledged))); err != nil {
			return err
		}
		c.Pledged = math.ZeroInt()
	}
	if c.Convicted {
		return nil
	}
	for _, d := range c.Defendants {
		operator, err := t.operator(d.Operator)
		if err != nil {
			return err
		}
		err = t.deps.Nodes.Settle(t.ctx, operator, d.Locked, c.Until)
		if errors.Is(err, edgenodetypes.ErrNodeNotFound) {
			continue // the node and its bond are gone
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// challenge returns the challenge that the job judges, and the id of the job whose result it
// contests.
func (t *Chunk) challenge() (types.JobID, types.Challenge, error) {
	id, err := types.ParseJobID(t.job.Challenged.JobId)
	if err != nil {
		return id, types.Challenge{}, err
	}
	c, err := t.deps.Records.Challenge(t.ctx, id, t.job.Challenged.Chunk)
	return id, c, err
}

// defends reports whether the job judges this operator's result.
func (t *Chunk) defends(operator string) (bool, error) {
	_, c, err := t.challenge()
	return slices.ContainsFunc(c.Defendants, func(d types.Defendant) bool { return d.Operator == operator }), err
}
