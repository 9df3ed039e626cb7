package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/thetaedge/theta/x/tally/types"
)

// ballotBox contains votes of stakers, who have a power, and of bonds, in whole units.
type ballotBox struct {
	power, yes, abstain, no, veto             int64
	bondYes, bondAbstain, bondNo, bondVetoing int64
}

func (b ballotBox) stakers() types.Sums { return sums(b.yes, b.abstain, b.no, b.veto) }

func (b ballotBox) bonds() types.Sums {
	return sums(b.bondYes, b.bondAbstain, b.bondNo, b.bondVetoing)
}

func sums(yes, abstain, no, veto int64) types.Sums {
	return types.Sums{
		Yes: math.LegacyNewDec(yes), Abstain: math.LegacyNewDec(abstain), No: math.LegacyNewDec(no), NoWithVeto: math.LegacyNewDec(veto),
		Total: math.LegacyNewDec(yes + abstain + no + veto),
	}
}

func (b ballotBox) count(bps uint32, lapsed string, rules types.Rules) types.Tally {
	power := math.NewInt(b.power)
	o := types.CountObjections(bps, lapsed, b.stakers(), power, b.bonds(), rules)
	return types.NewTally(types.Voting{ProposalId: 1}, b.stakers(), power, b.bonds(), rules, o)
}

// drawBox draws votes of at most the power of stakers.
func drawBox(r *rapid.T) ballotBox {
	b := ballotBox{power: rapid.SampledFrom([]int64{0, 1, 9, 10, 20, 25, 30, 100}).Draw(r, "power")}
	left := b.power
	if rapid.Bool().Draw(r, "voters for it") {
		b.yes = rapid.Int64Range(0, left).Draw(r, "yes")
		left -= b.yes
		b.abstain = rapid.Int64Range(0, left).Draw(r, "abstain")
		left -= b.abstain
	}
	left = min(left, rapid.SampledFrom([]int64{0, 1, 2, 5, 100}).Draw(r, "voters against it"))
	b.no = rapid.Int64Range(0, left).Draw(r, "no")
	b.veto = rapid.Int64Range(0, left-b.no).Draw(r, "veto")
	if rapid.Bool().Draw(r, "bonds") {
		b.bondYes = rapid.Int64Range(0, 30).Draw(r, "bond yes")
		b.bondAbstain = rapid.Int64Range(0, 30).Draw(r, "bond abstain")
		b.bondNo = rapid.Int64Range(0, 5).Draw(r, "bond no")
		b.bondVetoing = rapid.Int64Range(0, 5).Draw(r, "bond veto")
	}
	return b
}

func defaultRules(t require.TestingT) types.Rules {
	rules, err := types.NewRules(govv1.DefaultParams(), false)
	require.NoError(t, err)
	return rules
}

// Objections decide by whole numbers: at least the share of the power that could object rejects, and less
// does not. Votes for the proposal change nothing, and one more objection never helps it.
func TestObjectionsDecideAnOptimisticProposal(t *testing.T) {
	seen := map[types.Verdict]int{}
	rapid.Check(t, func(r *rapid.T) {
		b, rules := drawBox(r), defaultRules(r)
		bps := rapid.SampledFrom([]uint32{1, 500, 1_000, 2_500, 3_333}).Draw(r, "bps")
		found := b.count(bps, "", rules)
		seen[found.Verdict]++
		require.Equal(r, found.Optimistic.Verdict, found.Verdict)
		require.Equal(r, bps, found.Optimistic.ObjectionBps)

		objections, power := b.no+b.veto+b.bondNo+b.bondVetoing, b.power+b.bondNo+b.bondVetoing
		vetoes := b.veto + b.bondVetoing
		expected := types.VERDICT_ACCEPTED
		switch {
		case power == 0:
			expected = types.VERDICT_NO_POWER
		case vetoes*1_000 > power*334: // the veto threshold of x/gov
			expected = types.VERDICT_VETOED
		case objections*types.BasisPoints >= int64(bps)*power:
			expected = types.VERDICT_OBJECTED
		}
		require.Equal(r, expected, found.Verdict, "%+v", b)

		silent := b
		silent.yes, silent.abstain, silent.bondYes, silent.bondAbstain = 0, 0, 0, 0
		require.Equal(r, found.Optimistic.String(), silent.count(bps, "", rules).Optimistic.String(), "votes for it change nothing")
		if more := b; b.no+b.veto < b.power {
			more.no, more.yes, more.abstain = b.no+1, 0, 0
			requireNotBetter(r, found, more.count(bps, "", rules))
		}
		more := b
		more.bondNo++
		requireNotBetter(r, found, more.count(bps, "", rules))
		requireNotBetter(r, b.count(bps+1, "", rules), found) // a lower share is stricter
	})
	for _, verdict := range []types.Verdict{types.VERDICT_ACCEPTED, types.VERDICT_OBJECTED, types.VERDICT_VETOED, types.VERDICT_NO_POWER} {
		require.Positive(t, seen[verdict], verdict.String())
	}
}

// requireNotBetter requires that a proposal that is not accepted before is not accepted after.
func requireNotBetter(r *rapid.T, before, after types.Tally) {
	if before.Verdict != types.VERDICT_ACCEPTED {
		require.NotEqual(r, types.VERDICT_ACCEPTED, after.Verdict)
	}
}

// The part that decides, judged by the rules of x/gov, gives the verdict. A proposal that has lapsed passes
// only if it would pass as a regular one and as an optimistic one.
func TestALapsedProposalNeedsWhatBothKindsNeed(t *testing.T) {
	seen := map[types.Verdict]int{}
	rapid.Check(t, func(r *rapid.T) {
		b, rules := drawBox(r), defaultRules(r)
		bps := rapid.SampledFrom([]uint32{1, 500, 1_000, 2_500, 3_333}).Draw(r, "bps")
		optimistic, lapsed := b.count(bps, "", rules), b.count(bps, "removed", rules)
		regular := types.NewTally(types.Voting{ProposalId: 1}, b.stakers(), math.NewInt(b.power), b.bonds(), rules, nil)
		both := optimistic.Verdict == types.VERDICT_ACCEPTED && regular.Verdict == types.VERDICT_ACCEPTED
		require.Equal(r, both, lapsed.Verdict == types.VERDICT_ACCEPTED, "%+v", b)
		if optimistic.Verdict == types.VERDICT_ACCEPTED {
			require.Equal(r, regular.Verdict, lapsed.Verdict)
		}
		for _, t := range []types.Tally{optimistic, lapsed} {
			part := t.Deciding()
			require.Equal(r, part.Verdict, t.Verdict)
			require.Equal(r, part.Verdict == types.VERDICT_ACCEPTED, rules.Judge(part.Votes, part.Power) == types.VERDICT_ACCEPTED)
			require.Equal(r, part.Verdict == types.VERDICT_VETOED, rules.Judge(part.Votes, part.Power) == types.VERDICT_VETOED)
		}
		seen[lapsed.Verdict]++
	})
	for _, verdict := range []types.Verdict{types.VERDICT_ACCEPTED, types.VERDICT_OBJECTED, types.VERDICT_VETOED, types.VERDICT_NO_QUORUM} {
		require.Positive(t, seen[verdict], verdict.String())
	}
}

// If x/gov asks for nearly all votes, an optimistic proposal needs nearly all power to be silent.
func TestAHighThresholdOfGovAppliesToOptimisticProposalsToo(t *testing.T) {
	rules := defaultRules(t)
	b := ballotBox{power: 100, no: 9}
	require.Equal(t, types.VERDICT_ACCEPTED, b.count(1_000, "", rules).Verdict)
	rules.Threshold = math.LegacyNewDecWithPrec(95, 2)
	require.Equal(t, types.VERDICT_OBJECTED, b.count(1_000, "", rules).Verdict)
}
