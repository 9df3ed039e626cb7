package earnings

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/config"
)

func TestATariffAtEitherEndIsExactOrRefused(t *testing.T) {
	coin, err := config.ParsePrice("2 EUR")
	require.NoError(t, err)
	for text, c := range map[string]struct {
		millijoules uint64
		cost, net   string
	}{
		"0 EUR":                {3_600_000_000, "0.000000 EUR", "1.8000 EUR"},
		"0.000001 EUR":         {1, "0.000001 EUR", "1.7999 EUR"},
		"999999999.999999 EUR": {3_600_000_000, "999999999.9999 EUR", "−999999998.1999 EUR"},
		"999999999 EUR":        {math.MaxUint64, "5124095570906335428.1362 EUR", "−5124095570906335426.3362 EUR"},
	} {
		price, err := config.ParsePrice(text)
		require.NoError(t, err)
		require.True(t, price.Given(), "nothing is a price too")
		row := Valuation{OperatorBps: 9_000, Electricity: price, Coin: coin}.Row(Day{Ended: 1, Measured: 1, EnergyMillijoules: c.millijoules, Pay: "1000000000000000000", Share: "0", Lost: "0"})
		require.Equal(t, c.cost, row.Cost, text)
		require.Equal(t, c.net, row.Net, text)
	}
	for _, text := range []string{"1000000000 EUR", "-0.1 EUR", "Inf EUR", "1e9 EUR"} {
		_, err := config.ParsePrice(text)
		require.ErrorContains(t, err, "at most 9 digits before the point", text)
	}
}
