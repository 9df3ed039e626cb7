// Package coins reads the coins that queries name as text.
package coins

import (
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Parse reads a coin such as "1000000atfuel", or "1.5tfuel" where that denom is
// registered with the SDK. In place of cutting off what is less than one unit of the
// base denom, as the SDK does, it fails: a query would answer for another amount.
func Parse(text string) (coin sdk.Coin, err error) {
	defer func() {
		if r := recover(); r != nil {
			// The SDK's decimals panic at numbers that they cannot hold.
			err = fmt.Errorf("the amount is too large: %v", r)
		}
	}()
	decimal, err := sdk.ParseDecCoin(text)
	if err != nil {
		return sdk.Coin{}, err
	}
	whole, rest := sdk.NormalizeDecCoin(decimal).TruncateDecimal()
	if !rest.IsZero() {
		return sdk.Coin{}, fmt.Errorf("expected a whole number of %s", whole.Denom)
	}
	return whole, nil
}
