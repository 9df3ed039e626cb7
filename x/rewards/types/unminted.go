package types

import (
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Minted returns the amount that is to be minted, before the fee split, in atfuel.
func (p *UnmintedPay) Minted() math.Int {
	sum := math.ZeroInt()
	for i := range p.Notes {
		sum = sum.Add(p.Notes[i].Note.Minted)
	}
	return sum
}

// Matures returns the epoch in which the pay matures.
func (p *UnmintedPay) Matures() uint64 { return p.Notes[0].Note.Matures }

// Add adds a record to a total.
func (t UnmintedTotal) Add(p *UnmintedPay) UnmintedTotal {
	return UnmintedTotal{Records: t.Records + 1, Amount: t.Amount.Add(p.Minted()), Matures: max(t.Matures, p.Matures())}
}

// Validate checks that a record owes at most the price of verified fuel, that its parts are the
// whole, and that its chunks have brought what its operator earns. It returns ErrInvalidGenesis.
func (p *UnmintedPay) Validate(g *Grant) error {
	bad := ErrInvalidGenesis
	if len(p.Notes) == 0 {
		return bad.Wrapf("unminted pay of %s: expected at least one note, found none", p.Operator)
	}
	executor, brought := math.ZeroInt(), math.ZeroInt()
	for i := range p.Notes {
		class, note := p.Notes[i].Class, &p.Notes[i].Note
		if i > 0 && p.Notes[i-1].Class >= class || note.Matures != p.Matures() {
			return bad.Wrapf("unminted pay of %s: expected each class once, in order, and one epoch in which all matures, found %v", p.Operator, p.Notes)
		}
		if err := note.validate(g, class); err != nil {
			return bad.Wrapf("unminted pay of %s: class %.64q: %s", p.Operator, class, err)
		}
		executor = executor.Add(note.Executor)
	}
	for i, c := range p.Chunks {
		same := func(o UnmintedChunk) bool { return o.JobId == c.JobId && o.Task == c.Task }
		if !positive(c.Amount) || slices.ContainsFunc(p.Chunks[:i], same) {
			return bad.Wrapf("unminted pay of %s: expected each chunk once with a positive amount below 2^%d, found %v", p.Operator, maxSumBits, c)
		}
		brought = brought.Add(c.Amount)
	}
	if !brought.Equal(executor) {
		return bad.Wrapf("unminted pay of %s: expected that its chunks have brought %s, found %s", p.Operator, executor, brought)
	}
	return nil
}

// validate checks a note about work in a class.
func (n *GrantNote) validate(g *Grant, class string) error {
	price, pays := g.Price(class)
	if !pays || !positive(n.Minted) || !positive(n.Fuel) || !sums(n.Executor) {
		return ErrInvalidGrant.Wrapf("expected a class of grant %d, and positive amounts below 2^%d, found %v", g.Id, maxSumBits, n)
	}
	if most := computetypes.FuelPay(price, n.Fuel); n.Minted.GT(most) {
		return ErrInvalidGrant.Wrapf("expected to mint at most %s for %s of fuel, found %s", most, n.Fuel, n.Minted)
	}
	if err := n.Shares.Validate(); err != nil {
		return err
	}
	for _, coins := range []sdk.Coins{n.Shares.Burn, n.Shares.Stakers, n.Shares.Community} {
		for _, coin := range coins {
			if !sums(coin.Amount) {
				return ErrInvalidGrant.Wrapf("expected shares below 2^%d, found %s", maxSumBits, coin)
			}
		}
	}
	whole := n.Shares.Total().Add(g.Coin(n.Executor))
	if minted := sdk.NewCoins(g.Coin(n.Minted)); !whole.Equal(minted) {
		return ErrInvalidGrant.Wrapf("expected shares of %s, found %s", minted, whole)
	}
	return nil
}

// maxSumBits bounds what a grant adds up: sums of pay and of fuel stay far below it. Their sums, and
// their products with a price, then fit into a math.Int.
const maxSumBits = 160

// sums reports whether an amount is 0 or more and may be added up.
func sums(amount math.Int) bool {
	return !amount.IsNil() && !amount.IsNegative() && amount.BigInt().BitLen() <= maxSumBits
}

// positive reports whether an amount is above 0 and may be added up.
func positive(amount math.Int) bool { return sums(amount) && amount.IsPositive() }
