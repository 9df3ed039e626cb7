package client

import (
	"fmt"
	"regexp"
	"strings"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
)

var amountShape = regexp.MustCompile(`^([0-9]{1,60})(?:\.([0-9]{1,30}))?\s*([a-zA-Z][a-zA-Z0-9/:._-]{2,127})$`)

// ParseAmount reads an amount such as "1tfuel", "0.25 tfuel" or "500atfuel".
// Only tfuel may have a fraction, of at most 18 digits.
func ParseAmount(text string) (sdk.Coin, error) {
	parts := amountShape.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return sdk.Coin{}, fmt.Errorf("expected an amount such as 1.5%s or 1500%s, found %q", params.DisplayDenom, params.BaseDenom, text)
	}
	whole, fraction, denom := parts[1], parts[2], parts[3]
	exponent := 0
	if strings.EqualFold(denom, params.DisplayDenom) {
		denom, exponent = params.BaseDenom, params.DisplayExponent
	}
	if len(fraction) > exponent {
		return sdk.Coin{}, fmt.Errorf("expected at most %d digits after the point of an amount in %s, found %q", exponent, parts[3], text)
	}
	digits := whole + fraction + strings.Repeat("0", exponent-len(fraction))
	amount, ok := math.NewIntFromString(digits)
	if !ok {
		return sdk.Coin{}, fmt.Errorf("amount %q is too large to count", text)
	}
	coin := sdk.Coin{Denom: denom, Amount: amount}
	if err := coin.Validate(); err != nil {
		return sdk.Coin{}, fmt.Errorf("amount %q: %w", text, err)
	}
	return coin, nil
}

// FormatAmount writes a coin for people: atfuel as tfuel with at most six digits
// after the point (never rounded up; a trailing "+" says that more follow), any
// other denom as it is.
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
