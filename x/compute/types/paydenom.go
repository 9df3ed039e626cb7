package types

import (
	"fmt"
	"regexp"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

const (
	// maxHaircutBps keeps a liability within ten times the worth of the pay that it covers.
	maxHaircutBps = 9_000
	// maxHeight is the largest height that JSON readers with floats represent exactly.
	maxHeight = 1 << 53
	// maxExponent is the largest power of ten between the unit of people and that of the bank.
	maxExponent = 30
)

// displayPattern is the form of a unit in which people write amounts. It is that of bank
// denoms without the characters that the names of vouchers have.
var displayPattern = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9._-]{2,127}$`)

// BondValue returns the worth of a reward in the bond denom that liabilities answer for,
// rounded up. A bond of this amount is worth the reward even after it has lost the haircut:
//
//	value * (1 - haircut) >= reward * bond_numerator / bond_denominator
func (d PaymentDenom) BondValue(reward math.Int) math.Int {
	num := reward.Mul(math.NewIntFromUint64(d.BondNumerator)).MulRaw(BasisPoints)
	den := math.NewIntFromUint64(d.BondDenominator).MulRaw(BasisPoints - int64(d.HaircutBps))
	return num.Add(den).SubRaw(1).Quo(den)
}

// CheckExpiry returns ErrDenomExpired if governance does not answer for the value of the denom
// until a height.
func (d PaymentDenom) CheckExpiry(until int64) error {
	if d.ExpiryHeight == 0 || until <= d.ExpiryHeight {
		return nil
	}
	return ErrDenomExpired.Wrapf("the value of %s in the bond denom holds until height %d, and results of this job may cost bonds until %d; "+
		"ask for shorter windows (lifetime_blocks, commit_blocks, review_blocks, challenge_blocks), pay in another denom, or propose a new value", d.Denom, d.ExpiryHeight, until)
}

// SpanAfterLifetime returns the number of blocks from the end of a job's lifetime to the end of
// the windows in which its results can cost bonds: the last draw, the execution, an audit with
// one draw, the reveals, and the review or the time for challenges. A late seed, further draws
// of auditors and further rounds may take longer; the haircut has to cover them.
func (p Params) SpanAfterLifetime(policy Policy, commitBlocks uint64) int64 {
	once := p.ClaimBlocks + commitBlocks
	span := once + p.RevealBlocks + policy.ReviewBlocks + policy.ChallengeBlocks
	if policy.AuditBps > 0 {
		span += once
	}
	return int64(span) // the parameters bound each window
}

// CheckDenom returns the rule of the denom in which a job pays that ends its lifetime at a height.
// It returns ErrInvalidReward if jobs may not pay in the denom, and ErrDenomExpired.
func (p Params) CheckDenom(denom string, policy Policy, commitBlocks uint64, expires int64) (PaymentDenom, error) {
	d, ok := p.PaymentDenom(denom)
	if !ok {
		return d, ErrInvalidReward.Wrapf("denom %s is not accepted; see the denoms in the params", denom)
	}
	return d, d.CheckExpiry(expires + p.SpanAfterLifetime(policy, commitBlocks))
}

// PaymentDenom returns the rule of a denom, and reports whether jobs may pay with it.
func (p Params) PaymentDenom(denom string) (PaymentDenom, bool) {
	for _, d := range p.Denoms {
		if d.Denom == denom {
			return d, true
		}
	}
	return PaymentDenom{}, false
}

// validateDenoms checks the list of denoms. People must be able to tell what a name means, so
// that no denom or display unit is named twice.
func (p Params) validateDenoms() error {
	bad := ErrInvalidParams
	if len(p.Denoms) == 0 || len(p.Denoms) > 64 {
		return bad.Wrapf("denoms: expected 1 to 64, found %d", len(p.Denoms))
	}
	var names []string
	for _, d := range p.Denoms {
		if err := d.validate(); err != nil {
			return bad.Wrapf("denoms: %s", err)
		}
		own := []string{d.Denom}
		if d.Display != "" && d.Display != d.Denom {
			own = append(own, d.Display)
		}
		for _, name := range own {
			if slices.Contains(names, name) {
				return bad.Wrapf("denoms: %s is named twice", name)
			}
		}
		names = append(names, own...)
	}
	return nil
}

// validate checks one denom. It does not wrap a sentinel.
func (d PaymentDenom) validate() error {
	if err := sdk.ValidateDenom(d.Denom); err != nil {
		return err
	}
	switch {
	case d.MinReward.IsNil() || !d.MinReward.IsPositive() || d.MinReward.GT(maxReward):
		return fmt.Errorf("expected a min_reward of %s from 1 to %s, found %s", d.Denom, maxReward, d.MinReward)
	case d.BondNumerator == 0 || d.BondDenominator == 0:
		return fmt.Errorf("expected a value of %s in the bond denom above 0", d.Denom)
	case d.HaircutBps > maxHaircutBps:
		return fmt.Errorf("haircut_bps of %s: expected 0 to %d, found %d", d.Denom, maxHaircutBps, d.HaircutBps)
	case d.ExpiryHeight < 0 || d.ExpiryHeight > maxHeight:
		return fmt.Errorf("expiry_height of %s: expected 0 to %d, found %d", d.Denom, int64(maxHeight), d.ExpiryHeight)
	case d.Display == "" && d.Exponent != 0:
		return fmt.Errorf("exponent of %s: expected a display unit for the exponent %d, found none", d.Denom, d.Exponent)
	case d.Display != "" && !displayPattern.MatchString(d.Display):
		return fmt.Errorf("display of %s: expected a name such as usdc, found %.64q", d.Denom, d.Display)
	case d.Exponent > maxExponent:
		return fmt.Errorf("exponent of %s: expected 0 to %d, found %d", d.Denom, maxExponent, d.Exponent)
	case d.Display == d.Denom && d.Exponent != 0:
		return fmt.Errorf("exponent of %s: expected 0 because its display unit is the denom itself, found %d", d.Denom, d.Exponent)
	}
	if worth := d.BondValue(d.MinReward); worth.GT(maxReward) {
		return fmt.Errorf("min_reward of %s: expected a worth of at most %s in the bond denom, found %s", d.Denom, maxReward, worth)
	}
	return nil
}
