package client

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"
)

func TestWhileBlocksAreFullTheNextOnesPriceIsPaidAndSomeToSpare(t *testing.T) {
	chain := newChain()
	chain.crowd = 8
	least, err := testClient(t, chain).LeastGasPrice(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 10_160_000_000, least.Int64())
	chain.crowd = 0
	least, err = testClient(t, chain).LeastGasPrice(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1_000_000_000, least.Int64(), "the floor is paid as it is")
}

// A price that a person names suffices if the next block takes it. The client says that others
// may pay more.
func TestANamedPriceMayBeWhatTheChainTakesNow(t *testing.T) {
	chain := newChain()
	chain.crowd = 8
	told := ""
	named := func(terms Terms) (Cost, error) {
		told, terms.Tell = "", func(line string) { told = line }
		return testClient(t, chain).With(terms).cost(t.Context(), 1_000)
	}
	cost, err := named(Terms{GasPrice: math.LegacyNewDec(8_000_000_000)})
	require.NoError(t, err)
	require.EqualValues(t, 8_000_000_000_000, cost.Fee.Amount.Int64())
	require.Contains(t, told, "others may outbid it")
	_, err = named(Terms{Fee: math.NewInt(8_000_000_000_000)})
	require.NoError(t, err)
	require.Contains(t, told, "others may outbid it")
	_, err = named(Terms{Fee: math.NewInt(7_999_999_999_999)})
	require.ErrorContains(t, err, "at least 8000000000000atfuel")
	_, err = named(Terms{GasPrice: math.LegacyNewDec(7_999_999_999)})
	require.ErrorContains(t, err, "at least 8000000000atfuel")
	for _, enough := range []Terms{{}, {GasPrice: math.LegacyNewDec(10_160_000_000)}} {
		cost, err = named(enough)
		require.NoError(t, err)
		require.EqualValues(t, 10_160_000_000_000, cost.Fee.Amount.Int64())
		require.Empty(t, told)
	}
}
