package types_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestMoreJudgeThanHaveAgreedAndNeverAnEvenNumber(t *testing.T) {
	p := types.DefaultParams() // seven judges, a spare node, an auditor
	for _, c := range []struct {
		agreed int
		live   uint64
		want   uint32
	}{
		{1, 100, 7},
		{3, 100, 7},
		{7, 100, 9},
		{14, 100, 15},
		{15, 100, 17}, // more than max_replicas, which was higher when these nodes were drawn
		{63, 100, 0},  // no round is larger
		{1, 9, 5},
		{1, 8, 5},
		{1, 6, 3},
		{1, 5, 0},
		{3, 10, 5},
		{3, 9, 0}, // three judges would not be more than the nodes that agreed
		{1, 0, 0},
	} {
		require.Equal(t, c.want, p.JudgingReplicas(c.agreed, c.live), "%d agreed, %d live", c.agreed, c.live)
	}
}

func TestJudgesDoTheSameWorkAndDeliverNothing(t *testing.T) {
	s := goodSpec()
	s.FirstTask, s.Tasks = 10, 20
	s.Placement.Regions = []string{"de"}
	s.Policy.OwnRisk = true
	j := types.JudgingSpec(s, 7, 1, 5, 99)
	require.EqualValues(t, []uint64{17, 1, 99}, []uint64{j.FirstTask, j.Tasks, j.LifetimeBlocks})
	require.Empty(t, j.Sink)
	require.Empty(t, j.Placement)
	require.Equal(t, types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 5, OwnRisk: true}, j.Policy)
	require.Equal(t, []any{s.Program, s.Inputs, s.Args, s.Env, s.Resources, s.Reward}, []any{j.Program, j.Inputs, j.Args, j.Env, j.Resources, j.Reward})
	require.NoError(t, j.ValidateWork())
	require.ErrorContains(t, j.Validate(), "sink", "nobody else posts a job that delivers nothing")
}

func TestJudgesOfAChunkTakeAllOfItAtOnce(t *testing.T) {
	s := goodSpec()
	s.FirstTask, s.Tasks, s.ChunkTasks = 10, 5_000, types.MaxChunkTasks
	j := types.JudgingSpec(s, 4, types.MaxChunkTasks, 7, 99)
	require.EqualValues(t, []uint64{14, 4096, 4096}, []uint64{j.FirstTask, j.Tasks, j.ChunkTasks})
	require.NoError(t, j.ValidateWork(), "judges show one root, and not all results")
	j.Sink = s.Sink
	require.ErrorContains(t, j.Validate(), "chunk_tasks: expected at most 73 for a quorum of 7")
}

func TestEveryTaskOfAnAcceptedSpecCanBeJudged(t *testing.T) {
	s := goodSpec()
	s.ArrayInput = nil
	s.FirstTask, s.Tasks = 1<<32, types.MaxTasks
	require.NoError(t, s.Validate())
	for _, task := range []uint64{0, 1, types.MaxTasks - 1} {
		judging := types.JudgingSpec(s, task, 1, 3, 100)
		require.NoError(t, judging.ValidateWork(), "task %d", task)
	}
	s.FirstTask++
	require.ErrorIs(t, s.Validate(), types.ErrInvalidSpec)
	require.ErrorContains(t, s.Validate(), "first_task")
}

// TestEveryTaskOfEverySpecThatCanBePostedCanBeJudged checks both ends of arrays of every
// size, from the lowest to the highest first task, including added tasks, and specs of the
// largest size.
func TestEveryTaskOfEverySpecThatCanBePostedCanBeJudged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := goodSpec()
		edge := func(name string, low, high uint64) uint64 {
			return rapid.OneOf(rapid.Just(low), rapid.Just(high), rapid.Uint64Range(low, high)).Draw(t, name)
		}
		s.FirstTask = edge("first", 0, 1<<32)
		s.Tasks = edge("tasks", 1, types.MaxTasks)
		added := types.MaxTasks - s.Tasks
		if rapid.Bool().Draw(t, "inputs") {
			s.ArrayInput = &types.ArrayInput{
				Path: "task", Root: bytes.Repeat([]byte{1}, types.HashSize), Count: edge("count", s.FirstTask+s.Tasks, max(s.FirstTask+s.Tasks, 1<<32)),
				MaxBytes: 1, Uris: []string{"https://example.org/inputs"},
			}
			added = min(added, s.ArrayInput.Count-s.FirstTask-s.Tasks)
		}
		s.ChunkTasks = edge("chunk tasks", 0, min(s.Tasks, types.MaxChunkTasks))
		s.LifetimeBlocks, s.CommitBlocks = edge("lifetime", 1, 400_000), edge("commit", 40, 57_600)
		s.Policy = rapid.SampledFrom([]types.Policy{
			{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 1, Auditors: 1, ChallengeBlocks: 1},
			{Kind: types.POLICY_KIND_QUORUM, Replicas: 15, ChallengeBlocks: 57_600, OwnRisk: true},
		}).Draw(t, "policy")
		s.Sink = rapid.SampledFrom([]string{s.Sink, "http://a"}).Draw(t, "sink")
		if rapid.Bool().Draw(t, "long") {
			s.Args = nil
			for room := types.MaxSpecBytes - s.Size() - 3; room > 0; room = types.MaxSpecBytes - s.Size() - 3 {
				s.Args = append(s.Args, strings.Repeat("a", min(room, 512)))
			}
		}
		if s.Validate() != nil {
			return // it cannot be posted
		}
		last := s.Tasks + added - 1
		for _, task := range []uint64{0, s.Tasks - 1, last, edge("task", 0, last)} {
			judging := types.JudgingSpec(s, task, 1, rapid.SampledFrom([]uint32{3, 63}).Draw(t, "judges"), edge("judging lifetime", 1, 10_000_000))
			require.NoError(t, judging.ValidateWork(), "task %d of %d from %d, spec of %d bytes", task, last+1, s.FirstTask, s.Size())
		}
		count := edge("chunk", 1, s.PerChunk())
		for _, first := range []uint64{0, last + 1 - count} {
			judging := types.JudgingSpec(s, first, count, 63, 10_000_000)
			require.NoError(t, judging.ValidateWork(), "%d tasks from %d on of %d from %d, spec of %d bytes", count, first, last+1, s.FirstTask, s.Size())
		}
	})
}
