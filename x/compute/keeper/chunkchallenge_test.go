package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// challengeLeaf challenges a task of a chunk, with the result that its replica stated.
func (f *fixture) challengeLeaf(n int, job string, task uint64, leaves []types.Subtree) (string, error) {
	f.t.Helper()
	f.fund(requester(n), coin(100_000))
	proof := f.proof(job, task)
	position := uint32(task - proof.Receipt.Task)
	resp, err := f.msgs.Challenge(f.ctx, &types.MsgChallenge{
		Challenger: requester(n).String(), JobId: job, Task: task, Proof: proof,
		Leaf: &leaves[position], Siblings: types.ChunkSiblings(leaves, []uint32{position}),
	})
	if err != nil {
		return "", err
	}
	return resp.JudgingJob, nil
}

// acceptedChunk plays arrays of two chunks in which the replica of the first skips some tasks,
// until it is not audited. It returns the job, that node, and what the node stated.
func acceptedChunk(f *fixture, players []player, skips func(task uint64) bool) (string, int, []types.Subtree) {
	f.t.Helper()
	f.setParams(func(p *types.Params) { p.HonestBps = 10_000 })
	for range 20 {
		s := chunked(20, 16)
		s.Policy.AuditBps, s.Policy.ChallengeBlocks = 5_000, window
		id := f.post(0, s)
		f.until(players, func() bool { return f.assignedTo(id, 0) != nil })
		n := *f.assignedTo(id, 0)
		players[n].chunk.skips = skips
		leaves := players[n].leaves(types.WorkItem{Ref: types.ChunkRef{JobId: id}}, 16)
		f.play(players, id, 300)
		players[n].chunk.skips = nil
		if r := f.proof(id, 0).Receipt; r.Status == types.CHUNK_STATUS_ACCEPTED && !r.Audited {
			return id, n, leaves
		}
	}
	require.Fail(f.t, "each chunk was audited")
	return "", 0, nil
}

// assignedTo returns the node that holds the chunk that begins with a task, or nil.
func (f *fixture) assignedTo(job string, task uint64) *int {
	f.t.Helper()
	resp, err := f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: job, Task: task})
	if err != nil || len(resp.Chunk.Rounds[0].Replicas) == 0 {
		return nil
	}
	for n := range 95 {
		if operator(n).String() == resp.Chunk.Rounds[0].Replicas[0].Operator {
			return &n
		}
	}
	return nil
}

func TestATaskOfAChunkIsChallengedAlone(t *testing.T) {
	f := chunkNetwork(t, 9)
	players := f.everyone(9, honest)
	id, liar, leaves := acceptedChunk(f, players, func(task uint64) bool { return task == 5 || task == 9 })
	job := f.job(id)
	bond, wronged := f.bond(liar), f.net(requester(0))

	upheld, err := f.challengeLeaf(1, id, 4, leaves)
	require.NoError(t, err)
	found, err := f.challengeLeaf(2, id, 5, leaves)
	require.NoError(t, err)
	require.EqualValues(t, 5, f.job(found).Challenged.Task)
	resp, err := f.queries.Challenge(f.ctx, &types.QueryChallengeRequest{JobId: id, Task: 11})
	require.NoError(t, err, "the result of the whole chunk is contested")
	require.EqualValues(t, 2, resp.Challenge.Judging)
	f.play(players, upheld, 120)
	f.play(players, found, 120)
	require.Equal(t, bond.Sub(job.Liability), f.bond(liar), "once, and whole")
	require.Equal(t, job.Liability.SubRaw(300).String(), f.net(requester(0)).Sub(wronged).String(), "what the liability leaves of three judges, towards the pay of the chunk")
	_, err = f.challengeLeaf(3, id, 9, leaves)
	require.ErrorIs(t, err, types.ErrNotChallengeable, "the same chunk")
	_, err = f.queries.Challenge(f.ctx, &types.QueryChallengeRequest{JobId: id, Task: 16})
	require.Error(t, err, "the chunk after it is not contested")
}

func TestAChallengeOfAChunkHasToProveTheLeaf(t *testing.T) {
	f := chunkNetwork(t, 9)
	players := f.everyone(9, honest)
	id, _, leaves := acceptedChunk(f, players, func(uint64) bool { return false })
	refused := func(change func(*types.MsgChallenge)) {
		t.Helper()
		f.fund(requester(1), coin(100_000))
		msg := &types.MsgChallenge{
			Challenger: requester(1).String(), JobId: id, Task: 5, Proof: f.proof(id, 5),
			Leaf: &types.Subtree{Hash: leaves[5].Hash, Fuel: leaves[5].Fuel}, Siblings: types.ChunkSiblings(leaves, []uint32{5}),
		}
		change(msg)
		require.ErrorIs(t, f.unchanged(func() error {
			_, err := f.msgs.Challenge(f.ctx, msg)
			return err
		}), types.ErrReceiptNotFound)
	}
	refused(func(m *types.MsgChallenge) { m.Leaf = nil })
	refused(func(m *types.MsgChallenge) { m.Leaf = &leaves[6] })
	refused(func(m *types.MsgChallenge) { m.Leaf.Fuel++ })
	refused(func(m *types.MsgChallenge) { m.Siblings = nil })
	refused(func(m *types.MsgChallenge) { m.Task = 6 })
	refused(func(m *types.MsgChallenge) { m.Task = 17 })
	refused(func(m *types.MsgChallenge) { m.Proof = f.proof(id, 17) })
	judging, err := f.challengeLeaf(1, id, 5, leaves)
	require.NoError(t, err)
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, judging, 120).Status)
	c, err := f.queries.Challenge(f.ctx, &types.QueryChallengeRequest{JobId: id, Task: 5})
	require.Error(t, err, "upheld: %v", c)
}
