package types

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// CheckBondCoin accepts a positive amount of the bond denom. A coin in a crafted message may
// lack an amount entirely.
func CheckBondCoin(coin sdk.Coin, bondDenom string) error {
	if coin.Denom != bondDenom {
		return ErrInvalidCoin.Wrapf("expected denom %s, found %q", bondDenom, coin.Denom)
	}
	if coin.Amount.IsNil() || !coin.Amount.IsPositive() {
		return ErrInvalidCoin.Wrapf("expected a positive amount of %s, found %s", bondDenom, coin.Amount)
	}
	return nil
}
