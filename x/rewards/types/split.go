package types

import (
	"math/big"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Shares are the parts of one reward, all in its denom.
type Shares struct {
	// Executor is the part that the node earns.
	Executor sdk.Coin
	// Burn, Stakers and Community wait in escrow until they are moved.
	Burn, Stakers, Community sdk.Coin
}

// Split divides a reward. The three other shares are truncated, and the executor gets the
// rest. Only the fee denom is burned: in other denoms, that share goes to the community pool.
func (p Params) Split(gross sdk.Coin) Shares {
	coin := func(amount math.Int) sdk.Coin { return sdk.Coin{Denom: gross.Denom, Amount: amount} }
	burn := bps(gross.Amount, p.FeeSplit.BurnBps)
	stakers := bps(gross.Amount, p.FeeSplit.StakersBps)
	community := bps(gross.Amount, p.FeeSplit.CommunityBps)
	executor := gross.Amount.Sub(burn).Sub(stakers).Sub(community)
	if gross.Denom != p.FeeDenom {
		community = community.Add(burn)
		burn = math.ZeroInt()
	}
	return Shares{Executor: coin(executor), Burn: coin(burn), Stakers: coin(stakers), Community: coin(community)}
}

// Pending returns the shares that wait in escrow.
func (s Shares) Pending() PendingFees {
	return PendingFees{Burn: sdk.NewCoins(s.Burn), Stakers: sdk.NewCoins(s.Stakers), Community: sdk.NewCoins(s.Community)}
}

// Add returns the sum of two sets of shares.
func (p PendingFees) Add(other PendingFees) PendingFees {
	return PendingFees{
		Burn:      p.Burn.Add(other.Burn...),
		Stakers:   p.Stakers.Add(other.Stakers...),
		Community: p.Community.Add(other.Community...),
	}
}

// Total returns all shares together.
func (p PendingFees) Total() sdk.Coins { return p.Burn.Add(p.Stakers...).Add(p.Community...) }

// Validate refuses malformed coins.
func (p PendingFees) Validate() error {
	for _, coins := range []sdk.Coins{p.Burn, p.Stakers, p.Community} {
		if err := ValidateCoins(coins); err != nil {
			return err
		}
	}
	return nil
}

// CheckCoin accepts an amount of 0 or more, up to MaxAmountBits bits, in a
// valid denom.
func CheckCoin(coin sdk.Coin) error {
	if err := sdk.ValidateDenom(coin.Denom); err != nil {
		return ErrInvalidCoin.Wrap(err.Error())
	}
	if coin.Amount.IsNil() || coin.Amount.IsNegative() || coin.Amount.BigInt().BitLen() > MaxAmountBits {
		return ErrInvalidCoin.Wrapf("expected an amount of 0 to 2^%d of %s, found %s", MaxAmountBits, coin.Denom, coin.Amount)
	}
	return nil
}

// ValidateCoins refuses coins that are unsorted, repeated, missing or not positive.
func ValidateCoins(coins sdk.Coins) error {
	for _, coin := range coins {
		if coin.Amount.IsNil() {
			return ErrInvalidCoin.Wrapf("expected an amount of %s, found none", coin.Denom)
		}
	}
	if err := coins.Validate(); err != nil {
		return ErrInvalidCoin.Wrap(err.Error())
	}
	return nil
}

// bps returns this many basis points of amount, truncated.
func bps(amount math.Int, points uint32) math.Int {
	product := new(big.Int).Mul(amount.BigInt(), big.NewInt(int64(points)))
	return math.NewIntFromBigInt(product.Quo(product, big.NewInt(BasisPoints)))
}
