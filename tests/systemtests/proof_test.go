//go:build system

package systemtests

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client/proven"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// trustedHeight is the height of the header that the test trusts.
const trustedHeight = 3

// requireProven requires that the receipt of a run is proven, starting from a header of the
// chain's first blocks.
func requireProven(t *testing.T, network *devnet.Devnet, receipt *computetypes.Receipt) {
	t.Helper()
	node, err := proven.Dial(t.Context(), network.RPC())
	require.NoError(t, err)
	height := int64(trustedHeight)
	trusted, err := node.Commit(t.Context(), &height)
	require.NoError(t, err)
	headers, err := proven.FromRoot(t.Context(), proven.Root{Height: height, Hash: trusted.Header.Hash()}, node.Provider(), nil, time.Now)
	require.NoError(t, err)
	id, err := computetypes.ParseJobID(receipt.JobId)
	require.NoError(t, err)

	reader := proven.NewReader(node, headers)
	found, record, err := reader.Receipt(t.Context(), id, receipt.Task, receipt.Height)
	require.NoError(t, err)
	require.Equal(t, receipt, found)
	require.Equal(t, receipt.Height, record.Height)

	before, _, err := reader.Receipt(t.Context(), id, receipt.Task, receipt.Height-1)
	require.NoError(t, err)
	require.Nil(t, before)

	absent, _, err := reader.Receipt(t.Context(), id, receipt.Task+1, 0)
	require.NoError(t, err)
	require.Nil(t, absent)
}
