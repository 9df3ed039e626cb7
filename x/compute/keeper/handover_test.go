package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// TestAPartThatDoesNotPayItsAuditorsIsRefused: of a chunk with two auditors and four samples, a
// node may not commit to seven tasks. Eight of them cost the requester their pay, and not more.
func TestAPartThatDoesNotPayItsAuditorsIsRefused(t *testing.T) {
	f := chunkNetwork(t, 8)
	players := f.everyone(8, honest)
	s := chunked(64, 64)
	s.Policy.Auditors = 2
	id := f.post(0, s)
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) > 0 })
	n := f.drawn(id)[0]
	commit := func(tasks uint64) error {
		p := player{f: f, n: n}
		item := f.held(n)
		root := types.ChunkRoot(p.leaves(item, tasks))
		return p.sendCommit(types.CommitItem{
			Ref: item.Ref, Commitment: types.Commitment(operator(n), root.Hash, 0, p.salt()), Fuel: root.Fuel, Tasks: tasks,
		})
	}
	for _, few := range []uint64{2, 3, 9} { // the tasks use nine tenths of their fuel: five samples
		err := f.unchanged(func() error { return commit(few) })
		require.ErrorIs(t, err, types.ErrInvalidCommitment)
		require.ErrorContains(t, err, "commit to more tasks")
	}
	require.NoError(t, commit(10))
	job := f.play(players, id, 400)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	r := f.receipts[id][0]
	if r.Task != 0 {
		r = f.receipts[id][1]
	}
	require.EqualValues(t, 10, r.Count)
	spent := math.ZeroInt()
	for _, o := range r.Outcomes {
		spent = spent.Add(o.Paid)
	}
	require.Equal(t, job.Pay(10).String(), spent.String(), "the pay of ten tasks, all of it for the auditors")
}
