package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestCancelledArrayRefundsWhatHasEndedWhileTheRestRuns(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	id := f.post(0, array(4))
	f.blocks(seedDelay)
	drawn := f.assign(id, 6)
	require.NoError(t, f.commit(drawn[0], ref(id, 0)))
	before := f.balance(0)
	_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
	require.NoError(t, err)
	f.next()
	job := f.job(id)
	require.Zero(t, job.TasksDropped, "all were open")
	require.EqualValues(t, 3, job.TasksEnded)
	require.Equal(t, job.TaskReserve.String(), job.Reserved.String(), "what the committed one may still spend")
	require.Equal(t, job.TaskReserve.MulRaw(3).String(), f.balance(0).Sub(before).String())
}

func TestExpiredArrayRefundsWhatHasEndedWhileTheRestRuns(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	s := array(20)
	s.LifetimeBlocks, s.CommitBlocks = 21, 100
	id := f.drawable(s)
	f.assign(id, 6)
	f.blocks(60) // the others find nobody
	job := f.job(id)
	require.Positive(t, job.TasksDropped)
	require.EqualValues(t, 19, job.TasksEnded, "the one that nodes hold runs")
	require.Equal(t, job.TaskReserve.String(), job.Reserved.String())
	require.Equal(t, job.TaskReserve.MulRaw(19).String(), job.Refunded.String())
}
