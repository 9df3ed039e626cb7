package client

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

func TestAmountsAreExact(t *testing.T) {
	for text, want := range map[string]string{
		"1tfuel":                      "1000000000000000000atfuel",
		"1.5 tfuel":                   "1500000000000000000atfuel",
		"0.000000000000000001tfuel":   "1atfuel",
		"1TFUEL":                      "1000000000000000000atfuel",
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
		"", "tfuel", "1", "-1tfuel", "1.tfuel", ".5tfuel", "1.5atfuel",
		"0.0000000000000000001tfuel", "1 t", "1tfuel,2tfuel",
		"999999999999999999999999999999999999999999999999999999999999tfuel",
	} {
		_, err := ParseAmount(text)
		require.Error(t, err, text)
	}
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

func TestSizesCountInTheirUnits(t *testing.T) {
	for text, want := range map[string]Bytes{"12": 12, "1KB": 1000, "64MiB": 64 << 20, "2 GiB": 2 << 30, "7B": 7} {
		got, err := ParseBytes(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "MiB", "-1", "1.5MiB", "9999999999GiB", "1TiB"} {
		_, err := ParseBytes(text)
		require.Error(t, err, text)
	}
}
