package client

import (
	"testing"

	"github.com/stretchr/testify/require"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestTheFirstTaskWithoutAReceiptIsBehindWholeChunks(t *testing.T) {
	log, err := openReceiptLog(t.TempDir())
	require.NoError(t, err)
	require.Zero(t, log.firstMissing())
	require.NoError(t, log.add([]computetypes.Receipt{{JobId: testJob, Task: 0, Count: 4096}, {JobId: testJob, Task: 4096}, {JobId: testJob, Task: 4098, Count: 2}}))
	require.EqualValues(t, 4097, log.firstMissing())
}

func TestReceiptsOfMoreTasksThanAChunkHasAreNotKept(t *testing.T) {
	log, err := openReceiptLog(t.TempDir())
	require.NoError(t, err)
	for _, receipt := range []computetypes.Receipt{{Count: 4097}, {Count: 1 << 63}, {Task: 1 << 63, Count: 1}} {
		require.ErrorContains(t, log.add([]computetypes.Receipt{receipt}), "the node lies")
	}
	require.Zero(t, log.firstMissing())
}
