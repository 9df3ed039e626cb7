package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

func (f *fixture) pause(n byte) error {
	return f.try(func(ctx sdk.Context) error {
		_, err := f.msgs.Pause(ctx, &types.MsgPause{Operator: operator(n).String()})
		return err
	})
}

func (f *fixture) resume(n byte) error {
	return f.try(func(ctx sdk.Context) error {
		_, err := f.msgs.Resume(ctx, &types.MsgResume{Operator: operator(n).String()})
		return err
	})
}

func (f *fixture) retire(n byte) (res *types.MsgRetireResponse, err error) {
	err = f.try(func(ctx sdk.Context) error {
		res, err = f.msgs.Retire(ctx, &types.MsgRetire{Operator: operator(n).String()})
		return err
	})
	return res, err
}

func TestPausedNodeTakesNoWorkAndKeepsWhatItHolds(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(10)))
	require.NoError(t, f.pause(0))
	f.requireEvent(&types.EventNodeStatus{
		Operator: operator(0).String(), From: types.NODE_STATUS_ACTIVE, To: types.NODE_STATUS_PAUSED,
	})
	require.ErrorIs(t, f.pause(0), types.ErrInvalidStatus)
	require.ErrorIs(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(10)), types.ErrNodeNotActive)
	require.NoError(t, f.keeper.Release(f.ctx, operator(0), math.NewInt(10)))
	require.NoError(t, f.resume(0))
	require.ErrorIs(t, f.resume(0), types.ErrInvalidStatus)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(10)))
	f.requireInvariants()
}

func TestRetiredNodeUnbondsWhatWorkGivesBack(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(10)))
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(20)))

	res, err := f.retire(0)
	require.NoError(t, err)
	require.Equal(t, coin(70), res.Unbonding)
	require.Equal(t, int64(6), res.CompletionHeight)
	require.ErrorIs(t, f.resume(0), types.ErrInvalidStatus)
	require.ErrorIs(t, f.bond(0, coin(1)), types.ErrInvalidStatus)
	_, err = f.keeper.OperatorOf(f.ctx, worker(0))
	require.NoError(t, err, "the worker still has to reveal")

	require.ErrorIs(t, f.keeper.Reserve(f.ctx, operator(0), math.OneInt()), types.ErrNodeNotActive)
	f.endBlock()
	require.NoError(t, f.keeper.Release(f.ctx, operator(0), math.NewInt(10)))
	res, err = f.retire(0)
	require.NoError(t, err)
	require.Equal(t, coin(10), res.Unbonding, "what has come back so far")
	_, err = f.keeper.OperatorOf(f.ctx, worker(0))
	require.NoError(t, err, "one assignment is left")
	f.endBlock()
	f.resetEvents()
	require.NoError(t, f.keeper.Release(f.ctx, operator(0), math.NewInt(20)))
	f.requireEvent(&types.EventUnbonding{Operator: operator(0).String(), Amount: coin(20), CompletionHeight: 8})
	require.Equal(t, map[int64]int64{6: 70, 7: 10, 8: 20}, f.unbondings(0), "the rest by itself")
	require.True(t, f.state(0).Closed())
	_, err = f.keeper.OperatorOf(f.ctx, worker(0))
	require.ErrorIs(t, err, types.ErrUnknownWorker, "a closed node frees its worker key")
	f.requireInvariants()
}

func TestClosedNodeMayRegisterAgain(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	f.roll()
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(30)))
	_, err := f.keeper.Penalize(f.ctx, missed(0, 30, 1))
	require.NoError(t, err)
	_, err = f.retire(0)
	require.NoError(t, err)
	f.register(0, 200, 2)
	require.Equal(t, types.NODE_STATUS_ACTIVE, f.state(0).Status)
	require.Equal(t, uint64(1), f.state(0).Faults.Missed, "faults stay with the record")
	require.Equal(t, int64(100), f.weight(0, 1), "so does the weight of the current epoch")
	f.requireInvariants()
}

func TestRetiredNodeThatIsSlashedEmptyFreesItsWorker(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(100)))
	_, err := f.retire(0)
	require.NoError(t, err)
	_, err = f.keeper.Slash(f.ctx, slashRequest(0, 100, 0, false))
	require.NoError(t, err)
	_, err = f.keeper.OperatorOf(f.ctx, worker(0))
	require.ErrorIs(t, err, types.ErrUnknownWorker)
	f.requireInvariants()
}

func TestALateFaultOfAClosedNodeLeavesItsOldWorkerToWhoHasItNow(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	_, err := f.retire(0)
	require.NoError(t, err)
	f.fund(operator(1), 100)
	other := registerMsg(1, 100, 2)
	other.Worker = worker(0).String()
	_, err = f.msgs.Register(f.ctx, other)
	require.NoError(t, err)
	req := slashRequest(0, 0, 0, false)
	req.Unlocked = math.NewInt(60)
	outcome, err := f.keeper.Slash(f.ctx, req)
	require.NoError(t, err)
	require.Equal(t, int64(60), outcome.Unbonding.Int64())
	found, err := f.keeper.OperatorOf(f.ctx, worker(0))
	require.NoError(t, err)
	require.Equal(t, operator(1), found)
	f.requireInvariants()
}

func TestClosedRecordGoesWhenItsWeightsAreNoLongerKept(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	f.roll()
	res, err := f.retire(0)
	require.NoError(t, err)
	_, err = f.retire(0)
	require.ErrorContains(t, err, "expected a bond that has been returned", "a challenge may still reach it")
	f.at(res.CompletionHeight)
	f.endBlock()
	f.at(res.CompletionHeight + 1)
	for range types.KeptEpochs {
		_, err := f.retire(0)
		require.ErrorIs(t, err, types.ErrInvalidStatus)
		f.requireInvariants()
		f.roll()
	}
	res, err = f.retire(0)
	require.NoError(t, err)
	require.True(t, res.Unbonding.IsZero())
	_, err = f.keeper.Node(f.ctx, operator(0))
	require.ErrorIs(t, err, types.ErrNodeNotFound)
	f.requireInvariants()
}
