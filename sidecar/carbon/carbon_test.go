package carbon_test

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/carbon"
)

func TestEveryFactorOfTheTableHasAYearAndASource(t *testing.T) {
	table, err := carbon.Table()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(table), 60)
	require.True(t, slices.IsSortedFunc(table, func(x, y carbon.Factor) int { return strings.Compare(x.Region, y.Region) }))
	for i, f := range table {
		require.Regexp(t, `^[a-z]{2}$`, f.Region)
		require.NotEmpty(t, f.Name)
		require.NotEmpty(t, f.Source)
		require.GreaterOrEqual(t, f.Year, 2020, f.Region)
		require.LessOrEqual(t, f.Grams, uint64(1200), f.Region)
		require.Positive(t, f.Grams)
		require.True(t, i == 0 || table[i-1].Region != f.Region, f.Region)
	}
}

func TestAFactorIsACountryOrTheOwnersFigure(t *testing.T) {
	de, err := carbon.Parse("DE")
	require.NoError(t, err)
	require.Equal(t, "381 g/kWh, the average of Germany in 2023 (Ember)", de.String())
	west, err := carbon.Parse("us-west")
	require.NoError(t, err)
	require.Equal(t, "us", west.Region)
	own, err := carbon.Parse("380 g/kWh")
	require.NoError(t, err)
	require.Equal(t, "380 g/kWh, set by the owner", own.String())
	zero, err := carbon.Parse("0g/kWh")
	require.NoError(t, err)
	require.True(t, zero.Given(), "power of one's own roof")
	none, err := carbon.Parse(" ")
	require.NoError(t, err)
	require.False(t, none.Given())
	for _, bad := range []string{"xx", "380", "-1 g/kWh", "1000000000 g/kWh", "5001 g/kWh", "380 kg/kWh", "0380 g/kWh", "1e3 g/kWh"} {
		_, err := carbon.Parse(bad)
		require.ErrorContains(t, err, "expected", bad)
	}
}

func TestGramsAreRoundedUpAndDoNotOverflow(t *testing.T) {
	own, err := carbon.Parse("500 g/kWh")
	require.NoError(t, err)
	require.Equal(t, "500000", own.Milligrams(3_600_000_000).String(), "of a kilowatt-hour")
	require.Equal(t, "1", own.Milligrams(1).String())
	require.Equal(t, "0", own.Milligrams(0).String())
	require.Equal(t, 1, own.Milligrams(math.MaxUint64).Sign())
	require.Equal(t, "0.001 g", carbon.Text(big.NewInt(1)))
	require.Equal(t, "500.0 g", carbon.Text(big.NewInt(500_000)))
	require.Equal(t, "1.23 kg", carbon.Text(big.NewInt(1_234_000)))
}
