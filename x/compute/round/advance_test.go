package round_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// TestWhatIsDueIsAppliedByHeightAlone: each transition happens at its height, and not a
// block earlier.
func TestWhatIsDueIsAppliedByHeightAlone(t *testing.T) {
	committed := replicas(types.ASSIGNMENT_STATUS_COMMITTED, "a", "b", "c")
	commit := func(r types.Round) types.Round {
		r.Target, r.Phase = 3, types.ROUND_PHASE_COMMIT
		return r
	}
	for name, c := range map[string]struct {
		rounds []types.Round
		change func(*world)
		// at is the first height at which something happens.
		at     int64
		status types.ChunkStatus
		phase  types.RoundPhase
		said   []string
		check  func(t *testing.T, task *types.Chunk)
	}{
		"claims start with the seed": {
			rounds: []types.Round{commit(types.Round{Draws: 1, Draw: &types.Draw{SeedHeight: 10, Slots: 3}})},
			at:     10 + seedDelay, status: types.CHUNK_STATUS_OPEN, phase: types.ROUND_PHASE_COMMIT,
			check: func(t *testing.T, task *types.Chunk) {
				require.Equal(t, int64(14), task.Rounds[0].Draw.CloseHeight)
				require.Len(t, task.Rounds[0].TraceKey, types.HashSize)
			},
		},
		"a seed that never comes ends the task": {
			rounds: []types.Round{commit(types.Round{Draws: 1, Draw: &types.Draw{SeedHeight: 10, Slots: 3}})},
			change: func(w *world) { w.withheld = true },
			at:     31, status: types.CHUNK_STATUS_EXPIRED, phase: types.ROUND_PHASE_COMMIT,
		},
		"candidates are assigned when the window is over": {
			rounds: []types.Round{commit(types.Round{Draws: 1, Draw: &types.Draw{
				SeedHeight: 10, CloseHeight: 14, Slots: 3, Candidates: replicas(types.ASSIGNMENT_STATUS_CANDIDATE, "a", "b", "c"),
			}})},
			at: 14, status: types.CHUNK_STATUS_RUNNING, phase: types.ROUND_PHASE_COMMIT,
			check: func(t *testing.T, task *types.Chunk) {
				require.Nil(t, task.Rounds[0].Draw)
				require.Equal(t, int64(20), task.Rounds[0].NextDeadline)
				require.Equal(t, types.ASSIGNMENT_STATUS_ASSIGNED, task.Rounds[0].Replicas[2].Status)
			},
		},
		"a draw that nobody entered is charged, and drawn again after a pause": {
			rounds: []types.Round{commit(types.Round{Draws: 1, Draw: &types.Draw{SeedHeight: 10, CloseHeight: 14, Slots: 3}})},
			at:     14, status: types.CHUNK_STATUS_OPEN, phase: types.ROUND_PHASE_COMMIT,
			check: func(t *testing.T, task *types.Chunk) {
				require.Equal(t, int64(15), task.Rounds[0].ResumeHeight)
				require.True(t, task.DrawFees.IsPositive())
			},
		},
		"a pause ends with a draw": {
			rounds: []types.Round{commit(types.Round{Draws: 1, ResumeHeight: 15})},
			at:     15, status: types.CHUNK_STATUS_OPEN, phase: types.ROUND_PHASE_COMMIT,
			check: func(t *testing.T, task *types.Chunk) {
				require.Equal(t, &types.Draw{SeedHeight: 15, Epoch: 3, Attempt: 1, Slots: 3}, task.Rounds[0].Draw)
			},
		},
		"a first round draws as long as its job lives": {
			rounds: []types.Round{commit(types.Round{Draws: 5, ResumeHeight: 200})},
			at:     102, status: types.CHUNK_STATUS_EXPIRED, phase: types.ROUND_PHASE_COMMIT,
		},
		"a node that is late leaves, and whether it counts is open": {
			rounds: []types.Round{commit(types.Round{
				Draws: 1, NextDeadline: 11, Committed: 2,
				Replicas: append(replicas(types.ASSIGNMENT_STATUS_COMMITTED, "a", "b"), replica("c", types.ASSIGNMENT_STATUS_ASSIGNED)),
			})},
			at: 12, status: types.CHUNK_STATUS_RUNNING, phase: types.ROUND_PHASE_COMMIT,
			said: []string{"penalize c " + string(edgenodetypes.ReasonMissedDeadline) + " 10"},
			check: func(t *testing.T, task *types.Chunk) {
				require.Len(t, task.Rounds[0].Replicas, 2)
				require.Equal(t, []types.MissedDeadline{{Operator: "c", Height: 11, Tasks: 1}}, task.Rounds[0].Missed)
				require.Equal(t, int64(13), task.Rounds[0].ResumeHeight)
				require.Equal(t, math.NewInt(20), task.DrawFees, "its seat is drawn again, for a fee")
			},
		},
		"all have committed": {
			rounds: []types.Round{commit(types.Round{Committed: 3, Replicas: committed})},
			at:     10, status: types.CHUNK_STATUS_RUNNING, phase: types.ROUND_PHASE_REVEAL,
			check: func(t *testing.T, task *types.Chunk) { require.Equal(t, int64(14), task.Rounds[0].RevealDeadline) },
		},
		"all have committed to what may be audited": {
			rounds: []types.Round{commit(types.Round{Committed: 3, Replicas: committed})},
			change: func(w *world) { w.job.Policy.AuditBps, w.job.Policy.Auditors = 1, 2 },
			at:     10, status: types.CHUNK_STATUS_RUNNING, phase: types.ROUND_PHASE_AUDIT,
			check: func(t *testing.T, task *types.Chunk) { require.Equal(t, int64(10), task.Rounds[0].AuditSeedHeight) },
		},
		"auditors join the round": {
			rounds: []types.Round{{Target: 3, Phase: types.ROUND_PHASE_AUDIT, AuditSeedHeight: 10, Committed: 3, Replicas: committed}},
			change: func(w *world) { w.job.Policy.AuditBps, w.job.Policy.Auditors = 10_000, 2 },
			at:     12, status: types.CHUNK_STATUS_RUNNING, phase: types.ROUND_PHASE_COMMIT,
			check: func(t *testing.T, task *types.Chunk) {
				require.Equal(t, uint32(5), task.Rounds[0].Target)
				require.Equal(t, uint32(2), task.Rounds[0].Draw.Slots)
			},
		},
		"no auditors join": {
			rounds: []types.Round{{Target: 3, Phase: types.ROUND_PHASE_AUDIT, AuditSeedHeight: 10, Committed: 3, Replicas: committed}},
			change: func(w *world) { w.job.Policy.AuditBps, w.job.Policy.Auditors = 0, 2 },
			at:     12, status: types.CHUNK_STATUS_RUNNING, phase: types.ROUND_PHASE_REVEAL,
		},
		"silence past the deadline of the reveals escalates": {
			rounds: []types.Round{{
				Target: 3, Phase: types.ROUND_PHASE_REVEAL, RevealDeadline: 14, Committed: 3, Revealed: 0, Replicas: committed,
			}},
			at: 15, status: types.CHUNK_STATUS_RUNNING, phase: types.ROUND_PHASE_COMMIT,
			check: func(t *testing.T, task *types.Chunk) {
				require.Len(t, task.Rounds, 2)
				require.Equal(t, types.ROUND_PHASE_CLOSED, task.Rounds[0].Phase)
				require.Equal(t, types.ASSIGNMENT_STATUS_NO_REVEAL, task.Rounds[0].Replicas[0].Status)
				require.Equal(t, uint32(3), task.Rounds[1].Asked)
			},
		},
		"a cancelled task that nobody has committed to pays who holds it": {
			rounds: []types.Round{commit(types.Round{NextDeadline: 11, Replicas: replicas(types.ASSIGNMENT_STATUS_ASSIGNED, "a", "b", "c")})},
			change: func(w *world) { w.job.Cancelled = true },
			at:     10, status: types.CHUNK_STATUS_CANCELLED, phase: types.ROUND_PHASE_COMMIT,
			said: []string{
				"release a", "reward a 10", "release b", "reward b 10", "release c", "reward c 10", "burn 30atfuel",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, height := range []int64{c.at - 1, c.at} {
				w := newWorld()
				if w.height = height; c.change != nil {
					c.change(w)
				}
				record := one(clone(t, c.rounds)...)
				task := w.load(t, record)
				before := *w.load(t, one(clone(t, c.rounds)...)).Record()
				if height < 10 && c.at == 10 {
					continue // due at any height
				}
				require.NoError(t, task.Advance())
				if height < c.at {
					quiet := *task.Record()
					require.Equal(t, before.Status, quiet.Status, "a block too early")
					require.Equal(t, before.Rounds[0].Phase, quiet.Rounds[len(quiet.Rounds)-1].Phase, "a block too early")
					require.Empty(t, w.said, "a block too early")
					continue
				}
				got := task.Record()
				require.Equal(t, c.status, got.Status)
				require.Equal(t, c.phase, got.Rounds[len(got.Rounds)-1].Phase)
				require.Equal(t, c.said, w.said)
				if c.check != nil {
					c.check(t, got)
				}
				again := len(w.said)
				require.NoError(t, task.Advance())
				require.Len(t, w.said, again, "nothing is left to do at this height")
			}
		})
	}
}

// clone copies rounds, so that a table may be run several times.
func clone(t *testing.T, rounds []types.Round) []types.Round {
	t.Helper()
	in := types.Chunk{Count: 1, Rounds: rounds, DrawFees: math.ZeroInt()}
	bz, err := in.Marshal()
	require.NoError(t, err)
	var out types.Chunk
	require.NoError(t, out.Unmarshal(bz))
	return out.Rounds
}

// TestATaskIsDueWhenItMayMoveWithoutAMessage.
func TestATaskIsDueWhenItMayMoveWithoutAMessage(t *testing.T) {
	for name, c := range map[string]struct {
		round types.Round
		want  int64
	}{
		"a seed that comes in the ordinary course":     {types.Round{Draw: &types.Draw{SeedHeight: 10}}, 16},
		"a seed that is late is looked for less often": {types.Round{Draw: &types.Draw{SeedHeight: -30}}, 17},
		"a window":                         {types.Round{Draw: &types.Draw{SeedHeight: 8, CloseHeight: 14}}, 14},
		"a deadline":                       {types.Round{NextDeadline: 20}, 21},
		"a pause":                          {types.Round{ResumeHeight: 33}, 33},
		"a pause beside who waits":         {types.Round{ResumeHeight: 33, WaitUntil: 25}, 26},
		"the first of several":             {types.Round{NextDeadline: 20, Draw: &types.Draw{CloseHeight: 13}}, 13},
		"never this block":                 {types.Round{ResumeHeight: 3}, 11},
		"a seed of an audit":               {types.Round{Phase: types.ROUND_PHASE_AUDIT, AuditSeedHeight: 10}, 12},
		"the block after the reveals":      {types.Round{Phase: types.ROUND_PHASE_REVEAL, RevealDeadline: 14}, 15},
		"the block after the review's end": {types.Round{Phase: types.ROUND_PHASE_REVIEW, ReviewDeadline: 40}, 41},
	} {
		t.Run(name, func(t *testing.T) {
			if c.round.Phase == types.ROUND_PHASE_UNSPECIFIED {
				c.round.Phase = types.ROUND_PHASE_COMMIT
			}
			require.Equal(t, c.want, newWorld().load(t, one(c.round)).NextDue())
		})
	}
	ended := types.Chunk{Count: 1, Status: types.CHUNK_STATUS_FAILED, Rounds: []types.Round{{}}}
	require.Zero(t, newWorld().load(t, ended).NextDue())
}
