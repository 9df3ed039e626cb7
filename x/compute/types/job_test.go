package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestAWindowLeavesSlotsForAuditors(t *testing.T) {
	p := types.DefaultParams()
	for _, c := range []struct {
		name   string
		policy types.Policy
		slots  uint64
		want   uint64
	}{
		{"a quorum without audits fills the slots", types.Policy{Replicas: 3}, 300, 100},
		{"sure audits take as much as the tasks", types.Policy{Replicas: 1, AuditBps: 10_000, Auditors: 1}, 300, 150},
		{"rare audits take a little", types.Policy{Replicas: 1, AuditBps: 1_000, Auditors: 1}, 280, 200},
		{"a small class opens a few all the same", types.Policy{Replicas: 3}, 3, 4},
		{"a class without nodes too", types.Policy{Replicas: 3}, 0, 4},
		{"never more than the parameter", types.Policy{Replicas: 1}, 1 << 40, uint64(p.MaxOpenTasks)},
	} {
		require.Equal(t, c.want, p.UnrollWindow(c.policy, c.slots), c.name)
	}
}

func TestAJobOpensNoMoreThanFoundNodes(t *testing.T) {
	job := types.Job{Tasks: 1_000, ChunkTasks: 1}
	require.EqualValues(t, 4, job.Room(100), "the first few")
	job.ChunksOpen, job.ChunksWaiting = 4, 4
	require.Zero(t, job.Room(100), "nobody has come")
	job.ChunksWaiting = 0
	require.EqualValues(t, 4, job.Room(100))
	job.ChunksOpen, job.ChunksWaiting = 20, 0
	require.EqualValues(t, 20, job.Room(100), "it doubles")
	job.ChunksOpen = 90
	require.EqualValues(t, 10, job.Room(100), "up to the window")
	require.Zero(t, job.Room(50), "a window that has shrunk opens nothing")
}

func TestAnArrayOfShortTasksGrowsAsItsTasksAreAccepted(t *testing.T) {
	job := types.Job{Tasks: 1_000, ChunkTasks: 1, ChunksOpen: 4, TasksEnded: 16, TasksAccepted: 16, ChunksWaiting: 4}
	require.EqualValues(t, 12, job.Room(100), "none runs, 16 were accepted")
	job.TasksAccepted = 10
	require.Zero(t, job.Room(100), "6 of 16 failed: what 10 have shown allows no more than the 4 that wait")
	job.TasksAccepted = 0
	require.Zero(t, job.Room(100), "the first few wait")
}
