package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// rewrite changes all records of a collection of the module's own store.
func rewrite[K, V any](t *testing.T, records collections.Map[K, V], f *fixture, change func(*V)) {
	t.Helper()
	iter, err := records.Iterate(f.ctx, nil)
	require.NoError(t, err)
	all, err := iter.KeyValues()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, record := range all {
		change(&record.Value)
		require.NoError(t, records.Set(f.ctx, record.Key, record.Value))
	}
}

// TestAnArrayOfAVersionWithoutChunksGoesOn: its records lack what counts chunks. One result is
// challenged, and some tasks have ended.
func TestAnArrayOfAVersionWithoutChunksGoesOn(t *testing.T) {
	f := chunkNetwork(t, 9)
	f.setParams(func(p *types.Params) { p.HonestBps, p.AuditFloorBps = 10_000, 1_000 })
	players := f.everyone(9, honest)
	s := contestable()
	s.Tasks, s.LifetimeBlocks = 9, 400
	id := f.post(0, s)
	f.until(players, func() bool {
		job := f.job(id)
		return job.TasksAccepted > 1 && job.Pending() > 0 && len(f.receipts[id][0].Agreed()) > 0
	})
	task := f.receipts[id][0].Task
	judging, err := f.challenge(1, id, task)
	require.NoError(t, err)
	f.until(players, func() bool { return len(f.round(judging).Replicas) > 0 })

	held := false
	cdc := codec.NewProtoCodec(codectypes.NewInterfaceRegistry())
	sb := collections.NewSchemaBuilder(f.service)
	key := collections.PairKeyCodec(types.JobIDKey, collections.Uint64Key)
	rewrite(t, collections.NewMap(sb, types.JobsPrefix, "jobs", types.JobIDKey, codec.CollValue[types.Job](cdc)), f, func(j *types.Job) {
		j.ChunkTasks, j.ChunksOpen, j.ChunksEnded = 0, 0, 0
		if j.Challenged != nil {
			j.Challenged.Count = 0
		}
	})
	rewrite(t, collections.NewMap(sb, types.ChunksPrefix, "chunks", key, codec.CollValue[types.Chunk](cdc)), f, func(t *types.Chunk) {
		t.Count, t.Liability = 0, math.Int{}
		for r := range t.Rounds {
			for i := range t.Rounds[r].Replicas {
				held = true
				t.Rounds[r].Replicas[i].Locked = math.Int{}
			}
		}
	})
	require.True(t, held)
	rewrite(t, collections.NewMap(sb, types.ChallengesPrefix, "challenges", key, codec.CollValue[types.Challenge](cdc)), f, func(c *types.Challenge) {
		c.Count, c.JudgedTasks = 0, 0
	})

	f.checkInvariants()
	restored(f)
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, judging, 120).Status)
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.ended(players, id).Status)
	require.EqualValues(t, 9, f.job(id).TasksAccepted)
	last := slices.IndexFunc(f.receipts[id], func(r types.Receipt) bool {
		return r.Task > task && len(r.Agreed()) > 0 && r.ChallengeUntil > f.ctx.BlockHeight()
	})
	require.Positive(t, last)
	_, err = f.challenge(2, id, f.receipts[id][last].Task)
	require.NoError(t, err, "its tree goes on where it was")
}

// ended returns a job that has ended, or ends it.
func (f *fixture) ended(players []player, id string) types.Job {
	if job := f.job(id); job.Ended() {
		return job
	}
	return f.play(players, id, 300)
}
