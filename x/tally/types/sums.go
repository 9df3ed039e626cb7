package types

import (
	"cosmossdk.io/math"

	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
)

// ZeroSums returns sums without a vote.
func ZeroSums() Sums {
	zero := math.LegacyZeroDec()
	return Sums{Yes: zero, Abstain: zero, No: zero, NoWithVeto: zero, Total: zero}
}

// With returns the sums after a vote of an amount, which the options divide by their weights.
// It returns ErrInvalidVote for a vote that x/gov refuses.
func (s Sums) With(options []*govv1.WeightedVoteOption, amount math.LegacyDec) (Sums, error) {
	return s.move(options, amount)
}

// Without returns the sums without a vote that With has added.
func (s Sums) Without(options []*govv1.WeightedVoteOption, amount math.LegacyDec) (Sums, error) {
	return s.move(options, amount.Neg())
}

// move rounds half to even, so that the parts of an amount and of its negative cancel out.
func (s Sums) move(options []*govv1.WeightedVoteOption, amount math.LegacyDec) (Sums, error) {
	if amount.IsZero() {
		return s, nil
	}
	for _, option := range options {
		weight, err := math.LegacyNewDecFromStr(option.Weight)
		if err != nil {
			return s, ErrInvalidVote.Wrapf("expected a weight such as 0.5, found %q: %s", option.Weight, err)
		}
		part := amount.Mul(weight)
		switch option.Option {
		case govv1.OptionYes:
			s.Yes = s.Yes.Add(part)
		case govv1.OptionAbstain:
			s.Abstain = s.Abstain.Add(part)
		case govv1.OptionNo:
			s.No = s.No.Add(part)
		case govv1.OptionNoWithVeto:
			s.NoWithVeto = s.NoWithVeto.Add(part)
		default:
			return s, ErrInvalidVote.Wrapf("expected yes, abstain, no or no_with_veto, found %s", option.Option)
		}
	}
	s.Total = s.Total.Add(amount)
	return s, nil
}

// Plus returns the sums of two groups of voters.
func (s Sums) Plus(other Sums) Sums {
	return Sums{
		Yes: s.Yes.Add(other.Yes), Abstain: s.Abstain.Add(other.Abstain), No: s.No.Add(other.No),
		NoWithVeto: s.NoWithVeto.Add(other.NoWithVeto), Total: s.Total.Add(other.Total),
	}
}

// InTokens returns sums of shares in units of the bond denom, by the tokens and the shares of
// the validator.
func (s Sums) InTokens(tokens math.Int, shares math.LegacyDec) Sums {
	worth := func(part math.LegacyDec) math.LegacyDec { return part.MulInt(tokens).Quo(shares) }
	return Sums{
		Yes: worth(s.Yes), Abstain: worth(s.Abstain), No: worth(s.No), NoWithVeto: worth(s.NoWithVeto), Total: worth(s.Total),
	}
}

// Equal reports whether two sums are the same.
func (s Sums) Equal(other Sums) bool {
	return s.Yes.Equal(other.Yes) && s.Abstain.Equal(other.Abstain) && s.No.Equal(other.No) &&
		s.NoWithVeto.Equal(other.NoWithVeto) && s.Total.Equal(other.Total)
}

// Results returns the sums in the form in which x/gov judges them.
func (s Sums) Results() map[govv1.VoteOption]math.LegacyDec {
	return map[govv1.VoteOption]math.LegacyDec{
		govv1.OptionYes: s.Yes, govv1.OptionAbstain: s.Abstain, govv1.OptionNo: s.No, govv1.OptionNoWithVeto: s.NoWithVeto,
	}
}
