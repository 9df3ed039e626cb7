package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

func (f *fixture) renew(n byte) error {
	return f.try(func(ctx sdk.Context) error {
		_, err := f.msgs.RenewLease(ctx, &types.MsgRenewLease{Worker: worker(n).String()})
		return err
	})
}

// leaseOf sets the length of leases from now on.
func (f *fixture) leaseOf(blocks uint64) {
	f.t.Helper()
	params, err := f.keeper.Params(f.ctx)
	require.NoError(f.t, err)
	params.LeaseBlocks = blocks
	_, err = f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: params})
	require.NoError(f.t, err)
}

// endBlocks ends the blocks up to and including a height.
func (f *fixture) endBlocks(height int64) {
	f.t.Helper()
	for f.ctx.BlockHeight() <= height {
		f.endBlock()
		f.requireInvariants()
	}
}

// checks counts the entries of the lease queue in the store itself.
func (f *fixture) checks() (count int) {
	f.t.Helper()
	prefix := types.LeaseQueuePrefix.Bytes()
	iterator, err := f.service.OpenKVStore(f.ctx).Iterator(prefix, []byte{prefix[0] + 1})
	require.NoError(f.t, err)
	defer iterator.Close()
	for ; iterator.Valid(); iterator.Next() {
		count++
	}
	return count
}

func TestSilentNodeLapsesWhenItsLeaseEnds(t *testing.T) {
	f := newFixture(t)
	f.leaseOf(10)
	f.register(0, 400, 8)
	f.roll()
	require.Equal(t, int64(11), f.state(0).LeaseEnd)
	f.endBlocks(10)
	require.NoError(t, f.keeper.Reserve(f.ctx.WithEventManager(sdk.NewEventManager()).WithBlockHeight(11), operator(0), math.OneInt()), "live in its last block")
	require.NoError(t, f.keeper.Release(f.ctx.WithBlockHeight(12), operator(0), math.OneInt()))
	f.endBlocks(21)
	require.Equal(t, types.NODE_STATUS_ACTIVE, f.state(0).Status, "the release of height 12 renewed it")
	f.resetEvents()
	f.endBlock()
	require.Equal(t, types.NODE_STATUS_LAPSED, f.state(0).Status)
	require.Equal(t, int64(22), f.state(0).LeaseEnd, "it tells since when")
	f.requireEvent(&types.EventNodeStatus{Operator: operator(0).String(), From: types.NODE_STATUS_ACTIVE, To: types.NODE_STATUS_LAPSED})
	err := f.keeper.Reserve(f.ctx, operator(0), math.OneInt())
	require.ErrorIs(t, err, types.ErrLeaseLapsed)
	require.ErrorContains(t, err, "height 22")
	require.Equal(t, int64(400), f.weight(0, 1))
	f.roll()
	require.Zero(t, f.weight(0, 2))
	require.Zero(t, f.checks())
	f.requireInvariants()
}

func TestWorkerBringsALapsedNodeBackAndTheOperatorDoesNot(t *testing.T) {
	f := newFixture(t)
	f.leaseOf(5)
	f.register(0, 400, 8)
	f.endBlocks(6)
	require.ErrorIs(t, f.resume(0), types.ErrLeaseLapsed, "only the machine shows that it is there")
	f.resetEvents()
	require.NoError(t, f.renew(0))
	f.requireEvent(&types.EventNodeStatus{Operator: operator(0).String(), From: types.NODE_STATUS_LAPSED, To: types.NODE_STATUS_ACTIVE})
	f.requireEvent(&types.EventLeaseRenewed{Operator: operator(0).String(), LeaseEnd: 12})
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.OneInt()))
	f.roll()
	require.Equal(t, int64(400), f.weight(0, 1))
	require.ErrorIs(t, f.renew(3), types.ErrUnknownWorker)
	f.requireInvariants()
}

func TestRenewalWritesNoQueueEntry(t *testing.T) {
	f := newFixture(t)
	f.leaseOf(10)
	f.register(0, 400, 8)
	for range 30 {
		require.NoError(t, f.renew(0))
		f.hold(0, 1)
		require.NoError(t, f.keeper.Release(f.ctx, operator(0), math.OneInt()))
		require.Equal(t, 1, f.checks())
		f.endBlock()
		f.requireInvariants()
	}
	require.Equal(t, types.NODE_STATUS_ACTIVE, f.state(0).Status)
	require.Equal(t, int64(30+10), f.state(0).LeaseEnd)
}

func TestShorterLeasesTakeNothingBack(t *testing.T) {
	f := newFixture(t)
	f.leaseOf(50)
	f.register(0, 400, 8)
	f.leaseOf(5)
	require.NoError(t, f.renew(0))
	require.Equal(t, int64(51), f.state(0).LeaseEnd)
	f.endBlocks(51)
	require.Equal(t, types.NODE_STATUS_LAPSED, f.state(0).Status)
}

func TestOnlyActiveNodesHaveALease(t *testing.T) {
	f := newFixture(t)
	f.leaseOf(10)
	f.register(0, 400, 8)
	require.NoError(t, f.pause(0))
	require.Zero(t, f.checks())
	require.Zero(t, f.state(0).LeaseEnd)
	require.ErrorIs(t, f.renew(0), types.ErrInvalidStatus)
	f.endBlocks(30)
	require.Equal(t, types.NODE_STATUS_PAUSED, f.state(0).Status)
	require.NoError(t, f.resume(0))
	require.Equal(t, int64(41), f.state(0).LeaseEnd)

	f.endBlocks(41)
	require.Equal(t, types.NODE_STATUS_LAPSED, f.state(0).Status)
	require.NoError(t, f.pause(0), "so that it does not come back by itself")
	require.ErrorIs(t, f.renew(0), types.ErrInvalidStatus)
	require.NoError(t, f.resume(0))
	f.jail(0)
	require.Zero(t, f.checks())
	_, err := f.retire(0)
	require.NoError(t, err)
	require.ErrorIs(t, f.renew(0), types.ErrUnknownWorker, "closed")
	f.fund(operator(0), 400)
	f.at(f.state(0).Jail.Until)
	_, err = f.msgs.Register(f.ctx, registerMsg(0, 400, 8))
	require.NoError(t, err)
	require.Equal(t, 1, f.checks())
	f.requireInvariants()
}

func TestBacklogOfLeasesDrainsOverBlocksAndWinsNobodyAnything(t *testing.T) {
	f := newFixture(t)
	f.leaseOf(10)
	for n := range byte(5) {
		f.register(n, 100, 1)
	}
	f.at(20)
	lapsed := func() (count int) {
		for n := range byte(5) {
			require.ErrorIs(t, f.keeper.Reserve(f.ctx, operator(n), math.OneInt()), types.ErrLeaseLapsed)
			if f.state(n).Status == types.NODE_STATUS_LAPSED {
				count++
			}
		}
		return count
	}
	require.Zero(t, lapsed())
	for _, want := range []int{2, 4, 5, 5} {
		f.endBlock()
		require.Equal(t, want, lapsed(), "at most queue_limit a block")
		f.requireInvariants()
	}
}

func TestReleaseDoesNotRenewALeaseThatHasRunOut(t *testing.T) {
	f := newFixture(t)
	f.leaseOf(10)
	f.register(0, 400, 8)
	f.hold(0, 1)
	f.at(12)
	require.NoError(t, f.keeper.Release(f.ctx, operator(0), math.OneInt()))
	require.Equal(t, int64(11), f.state(0).LeaseEnd)
	f.endBlock()
	require.Equal(t, types.NODE_STATUS_LAPSED, f.state(0).Status)
}

func TestLeaseThatCannotEndIsPutBackAndHoldsUpNobody(t *testing.T) {
	f := newFixture(t)
	f.leaseOf(10)
	for n := range byte(3) {
		f.register(n, 100, 1)
	}
	_, err := f.msgs.Update(f.ctx, updateMsg(0, large, 2))
	require.NoError(t, err)
	key, err := collections.EncodeKeyWithPrefix(types.TotalsPrefix.Bytes(), collections.StringKey, large)
	require.NoError(t, err)
	stored := f.service.OpenKVStore(f.ctx)
	total, err := stored.Get(key)
	require.NoError(t, err)
	require.NoError(t, stored.Set(key, []byte{0xff}))
	f.at(20)
	f.endBlock()
	f.endBlock()
	require.Equal(t, []types.NodeStatus{types.NODE_STATUS_ACTIVE, types.NODE_STATUS_LAPSED, types.NODE_STATUS_LAPSED},
		[]types.NodeStatus{f.state(0).Status, f.state(1).Status, f.state(2).Status})
	require.ErrorIs(t, f.keeper.Reserve(f.ctx, operator(0), math.OneInt()), types.ErrLeaseLapsed)

	require.NoError(t, stored.Set(key, total))
	f.requireInvariants()
	f.at(1020)
	f.endBlock()
	require.Equal(t, types.NODE_STATUS_LAPSED, f.state(0).Status)
	f.requireInvariants()
}

func TestLeasesThatCannotEndDoNotFillTheQueue(t *testing.T) {
	f := newFixture(t) // two items per block
	f.leaseOf(10)
	f.register(0, 100, 1)
	f.register(1, 100, 1)
	for n := range byte(2) {
		_, err := f.msgs.Update(f.ctx, updateMsg(n, large, 2))
		require.NoError(t, err)
	}
	f.at(2)
	f.register(2, 100, 1)
	key, err := collections.EncodeKeyWithPrefix(types.TotalsPrefix.Bytes(), collections.StringKey, large)
	require.NoError(t, err)
	require.NoError(t, f.service.OpenKVStore(f.ctx).Set(key, []byte{0xff}))
	f.at(11)
	f.endBlock()
	f.endBlock()
	require.Equal(t, types.NODE_STATUS_LAPSED, f.state(2).Status)
}

func TestNodeIsLiveThroughTheLastHeightOfItsLease(t *testing.T) {
	f := newFixture(t)
	f.leaseOf(10)
	f.register(0, 400, 8)
	f.fund(operator(0), 2)
	f.roll()
	f.at(11)
	f.roll()
	require.NoError(t, f.bond(0, coin(1)))
	require.Equal(t, types.NODE_STATUS_ACTIVE, f.state(0).Status)
	f.at(13)
	require.NoError(t, f.bond(0, coin(1)))
	require.Equal(t, types.NODE_STATUS_LAPSED, f.state(0).Status)
	require.Equal(t, int64(400), f.weight(0, 2), "an epoch that began with that height")
	f.roll()
	require.Zero(t, f.weight(0, 3))
	f.requireInvariants()
}
