package types

import (
	"cosmossdk.io/math"
)

// CountObjections judges the objections to an optimistic proposal: the votes no and no_with_veto of stakers,
// who have a power, and of bonds. A bond counts, as a vote and as power, only if it objects, so that no vote
// for the proposal makes objections weaker.
func CountObjections(bps uint32, lapsed string, stakers Sums, power math.Int, operators Sums, rules Rules) *Optimistic {
	objecting := operators.against()
	whole := power.Add(objecting.TruncateInt())
	o := &Optimistic{
		ObjectionBps: bps, Objections: stakers.against().Add(objecting), Power: whole, Lapsed: lapsed,
		Needed: math.LegacyNewDecFromIntWithPrec(whole.MulRaw(int64(bps)), basisPointDigits),
	}
	o.Verdict = rules.Judge(o.votes(stakers, operators), whole)
	if o.Verdict == VERDICT_NOT_ENOUGH_YES {
		o.Verdict = VERDICT_OBJECTED
	}
	return o
}

// basisPointDigits is the number of decimals of a basis point.
const basisPointDigits = 4

// Objected reports whether the objections reach the share that rejects the proposal.
func (o Optimistic) Objected() bool { return o.Objections.GTE(o.Needed) }

// votes returns objections in the form in which x/gov judges votes. Power that does not object agrees. If
// the objections suffice, it abstains, so that nothing is for the proposal.
func (o Optimistic) votes(stakers, operators Sums) Sums {
	sums := ZeroSums()
	sums.No, sums.NoWithVeto = stakers.No.Add(operators.No), stakers.NoWithVeto.Add(operators.NoWithVeto)
	// Rounding may leave some more objections than power.
	silent := math.LegacyMaxDec(math.LegacyZeroDec(), math.LegacyNewDecFromInt(o.Power).Sub(o.Objections))
	if o.Objected() {
		sums.Abstain = silent
	} else {
		sums.Yes = silent
	}
	sums.Total = silent.Add(o.Objections)
	return sums
}

// against returns the votes no and no_with_veto.
func (s Sums) against() math.LegacyDec { return s.No.Add(s.NoWithVeto) }
