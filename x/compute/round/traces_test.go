package round_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

// TestTracesFollowFromTheRecordAlone: what indexes say of a task can be computed anew
// from its record and its job at any time.
func TestTracesFollowFromTheRecordAlone(t *testing.T) {
	assigned := replicas(types.ASSIGNMENT_STATUS_ASSIGNED, "a", "b")
	draw := &types.Draw{SeedHeight: 8, Slots: 1, Candidates: replicas(types.ASSIGNMENT_STATUS_CANDIDATE, "c")}
	first := func(r types.Round) types.Round {
		r.Target, r.Phase = 3, types.ROUND_PHASE_COMMIT
		return r
	}
	for name, c := range map[string]struct {
		record types.Chunk
		change func(*types.Job)
		want   round.Traces
	}{
		"a first draw that nobody has entered": {
			record: one(first(types.Round{Draw: &types.Draw{SeedHeight: 8, Slots: 3}})),
			want:   round.Traces{Listed: round.ListedDraw, Pinned: 8, Board: class},
		},
		"a candidate has something at stake": {
			record: one(first(types.Round{Draw: draw})),
			want:   round.Traces{Urgent: true, Listed: round.ListedDraw, Pinned: 8, Board: class, Holders: []string{"c"}},
		},
		"replicas beside a draw for an empty seat": {
			record: one(first(types.Round{Replicas: assigned, Draw: draw})),
			want: round.Traces{
				Urgent: true, Listed: round.ListedDraw, Pinned: 8, Board: class, Held: 2, Holders: []string{"a", "b", "c"},
			},
		},
		"a pause between draws": {
			record: one(first(types.Round{ResumeHeight: 30})),
			want:   round.Traces{Board: class},
		},
		"auditors are called": {
			record: one(first(types.Round{Auditors: 1, Draw: &types.Draw{SeedHeight: 8, Slots: 1}})),
			want:   round.Traces{Urgent: true, Listed: round.ListedCall, Pinned: 8, Board: class},
		},
		"a further round is called": {
			record: one(types.Round{Phase: types.ROUND_PHASE_CLOSED}, first(types.Round{Draw: &types.Draw{SeedHeight: 9, Slots: 3}})),
			want:   round.Traces{Urgent: true, Listed: round.ListedCall, Pinned: 9, Board: class},
		},
		"judges of a challenge are called": {
			record: one(first(types.Round{Draw: &types.Draw{SeedHeight: 8, Slots: 3}})),
			change: func(j *types.Job) { j.Challenged = &types.ChallengedTask{JobId: jobID} },
			want:   round.Traces{Urgent: true, Listed: round.ListedCall, Pinned: 8, Board: class},
		},
		"a named node looks under its own name": {
			record: one(first(types.Round{Draw: &types.Draw{SeedHeight: 8, Slots: 1}})),
			change: func(j *types.Job) { j.Policy = types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, Node: "n"} },
			want:   round.Traces{Listed: round.ListedDraw, Pinned: 8, Board: "n"},
		},
		"a task that has ended leaves none": {
			record: types.Chunk{Count: 1, Status: types.CHUNK_STATUS_ACCEPTED, Rounds: []types.Round{{Replicas: assigned}}},
			want:   round.Traces{Board: class},
		},
	} {
		t.Run(name, func(t *testing.T) {
			job := newWorld().job
			if c.change != nil {
				c.change(&job)
			}
			c.record.DueHeight, c.want.Due = 17, 17
			require.Equal(t, c.want, round.TracesOf(&job, c.record))
		})
	}
}

// TestAnUpdateIsHandedOverOnce: what was written does not come again with what follows.
func TestAnUpdateIsHandedOverOnce(t *testing.T) {
	w := newWorld()
	w.height = 14
	record := one(types.Round{Target: 3, Phase: types.ROUND_PHASE_COMMIT, Draw: &types.Draw{
		SeedHeight: 10, CloseHeight: 14, Slots: 3, Candidates: replicas(types.ASSIGNMENT_STATUS_CANDIDATE, "a", "b", "c"),
	}})
	record.DueHeight = 14
	task := w.load(t, record)
	require.NoError(t, task.Advance())

	u := task.Update()
	require.Equal(t, round.TracesOf(&w.job, u.Record), u.After)
	require.Equal(t, int64(14), u.Before.Due)
	require.Equal(t, int64(21), u.After.Due, "the block after the commit deadline")
	require.Equal(t, int64(3), u.Note.Held)
	require.True(t, u.Note.Started)

	again := task.Update()
	require.Equal(t, u.After, again.Before)
	require.Equal(t, u.After, again.After)
	require.True(t, again.Note.Empty(), "%v", again.Note)
}

// TestAStartedTaskDraws: a task that is unrolled pins its first draw at once.
func TestAStartedTaskDraws(t *testing.T) {
	w := newWorld()
	id, err := types.ParseJobID(jobID)
	require.NoError(t, err)
	w.job.TasksOpened = 0
	task, err := round.Start(w.ctx(), w.deps(), w.params, id, w.job, round.NewSpan(0, 1))
	require.NoError(t, err)
	open, ok := task.Draw()
	require.True(t, ok)
	require.Equal(t, types.Draw{SeedHeight: 10, Epoch: 3, Slots: 3}, open.Draw)
	u := task.Update()
	require.Equal(t, round.Traces{}, u.Before)
	require.Equal(t, round.Traces{Due: 16, Listed: round.ListedDraw, Pinned: 10, Board: class}, u.After)
}
