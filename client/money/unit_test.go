package money

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

const voucher = "ibc/6B5A664BF0AF4F71B2F0BAA33141E2F1321242FBD5D19762F541EC971ACB0865"

func vouchers() Units { return Units(nil).With(Unit{Denom: voucher, Display: "usdc", Exponent: 6}) }

func TestAmountsInKnownUnitsAreExact(t *testing.T) {
	for text, want := range map[string]string{
		"0.5usdc": "500000" + voucher, "3 usdc": "3000000" + voucher, "0.000001usdc": "1" + voucher,
		"7" + voucher: "7" + voucher, "1tfuel": "1000000000000000000atfuel", "5uother": "5uother",
	} {
		coin, err := vouchers().Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, coin.String())
	}
	for _, text := range []string{"0.0000001usdc", "0.5" + voucher, "-1usdc", "1TFUEL"} {
		_, err := vouchers().Parse(text)
		require.Error(t, err, text)
		require.NotErrorIs(t, err, ErrUnit, text)
	}
	_, err := ParseAmount("0.5usdc")
	require.ErrorIs(t, err, ErrUnit, "the chain may know it")
	_, err = ParseAmount("0.5atfuel")
	require.Error(t, err)
	require.False(t, errors.Is(err, ErrUnit), "nobody knows a fraction of it")
}

func TestNoUnitTakesTheNameOfAnother(t *testing.T) {
	for _, taken := range []Unit{
		{Denom: "uother", Display: "usdc", Exponent: 1},
		{Denom: "uother", Display: voucher},
		{Denom: voucher, Display: "other"},
		{Denom: "usdc", Display: "other"},
		{Denom: "uother", Display: "tfuel"},
		{Denom: "uother", Display: "atfuel", Exponent: 3},
		{Denom: "tfuel", Display: "other"},
		{Denom: "atfuel", Display: "other"},
		{Denom: "uother", Display: "mTFUEL", Exponent: 3},
	} {
		require.Equal(t, vouchers(), vouchers().With(taken), "%v", taken)
	}
	require.Len(t, vouchers().With(Unit{Denom: "uother", Display: "other", Exponent: 2}), 2)
}

func TestAnAmountInAUnitShowsWhatTheBankCounts(t *testing.T) {
	require.Equal(t, "0.5 usdc (500000"+voucher+")", vouchers().Format(sdk.NewInt64Coin(voucher, 500_000)))
	require.Equal(t, "12 usdc (12000000"+voucher+")", vouchers().Format(sdk.NewInt64Coin(voucher, 12_000_000)))
	require.Equal(t, "5uother", vouchers().Format(sdk.NewInt64Coin("uother", 5)))
	require.Equal(t, "0 tfuel", vouchers().Format(sdk.NewInt64Coin("atfuel", 0)))
}

func TestAnAmountInAUnitIsReadAsItIsShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := Unit{Denom: "uother", Display: "other", Exponent: rapid.IntRange(0, 6).Draw(t, "exponent")}
		amount := math.NewIntFromUint64(rapid.Uint64().Draw(t, "amount"))
		units := vouchers().With(unit)
		read, err := units.Parse(unit.shorten(amount))
		require.NoError(t, err)
		require.Equal(t, sdk.Coin{Denom: "uother", Amount: amount}, read)
	})
}
