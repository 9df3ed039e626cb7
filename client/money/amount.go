package money

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
)

// amountShape is a decimal number and a denom, in the form of the SDK's own parser.
var amountShape = regexp.MustCompile(`^([0-9]{1,60})(?:\.([0-9]{1,60}))?[[:space:]]*([a-zA-Z][a-zA-Z0-9/:._-]{2,127})$`)

// ParseAmount reads an amount that a person wrote, such as "1tfuel", "0.25 tfuel" or
// "500atfuel". Digits are decimal, even with leading zeros: "010atfuel" is ten. Tfuel has
// at most 18 digits after the point and becomes atfuel; no other denom has a fraction. If
// the SDK's ParseCoinNormalized accepts the same text, both give the same coin. Two kinds
// of text that it accepts are errors here: a fraction of the base denom, which it cuts off,
// and a misspelled denom that ends in ours. Every amount that a person writes as text is
// read with this function.
func ParseAmount(text string) (sdk.Coin, error) {
	parts := amountShape.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return sdk.Coin{}, fmt.Errorf("expected an amount such as 1.5%s or 1500%s, found %q", params.DisplayDenom, params.BaseDenom, text)
	}
	whole, fraction, denom := parts[1], parts[2], parts[3]
	exponent := 0
	switch {
	case denom == params.DisplayDenom:
		denom, exponent = params.BaseDenom, params.DisplayExponent
	case denom == params.BaseDenom:
	case strings.HasSuffix(strings.ToLower(denom), params.DisplayDenom):
		// In another denom, 1TFUEL, 1e18atfuel or 0x10atfuel would be almost nothing.
		return sdk.Coin{}, fmt.Errorf("expected a decimal number and %s or %s, found %q", params.DisplayDenom, params.BaseDenom, text)
	}
	if len(fraction) > exponent {
		return sdk.Coin{}, fmt.Errorf("expected at most %d digits after the point of an amount in %s, found %q", exponent, parts[3], text)
	}
	// The base is given because a leading zero would otherwise make the number octal.
	units, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", exponent-len(fraction)), 10)
	if !ok || units.BitLen() > math.MaxBitLen {
		return sdk.Coin{}, fmt.Errorf("amount %q is too large to count", text)
	}
	coin := sdk.Coin{Denom: denom, Amount: math.NewIntFromBigInt(units)}
	if err := coin.Validate(); err != nil {
		return sdk.Coin{}, fmt.Errorf("amount %q: %w", text, err)
	}
	return coin, nil
}

// FormatAmount formats a coin for people: atfuel as tfuel with at most six digits after the
// point (never rounded up; a trailing "+" means that more digits follow), and any other
// denom unchanged.
func FormatAmount(coin sdk.Coin) string {
	if coin.Denom != params.BaseDenom || coin.Amount.IsNil() {
		return coin.String()
	}
	const shown = 6
	digits := coin.Amount.String()
	if pad := params.DisplayExponent + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	point := len(digits) - params.DisplayExponent
	fraction := strings.TrimRight(digits[point:], "0")
	more := ""
	if len(fraction) > shown {
		fraction, more = fraction[:shown], "+"
	}
	text := digits[:point]
	if fraction != "" {
		text += "." + fraction
	}
	return text + more + " " + params.DisplayDenom
}
