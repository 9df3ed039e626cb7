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
	// Operator is the operator who loses the liability.
	Operator sdk.AccAddress
	// Liability is the amount that the assignment locked, in units of the bond denom.
	Liability math.Int
	// Contested says that Contest has locked the liability. Its slot is already free.
	Contested bool
	// Unlocked is an amount that is owed in addition to the liability and is not locked, for
	// example because the fault was found after the lock was released. It is taken from the
	// free bond and, if that is not enough, from the operator's unbondings, youngest first.
	// Nil means none.
	Unlocked math.Int
	// Cost is the cost of the fault. It is paid before the rest is shared, and is at most the
	// lost amount.
	Cost math.Int
	// Honest is the maximum of the honest share, in units of the bond denom. If the share
	// would be larger, the excess is burned. Nil means that there is no honest share, for
	// example because there are no honest replicas.
	Honest math.Int
	// To is the module account that gets the cost and the honest share.
	To string
	// Reason is ReasonWrongResult or ReasonNoReveal.
	Reason string
	// JobID and Task say in which task the fault occurred.
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

// PenaltyRequest asks to count a fault that does not cost the whole liability.
type PenaltyRequest struct {
	// Operator is the operator whose node committed the fault.
	Operator sdk.AccAddress
	// Liability is the amount that the assignment locked, in units of the bond denom. It is
	// given back with the slot.
	Liability math.Int
	// Amount is the amount of the bond that is burned, at most the liability. It is 0 for a
	// wrong result.
	Amount math.Int
	// Reason is ReasonMissedDeadline, or ReasonWrongResult for a minority digest of a program
	// that is not deterministic. In the latter case, perhaps no node has lied, so it does not
	// cost bond.
	Reason string
	// JobID and Task say in which task the fault occurred.
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

// Beyond returns the unlocked amount, or 0 if there is none.
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
	// Unbonding is the part of all these amounts that came out of unbondings.
	Unbonding math.Int
}

// Total returns the lost amount, bond and unbondings together.
func (o SlashOutcome) Total() math.Int {
	return o.Cost.Add(o.Honest).Add(o.Burned).Add(o.Community)
}

// Share divides a lost amount. The cost is paid first. From the rest, the honest and the
// community shares are paid, rounded down, and the remainder is burned. The honest share is at
// most the parameter most, and zero if most is nil; the excess is burned.
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

// bps returns points basis points of amount, rounded down. It does not compute the product
// with math.Int, because the product may exceed 256 bits.
func bps(amount math.Int, points uint32) math.Int {
	product := new(big.Int).Mul(amount.BigInt(), big.NewInt(int64(points)))
	return math.NewIntFromBigInt(product.Quo(product, big.NewInt(BasisPoints)))
}
