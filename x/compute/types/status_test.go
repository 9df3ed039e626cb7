package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// walk tries every pair of the enum's values. It expects that exactly the allowed steps
// succeed, and that a refused step changes nothing.
func walk[S ~int32](t *testing.T, names map[int32]string, want map[S][]S, move func(from, to S) (S, error)) {
	t.Helper()
	for from := range names {
		for to := range names {
			allowed := false
			for _, s := range want[S(from)] {
				allowed = allowed || s == S(to)
			}
			got, err := move(S(from), S(to))
			if allowed {
				require.NoError(t, err, "%s to %s", names[from], names[to])
				require.Equal(t, S(to), got)
				continue
			}
			require.ErrorContains(t, err, "cannot go from", "%s to %s", names[from], names[to])
			require.Equal(t, S(from), got, "a refused step leaves %s", names[from])
		}
	}
}

func TestJobsMoveAsTheTableSays(t *testing.T) {
	walk(t, types.JobStatus_name, map[types.JobStatus][]types.JobStatus{
		types.JOB_STATUS_OPEN: {types.JOB_STATUS_RUNNING, types.JOB_STATUS_CANCELLED, types.JOB_STATUS_EXPIRED},
		types.JOB_STATUS_RUNNING: {
			types.JOB_STATUS_COMPLETED, types.JOB_STATUS_FAILED, types.JOB_STATUS_CANCELLED, types.JOB_STATUS_EXPIRED,
		},
	}, func(from, to types.JobStatus) (types.JobStatus, error) {
		job := types.Job{Status: from}
		err := job.MoveTo(to)
		return job.Status, err
	})
}

func TestTasksMoveAsTheTableSays(t *testing.T) {
	walk(t, types.ChunkStatus_name, map[types.ChunkStatus][]types.ChunkStatus{
		types.CHUNK_STATUS_OPEN: {types.CHUNK_STATUS_RUNNING, types.CHUNK_STATUS_EXPIRED, types.CHUNK_STATUS_CANCELLED},
		types.CHUNK_STATUS_RUNNING: {
			types.CHUNK_STATUS_ACCEPTED, types.CHUNK_STATUS_FAILED, types.CHUNK_STATUS_EXPIRED,
			types.CHUNK_STATUS_INPUT_UNAVAILABLE, types.CHUNK_STATUS_CANCELLED,
		},
	}, func(from, to types.ChunkStatus) (types.ChunkStatus, error) {
		task := types.Chunk{Status: from}
		err := task.MoveTo(to)
		return task.Status, err
	})
}

func TestAssignmentsMoveAsTheTableSays(t *testing.T) {
	walk(t, types.AssignmentStatus_name, map[types.AssignmentStatus][]types.AssignmentStatus{
		types.ASSIGNMENT_STATUS_CANDIDATE: {types.ASSIGNMENT_STATUS_ASSIGNED},
		types.ASSIGNMENT_STATUS_ASSIGNED: {
			types.ASSIGNMENT_STATUS_COMMITTED, types.ASSIGNMENT_STATUS_RELEASED, types.ASSIGNMENT_STATUS_MISSED,
			types.ASSIGNMENT_STATUS_YIELDED,
			types.ASSIGNMENT_STATUS_PAID, types.ASSIGNMENT_STATUS_UNPAID,
		},
		types.ASSIGNMENT_STATUS_COMMITTED: {
			types.ASSIGNMENT_STATUS_REVEALED, types.ASSIGNMENT_STATUS_NO_REVEAL,
			types.ASSIGNMENT_STATUS_PAID, types.ASSIGNMENT_STATUS_UNPAID,
		},
		types.ASSIGNMENT_STATUS_REVEALED: {
			types.ASSIGNMENT_STATUS_PAID, types.ASSIGNMENT_STATUS_UNPAID,
			types.ASSIGNMENT_STATUS_SLASHED, types.ASSIGNMENT_STATUS_NO_REVEAL,
		},
	}, func(from, to types.AssignmentStatus) (types.AssignmentStatus, error) {
		a := types.Assignment{Status: from}
		err := a.MoveTo(to)
		return a.Status, err
	})
}

func TestRoundsMoveAsTheTableSays(t *testing.T) {
	walk(t, types.RoundPhase_name, map[types.RoundPhase][]types.RoundPhase{
		types.ROUND_PHASE_COMMIT: {types.ROUND_PHASE_AUDIT, types.ROUND_PHASE_REVEAL, types.ROUND_PHASE_CLOSED},
		types.ROUND_PHASE_AUDIT:  {types.ROUND_PHASE_COMMIT, types.ROUND_PHASE_REVEAL, types.ROUND_PHASE_CLOSED},
		types.ROUND_PHASE_REVEAL: {types.ROUND_PHASE_LEAVES, types.ROUND_PHASE_REVIEW, types.ROUND_PHASE_CLOSED},
		types.ROUND_PHASE_LEAVES: {types.ROUND_PHASE_CLOSED},
		types.ROUND_PHASE_REVIEW: {types.ROUND_PHASE_CLOSED},
	}, func(from, to types.RoundPhase) (types.RoundPhase, error) {
		r := types.Round{Phase: from}
		err := r.MoveTo(to)
		return r.Phase, err
	})
}

func TestEndedIsWhatNothingFollows(t *testing.T) {
	for s := range types.JobStatus_name {
		job := types.Job{Status: types.JobStatus(s)}
		open := job.Status == types.JOB_STATUS_OPEN || job.Status == types.JOB_STATUS_RUNNING
		require.Equal(t, !open, job.Ended(), "%s", job.Status)
	}
	for s := range types.ChunkStatus_name {
		task := types.Chunk{Status: types.ChunkStatus(s)}
		open := task.Status == types.CHUNK_STATUS_OPEN || task.Status == types.CHUNK_STATUS_RUNNING
		require.Equal(t, !open, task.Ended(), "%s", task.Status)
	}
}
