package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

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
	require.Equal(t, job.TaskReserve.Sub(job.SeatFee.MulRaw(3)).MulRaw(3).String(), f.balance(0).Sub(before).String(), "but for their seats")
}

func TestExpiredArrayRefundsWhatHasEndedWhileTheRestRuns(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	s := array(20)
	s.LifetimeBlocks, s.CommitBlocks = 21, 100
	id := f.drawable(s)
	f.assign(id, 6)
	f.blocks(60) // the others do not find nodes
	job := f.job(id)
	require.Positive(t, job.TasksDropped)
	require.EqualValues(t, 19, job.TasksEnded, "the one that nodes hold runs")
	require.Equal(t, job.TaskReserve.String(), job.Reserved.String())
	burned := math.ZeroInt()
	for _, r := range f.receipts[id] {
		burned = burned.Add(r.Burned)
	}
	require.Equal(t, job.TaskReserve.MulRaw(19).String(), job.Refunded.Add(burned).String())
}

// Escrow always covers what it owes. If it did not, a job would be closed later, with the
// same status: a job that no node took has expired.
func TestAJobThatNobodyTookExpiresWhenItsRefundGoesThrough(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	s := spec(coin(1_000), 3)
	s.LifetimeBlocks = 5
	id := f.post(0, s)
	owed := f.job(id).Reserved
	escrow := f.bank.GetAllBalances(f.ctx, authtypes.NewModuleAddress(types.ModuleName))
	require.NoError(t, f.bank.SendCoinsFromModuleToModule(f.ctx, types.ModuleName, faucet, escrow))
	for range 60 {
		require.NoError(t, f.keeper.EndBlock(f.ctx))
		f.ctx = f.ctx.WithBlockHeight(f.ctx.BlockHeight() + 1)
	}
	job := f.job(id)
	require.Equal(t, types.JOB_STATUS_OPEN, job.Status, "it could neither pay for its draws nor be closed")
	require.NoError(t, f.bank.SendCoinsFromModuleToModule(f.ctx, faucet, types.ModuleName, escrow))
	f.blocks(202)
	job = f.job(id)
	require.Equal(t, types.JOB_STATUS_EXPIRED, job.Status)
	require.Equal(t, owed.String(), job.Refunded.Add(f.receipt(id).Burned).String())
}
