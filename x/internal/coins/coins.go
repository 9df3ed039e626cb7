// Package coins reads coins that queries contain as text.
package coins

import (
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Parse reads a coin such as "1000000atfuel", or "1.5tfuel" if that denom is registered with
// the SDK. The SDK cuts off fractions of one unit of the base denom; Parse returns an error
// instead, because a query would otherwise answer for another amount.
func Parse(text string) (coin sdk.Coin, err error) {
	defer func() {
		if r := recover(); r != nil {
			// The SDK's decimals panic if a number is too large for them.
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
