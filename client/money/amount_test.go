package money

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
)

func TestAmountsAreExact(t *testing.T) {
	for text, want := range map[string]string{
		"1tfuel":                      "1000000000000000000atfuel",
		"1.5 tfuel":                   "1500000000000000000atfuel",
		"0.000000000000000001tfuel":   "1atfuel",
		"0.2tfuel":                    "200000000000000000atfuel",
		"0.9tfuel":                    "900000000000000000atfuel",
		"010tfuel":                    "10000000000000000000atfuel",
		"010atfuel":                   "10atfuel",
		"08atfuel":                    "8atfuel",
		"123atfuel":                   "123atfuel",
		"7ibc/27394FB092D2ECCD56123C": "7ibc/27394FB092D2ECCD56123C",
	} {
		coin, err := ParseAmount(text)
		require.NoError(t, err, text)
		require.Equal(t, want, coin.String())
	}
}

func TestAmountsRefuseWhatCannotBeCounted(t *testing.T) {
	for _, text := range []string{
		"", "tfuel", "1", "-1tfuel", "+1tfuel", "1.tfuel", ".5tfuel", ".tfuel", "1.5atfuel",
		"1TFUEL", "1ATFUEL", "1_000tfuel", "0x10atfuel", "1e18atfuel", "１tfuel", "1,5tfuel",
		"0.0000000000000000001tfuel", "1 t", "1tfuel,2tfuel",
		"999999999999999999999999999999999999999999999999999999999999tfuel",
	} {
		_, err := ParseAmount(text)
		require.Error(t, err, text)
	}
}

// randomAmount draws a text that is an amount, or nearly one.
func randomAmount(t *rapid.T) string {
	part := func(name string, choices ...string) string { return rapid.SampledFrom(choices).Draw(t, name) }
	digits := func(name string) string { return rapid.StringMatching(`0{0,3}[0-9]{0,24}`).Draw(t, name) }
	text := part("sign", "", "", "", "", "", "-", "+", " ", "0x", "0b", "0o", "~")
	text += digits("whole")
	text += part("separator", "", "", ".", ".", ".", ",", "_", "..")
	text += part("fraction", "", digits("digits"))
	text += part("exponent", "", "", "", "", "e", "e1", "E18", "e-3", "٣", "１", "𝟙")
	text += part("space", "", "", "", " ", "\t", "  ", "\u00a0")
	return text + part("denom", "tfuel", "tfuel", "tfuel", "atfuel", "atfuel", "TFUEL", "Tfuel", "uother", "ibc/27394FB092D2ECCD56123C", "t", "", "tfuel,1tfuel")
}

// The SDK's parser as the SDK's own commands use it. It panics at numbers that it
// cannot hold.
func sdkAmount(text string) (coin sdk.Coin, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return sdk.ParseCoinNormalized(text)
}

func TestAmountsAreWhatTheSDKTakesThemFor(t *testing.T) {
	params.SetSDKDefaults()
	const checks = 100_000 // a fifth of it in a short run
	var seen, both, theirs int
	for range checks / 100 {
		rapid.Check(t, func(t *rapid.T) {
			seen++
			text := randomAmount(t)
			own, err := ParseAmount(text)
			sdks, sdkErr := sdkAmount(text)
			switch {
			case err == nil && sdkErr == nil:
				both++
				require.Equal(t, sdks.String(), own.String(), "%q", text)
			case err == nil:
				require.Fail(t, "taken here and refused by the SDK", "%q: %v", text, sdkErr)
			case sdkErr == nil:
				theirs++
				// Only the SDK accepts these: a fraction that it cuts off, and names
				// that are nearly those of our denoms.
				require.Regexp(t, `\.[0-9]+|(?i:tfuel)$`, text)
			}
		})
	}
	t.Logf("%d texts: both took %d, the SDK alone %d", seen, both, theirs)
	require.Greater(t, both, seen/20, "the texts are too odd to compare anything")
	require.Positive(t, theirs)
}

func TestShownAmountsNeverRoundUp(t *testing.T) {
	for text, want := range map[string]string{
		"1000000000000000000atfuel": "1 tfuel",
		"1500000000000000000atfuel": "1.5 tfuel",
		"1999999999999999999atfuel": "1.999999+ tfuel",
		"1atfuel":                   "0.000000+ tfuel",
		"0atfuel":                   "0 tfuel",
		"12uother":                  "12uother",
	} {
		coin, err := sdk.ParseCoinNormalized(text)
		require.NoError(t, err)
		require.Equal(t, want, FormatAmount(coin))
	}
}
