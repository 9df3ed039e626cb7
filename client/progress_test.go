package client

import (
	"testing"

	"github.com/stretchr/testify/require"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestProgressOfAnArrayIsByTask(t *testing.T) {
	job := computetypes.Job{Status: computetypes.JOB_STATUS_RUNNING, Tasks: 150, TasksOpened: 120, TasksEnded: 75, TasksAccepted: 60, ChunkTasks: 15, ChunksOpen: 3}
	for waiting, want := range []string{"", ", and one chunk waits for a node", ", and 2 chunks wait for nodes"} {
		job.ChunksWaiting = uint64(waiting)
		require.Equal(t, "75 of 150 tasks ended, 60 with a result and 15 without; 120 opened"+want, progressOfArray(job).String())
	}
}
