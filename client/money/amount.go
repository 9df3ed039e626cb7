package money

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
)

// ErrUnit means that an amount has a fraction of a unit that is not known. The chain may know it.
var ErrUnit = errors.New("the unit has no fractions that are known")

// amountShape is a decimal number and a denom, in the form of the SDK's own parser.
var amountShape = regexp.MustCompile(`^([0-9]{1,60})(?:\.([0-9]{1,60}))?[[:space:]]*([a-zA-Z][a-zA-Z0-9/:._-]{2,127})$`)

// ParseAmount reads an amount that a person wrote, such as "1tfuel", "0.25 tfuel" or
// "500atfuel". Digits are decimal, even with leading zeros: "010atfuel" is ten. Tfuel has
// at most 18 digits after the point and becomes atfuel; no other denom has a fraction. If
// the SDK's ParseCoinNormalized accepts the same text, both give the same coin. Two kinds
// of text that it accepts are errors here: a fraction of the base denom, which it cuts off,
// and a misspelled denom that ends in ours. Every amount that a person writes as text is
// read with this function, or with Units.Parse where other units are known.
func ParseAmount(text string) (sdk.Coin, error) { return Units(nil).Parse(text) }

// Parse reads an amount as ParseAmount does, and also amounts in these units: with usdc of
// exponent 6, "0.5usdc" is 500000 of its denom.
func (u Units) Parse(text string) (sdk.Coin, error) {
	parts := amountShape.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return sdk.Coin{}, fmt.Errorf("expected an amount such as 1.5%s or 1500%s, found %q", params.DisplayDenom, params.BaseDenom, text)
	}
	whole, fraction := parts[1], parts[2]
	unit, known := u.named(parts[3])
	if !known && strings.HasSuffix(strings.ToLower(parts[3]), params.DisplayDenom) {
		// In another denom, 1TFUEL, 1e18atfuel or 0x10atfuel would be almost nothing.
		return sdk.Coin{}, fmt.Errorf("expected a decimal number and %s or %s, found %q", params.DisplayDenom, params.BaseDenom, text)
	}
	if len(fraction) > unit.Exponent {
		err := fmt.Errorf("expected at most %d digits after the point of an amount in %s, found %q", unit.Exponent, parts[3], text)
		if !known {
			err = fmt.Errorf("%w: %w", err, ErrUnit)
		}
		return sdk.Coin{}, err
	}
	// The base is given because a leading zero would otherwise make the number octal.
	units, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", unit.Exponent-len(fraction)), 10)
	if !ok || units.BitLen() > math.MaxBitLen {
		return sdk.Coin{}, fmt.Errorf("amount %q is too large to count", text)
	}
	coin := sdk.Coin{Denom: unit.Denom, Amount: math.NewIntFromBigInt(units)}
	if err := coin.Validate(); err != nil {
		return sdk.Coin{}, fmt.Errorf("amount %q: %w", text, err)
	}
	return coin, nil
}

// FormatAmount formats a coin for people: atfuel as tfuel with at most six digits after the
// point (never rounded up; a trailing "+" means that more digits follow), and any other
// denom unchanged.
func FormatAmount(coin sdk.Coin) string { return Units(nil).Format(coin) }

// Format formats a coin as FormatAmount does. A coin of another denom that has one of these units
// is shown in both, because the bank does not count in the unit: "0.5 usdc (500000uusdc)".
func (u Units) Format(coin sdk.Coin) string {
	if coin.Amount.IsNil() {
		return coin.String()
	}
	unit, known := u.of(coin.Denom)
	switch {
	case !known:
		return coin.String()
	case coin.Denom == params.BaseDenom:
		return unit.shorten(coin.Amount)
	default:
		return fmt.Sprintf("%s (%s)", unit.shorten(coin.Amount), coin)
	}
}
