package types

import (
	"fmt"

	"cosmossdk.io/math"

	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
)

// Rules are the parameters of x/gov by which votes accept a proposal, as shares of 1.
type Rules struct {
	// Quorum is the least share of the power that votes.
	Quorum math.LegacyDec
	// Threshold is the share of the votes without abstentions above which yes wins.
	Threshold math.LegacyDec
	// Veto is the share of the votes above which vetoes reject.
	Veto math.LegacyDec
}

// NewRules returns the rules for a proposal.
func NewRules(params govv1.Params, expedited bool) (Rules, error) {
	threshold := params.Threshold
	if expedited {
		threshold = params.ExpeditedThreshold
	}
	var r Rules
	for _, share := range []struct {
		name, text string
		to         *math.LegacyDec
	}{
		{"quorum", params.Quorum, &r.Quorum},
		{"threshold", threshold, &r.Threshold},
		{"veto_threshold", params.VetoThreshold, &r.Veto},
	} {
		value, err := math.LegacyNewDecFromStr(share.text)
		if err != nil {
			return Rules{}, fmt.Errorf("%s of x/gov: expected a share such as 0.5, found %q: %w", share.name, share.text, err)
		}
		*share.to = value
	}
	return r, nil
}

// Judge returns what votes say of a proposal, as the Tally of x/gov decides it.
func (r Rules) Judge(votes Sums, power math.Int) Verdict {
	switch voting := votes.Total.Sub(votes.Abstain); {
	case power.IsZero():
		return VERDICT_NO_POWER
	case votes.Total.Quo(math.LegacyNewDecFromInt(power)).LT(r.Quorum):
		return VERDICT_NO_QUORUM
	case voting.IsZero():
		return VERDICT_ALL_ABSTAINED
	case votes.NoWithVeto.Quo(votes.Total).GT(r.Veto):
		return VERDICT_VETOED
	case votes.Yes.Quo(voting).GT(r.Threshold):
		return VERDICT_ACCEPTED
	}
	return VERDICT_NOT_ENOUGH_YES
}

// NewTally judges the votes of validators and delegators, who have a power, and the bonds of
// operators. Bonds that vote are power too; others are not, so that the bonds of operators who
// are away do not put the quorum out of reach.
//
// The objections to an optimistic proposal are counted by CountObjections; nil for others.
func NewTally(voting Voting, stakers Sums, power math.Int, operators Sums, rules Rules, optimistic *Optimistic) Tally {
	all, whole := stakers.Plus(operators), power.Add(operators.Total.TruncateInt())
	t := Tally{
		ProposalId: voting.ProposalId, StakersMustAccept: voting.StakersMustAccept, Operators: operators,
		Stakers: Part{Votes: stakers, Power: power, Verdict: rules.Judge(stakers, power)},
		All:     Part{Votes: all, Power: whole, Verdict: rules.Judge(all, whole)},

		Optimistic: optimistic,
	}
	t.Verdict = t.Deciding().Verdict
	return t
}

// Deciding returns the part that decides. x/gov judges it by the same rules, and records it as the final
// tally of the proposal. An optimistic proposal that has lapsed needs the votes of a regular one, and the
// objections decide only if they reject it.
func (t Tally) Deciding() Part {
	if o := t.Optimistic; o != nil && (o.Lapsed == "" || o.Verdict != VERDICT_ACCEPTED) {
		return Part{Votes: o.votes(t.Stakers.Votes, t.Operators), Power: o.Power, Verdict: o.Verdict}
	}
	if t.StakersMustAccept && t.Stakers.Verdict != VERDICT_ACCEPTED {
		return t.Stakers
	}
	return t.All
}
