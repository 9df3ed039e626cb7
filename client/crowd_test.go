package client

import (
	"testing"

	"github.com/stretchr/testify/require"
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
