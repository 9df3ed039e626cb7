package round_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// TestAYieldIsExcusedAsItsSeatAndNodeAllow covers each kind of seat.
func TestAYieldIsExcusedAsItsSeatAndNodeAllow(t *testing.T) {
	seats := func(round types.Round) types.Round {
		round.Phase, round.Target = types.ROUND_PHASE_COMMIT, 2
		round.Replicas = replicas(types.ASSIGNMENT_STATUS_ASSIGNED, "n", "o")
		return round
	}
	closed := types.Round{Phase: types.ROUND_PHASE_CLOSED}
	for name, c := range map[string]struct {
		rounds     []types.Round
		unexcused  bool
		challenges bool
		excused    bool
		seat       int64
	}{
		"a replica":                      {rounds: []types.Round{seats(types.Round{})}, excused: true, seat: 20},
		"a replica without yields":       {rounds: []types.Round{seats(types.Round{})}, unexcused: true, seat: 20},
		"an auditor":                     {rounds: []types.Round{seats(types.Round{Auditors: 1})}},
		"a judge":                        {rounds: []types.Round{closed, seats(types.Round{})}},
		"a judge of a challenged result": {rounds: []types.Round{seats(types.Round{})}, challenges: true, seat: 20},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.unexcused = c.unexcused
			if c.challenges {
				w.job.Challenged = &types.ChallengedTask{JobId: jobID}
			}
			task := w.load(t, one(c.rounds...))
			ref := types.ChunkRef{JobId: jobID, Round: uint32(len(c.rounds) - 1)}
			deadline, may, err := task.MayYield(sdk.AccAddress("n"), ref)
			require.NoError(t, err)
			require.True(t, may)
			require.Equal(t, int64(11), deadline)
			item, has := task.WorkItem("n")
			require.True(t, has)
			require.NoError(t, task.Yield(sdk.AccAddress("n"), ref))
			require.Equal(t, c.excused, item.Excusable && !c.unexcused)
			said := "yield n 10 excused false"
			var missed []types.MissedDeadline
			if c.excused {
				said = "yield n 10 excused true"
			} else {
				missed = []types.MissedDeadline{{Operator: "n", Height: 10, Tasks: 1}}
			}
			require.Equal(t, []string{said}, w.said)
			round := task.Record().Rounds[ref.Round]
			require.Equal(t, missed, round.Missed)
			require.Len(t, round.Replicas, 1)
			require.Equal(t, c.seat, task.Record().DrawFees.Int64())
			require.Equal(t, types.ASSIGNMENT_STATUS_YIELDED, task.Record().Departed[0].Status)
			require.ErrorIs(t, task.Yield(sdk.AccAddress("n"), ref), types.ErrNotAssigned)
			_, may, err = task.MayYield(sdk.AccAddress("n"), ref)
			require.ErrorIs(t, err, types.ErrNotAssigned)
			require.False(t, may)
		})
	}
}
