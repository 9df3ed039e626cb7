package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestToppingUpAddsTasksAndTime(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	id := f.post(0, array(3))
	before := f.job(id)
	f.next()
	resp, err := f.msgs.TopUpJob(f.ctx, &types.MsgTopUpJob{
		Requester: requester(0).String(), JobId: id, Tasks: 4, LifetimeBlocks: 450,
	})
	require.NoError(t, err)
	require.Equal(t, before.TaskReserve.MulRaw(4), resp.Reserved.Amount)
	require.EqualValues(t, 7, resp.Tasks)
	require.Equal(t, f.ctx.BlockHeight()+450, resp.ExpiresHeight)
	again, err := f.msgs.TopUpJob(f.ctx, &types.MsgTopUpJob{Requester: requester(0).String(), JobId: id, LifetimeBlocks: 1})
	require.NoError(t, err)
	require.Equal(t, resp.ExpiresHeight, again.ExpiresHeight, "no top-up takes time away")
	f.crowd(6, 200, func() bool { return f.job(id).Status == types.JOB_STATUS_COMPLETED })
	require.EqualValues(t, 7, f.job(id).TasksAccepted)
}

func TestRefusedTopUpsChangeNothing(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	s := array(3)
	s.ArrayInput = &types.ArrayInput{
		Path: "each.txt", Root: make([]byte, 32), Count: 5, MaxBytes: 10, Uris: []string{"http://127.0.0.1:1/in"},
	}
	id := f.post(0, s)
	topUp := func(by int, job string, tasks, blocks uint64) func() error {
		return func() error {
			_, err := f.msgs.TopUpJob(f.ctx, &types.MsgTopUpJob{
				Requester: requester(by).String(), JobId: job, Tasks: tasks, LifetimeBlocks: blocks,
			})
			return err
		}
	}
	require.ErrorIs(t, f.unchanged(topUp(1, id, 1, 0)), types.ErrNotRequester)
	require.ErrorIs(t, f.unchanged(topUp(0, "9-9-9", 1, 0)), types.ErrJobNotFound)
	require.ErrorIs(t, f.unchanged(topUp(0, id, 0, 0)), types.ErrInvalidTopUp)
	require.ErrorIs(t, f.unchanged(topUp(0, id, 3, 0)), types.ErrInvalidTopUp, "five inputs serve five tasks")
	require.ErrorIs(t, f.unchanged(topUp(0, id, 1<<63, 0)), types.ErrInvalidTopUp)
	require.ErrorIs(t, f.unchanged(topUp(0, id, 0, 1<<40)), types.ErrInvalidTopUp)
	_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
	require.NoError(t, err)
	require.ErrorIs(t, f.unchanged(topUp(0, id, 1, 0)), types.ErrJobEnded)
}

func TestACommittedReplicaIsNotHeldByARequesterWhoProlongsTheJob(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	f.setParams(func(p *types.Params) { p.MaxWaitBlocks = 30 })
	s := spec(coin(1_000), 3)
	s.Placement.Denied = []string{operator(2).String(), operator(3).String()} // two nodes can come, for three seats
	id := f.drawable(s)
	for _, n := range []int{0, 1} {
		require.NoError(t, f.claim(n, ref(id, 0)))
	}
	for len(f.round(id).Replicas) < 2 {
		f.next()
	}
	for _, n := range []int{0, 1} {
		require.NoError(t, f.commit(n, ref(id, 0)))
	}
	committed := f.ctx.BlockHeight()
	for !f.over(id) {
		require.Less(t, f.ctx.BlockHeight(), committed+150)
		_, err := f.msgs.TopUpJob(f.ctx, &types.MsgTopUpJob{Requester: requester(0).String(), JobId: id, LifetimeBlocks: 10_000})
		require.NoError(t, err)
		f.next()
	}
	require.Equal(t, types.JOB_STATUS_EXPIRED, f.job(id).Status)
	require.Equal(t, "88atfuel", f.earned(0).String())
	require.Equal(t, "88atfuel", f.earned(1).String())
}

func TestATaskThatEndsWhileItsJobIsToppedUpLeavesNothingBehind(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	f.setParams(func(p *types.Params) { p.RetentionBlocks, p.ReceiptRetentionBlocks = 5, 5 })
	id := f.post(0, array(1))
	for done := false; !done; {
		for n := range 6 {
			player{f: f, n: n}.act()
		}
		for _, change := range f.changes() {
			_, ended := change.Change.(*types.ChunkChange_Ended)
			done = done || ended
		}
		if done {
			_, err := f.msgs.TopUpJob(f.ctx, &types.MsgTopUpJob{Requester: requester(0).String(), JobId: id, Tasks: 2})
			require.NoError(t, err)
		}
		f.next()
	}
	f.crowd(6, 200, func() bool { return f.over(id) })
	require.EqualValues(t, 3, f.job(id).TasksAccepted)
	f.requireReceiptsUnder(f.job(id))
	f.blocks(20)
	require.NotContains(t, f.export().compute, id)
}

func TestNothingIsAddedToAJobWhoseLifetimeIsOverThoughItsTasksStillRun(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	s := array(1)
	s.LifetimeBlocks = 21
	id := f.drawable(s)
	f.assign(id, 6)
	topUp := func(tasks, blocks uint64) error {
		_, err := f.msgs.TopUpJob(f.ctx, &types.MsgTopUpJob{
			Requester: requester(0).String(), JobId: id, Tasks: tasks, LifetimeBlocks: blocks,
		})
		return err
	}
	for f.ctx.BlockHeight() < f.job(id).ExpiresHeight {
		f.next()
	}
	require.NoError(t, topUp(0, 1))
	f.next()
	f.next()
	require.Equal(t, types.JOB_STATUS_RUNNING, f.job(id).Status)
	require.ErrorIs(t, f.unchanged(func() error { return topUp(1, 0) }), types.ErrJobEnded)
	require.ErrorIs(t, f.unchanged(func() error { return topUp(0, 100) }), types.ErrJobEnded)
}
