package types

import (
	"math/big"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// BasisPoints is the whole in basis points.
const BasisPoints = 10_000

// SlashRequest asks for the loss of an assignment's whole liability.
type SlashRequest struct {
	// Operator who loses it.
	Operator sdk.AccAddress
	// Liability that the assignment locked, in units of the bond denom.
	Liability math.Int
	// Contested says that Contest has locked the liability: its slot is free already.
	Contested bool
	// Unlocked is what is owed beyond it and locked nowhere, as for a fault that
	// shows after the lock was released: taken from the free bond and, where that
	// is not enough, from the operator's unbondings, youngest first. None when nil.
	Unlocked math.Int
	// Cost of the fault, paid before anything is shared; capped by what is lost.
	Cost math.Int
	// Honest is the most that the honest share comes to, in units of the bond denom;
	// what it would be beyond that is burned. None when nil, as without honest replicas.
	Honest math.Int
	// To is the module account that gets the cost and the honest share.
	To string
	// Reason is ReasonWrongResult or ReasonNoReveal.
	Reason string
	// JobID and Task say where it happened.
	JobID string
	Task  uint64
}

// Validate refuses requests that no caller makes on purpose.
func (r SlashRequest) Validate() error {
	if err := CheckLiability(r.Liability); err != nil {
		return err
	}
	if !r.Unlocked.IsNil() && r.Unlocked.IsNegative() {
		return ErrInvalidSlash.Wrapf("expected an unlocked part of 0 or more, found %s", r.Unlocked)
	}
	if r.Cost.IsNil() || r.Cost.IsNegative() {
		return ErrInvalidSlash.Wrapf("expected a cost of 0 or more, found %s", r.Cost)
	}
	if !r.Honest.IsNil() && r.Honest.IsNegative() {
		return ErrInvalidSlash.Wrapf("expected an honest share of 0 or more, found %s", r.Honest)
	}
	if r.To == "" {
		return ErrInvalidSlash.Wrap("expected the module account that is paid, found none")
	}
	if r.Reason != ReasonWrongResult && r.Reason != ReasonNoReveal {
		return ErrInvalidSlash.Wrapf("expected reason %q or %q, found %q", ReasonWrongResult, ReasonNoReveal, r.Reason)
	}
	return nil
}

// PenaltyRequest asks for a fault to be counted that does not cost the whole
// liability.
type PenaltyRequest struct {
	// Operator whose fault it is.
	Operator sdk.AccAddress
	// Liability that the assignment locked, in units of the bond denom; it is given
	// back with the slot.
	Liability math.Int
	// Amount of the bond that is burned, at most the liability; 0 for a wrong result.
	Amount math.Int
	// Reason is ReasonMissedDeadline, or ReasonWrongResult for a minority digest of a
	// program that is not deterministic: that may be nobody's lie, so it costs no bond.
	Reason string
	// JobID and Task say where it happened.
	JobID string
	Task  uint64
}

// Validate refuses requests that no caller makes on purpose.
func (r PenaltyRequest) Validate() error {
	if err := CheckLiability(r.Liability); err != nil {
		return err
	}
	if r.Amount.IsNil() || r.Amount.IsNegative() {
		return ErrInvalidSlash.Wrapf("expected an amount of 0 or more, found %s", r.Amount)
	}
	switch r.Reason {
	case ReasonMissedDeadline:
		return nil
	case ReasonWrongResult:
		if !r.Amount.IsZero() {
			return ErrInvalidSlash.Wrapf("expected a minority digest to cost no bond, found %s; slash the node that lied instead", r.Amount)
		}
		return nil
	default:
		return ErrInvalidSlash.Wrapf("expected reason %q or %q, found %q", ReasonMissedDeadline, ReasonWrongResult, r.Reason)
	}
}

// Beyond returns the unlocked part, 0 without one.
func (r SlashRequest) Beyond() math.Int {
	if r.Unlocked.IsNil() {
		return math.ZeroInt()
	}
	return r.Unlocked
}

// SlashOutcome says where a lost liability went, in units of the bond denom.
type SlashOutcome struct {
	// Cost and Honest have been sent to the module account of the request.
	Cost, Honest math.Int
	// Burned has left the supply.
	Burned math.Int
	// Community has gone to the community pool.
	Community math.Int
	// Unbonding is the part of all this that came out of unbondings.
	Unbonding math.Int
}

// Total is what was lost, bond and unbondings together.
func (o SlashOutcome) Total() math.Int {
	return o.Cost.Add(o.Honest).Add(o.Burned).Add(o.Community)
}

// Share divides a lost amount: the cost first, of the rest the honest and the
// community share truncated, and all that is left burned. The honest share is no
// more than most, none where that is nil: what it would be beyond that is burned.
func (s SlashSplit) Share(lost, cost, most math.Int) SlashOutcome {
	paid := math.MinInt(lost, cost)
	rest := lost.Sub(paid)
	honest := math.ZeroInt()
	if !most.IsNil() {
		honest = math.MinInt(bps(rest, s.HonestBps), most)
	}
	community := bps(rest, s.CommunityBps)
	return SlashOutcome{
		Cost: paid, Honest: honest, Community: community, Burned: rest.Sub(honest).Sub(community), Unbonding: math.ZeroInt(),
	}
}

// CheckLiability refuses a liability that is missing or negative.
func CheckLiability(liability math.Int) error {
	if liability.IsNil() || liability.IsNegative() {
		return ErrInvalidLiability.Wrapf("expected 0 or more, found %s", liability)
	}
	return nil
}

// bps returns points basis points of amount, truncated. The product is taken
// outside of math.Int, whose 256 bits it may exceed.
func bps(amount math.Int, points uint32) math.Int {
	product := new(big.Int).Mul(amount.BigInt(), big.NewInt(int64(points)))
	return math.NewIntFromBigInt(product.Quo(product, big.NewInt(BasisPoints)))
}
