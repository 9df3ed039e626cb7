package client

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Numbers without bounds cannot be counted with: a price with some zeros too many is told as
// such.
func TestANamedPriceIsOneThatGasCanHave(t *testing.T) {
	for _, zeros := range []int{20, 50, 70, 75} {
		_, err := ParseTerms("", DefaultGasAdjustment, "1"+strings.Repeat("0", zeros)+"atfuel", "")
		require.ErrorIs(t, err, errPrice, "%d zeros", zeros)
	}
	terms, err := ParseTerms("9223372036854775807", DefaultGasAdjustment, "10000000000000000000atfuel", "")
	require.NoError(t, err)
	require.NotPanics(t, func() {
		_, err = terms.fee(terms.gas(0), gasPrices{terms.GasPrice.TruncateInt(), terms.GasPrice.TruncateInt()})
	})
	require.NoError(t, err)
}
