package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/edgenode/types"
)

func (f *fixture) snapshot(class string, epoch uint64) types.ClassSnapshot {
	f.t.Helper()
	snapshot, err := f.keeper.ClassSnapshot(f.ctx, class, epoch)
	require.NoError(f.t, err)
	return snapshot
}

func TestTopUpCountsOnlyFromTheNextEpoch(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 8)
	require.Zero(t, f.weight(0, 0))
	f.roll()
	require.Equal(t, int64(100), f.weight(0, 1))
	f.fund(operator(0), 300)
	require.NoError(t, f.bond(0, coin(300)))
	require.Equal(t, int64(100), f.weight(0, 1))
	require.Equal(t, int64(100), f.snapshot(small, 1).Weight.Int64())
	f.roll()
	require.Equal(t, int64(400), f.weight(0, 2))
	require.Equal(t, int64(100), f.weight(0, 1), "the past stays")
	require.Equal(t, int64(400), f.snapshot(small, 2).Weight.Int64())
	f.requireInvariants()
}

func TestSlotsCapTheWeight(t *testing.T) {
	f := newFixture(t)
	f.register(0, 1000, 2)
	f.roll()
	require.Equal(t, int64(100), f.weight(0, 1), "2 slots of 50")
}

func TestPauseTakesTheWeightOutOfTheNextEpoch(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 8)
	f.roll()
	require.NoError(t, f.pause(0))
	require.Equal(t, int64(100), f.weight(0, 1))
	f.roll()
	require.Zero(t, f.weight(0, 2))
	require.Equal(t, types.ZeroSnapshot(), f.snapshot(small, 2))
	require.NoError(t, f.resume(0))
	f.roll()
	require.Equal(t, int64(100), f.weight(0, 3))
	require.Equal(t, uint64(1), f.snapshot(small, 3).Nodes)
	f.requireInvariants()
}

func TestWeightDoesNotFollowIntoAnotherClass(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 8)
	f.roll()
	_, err := f.msgs.Update(f.ctx, updateMsg(0, large, 8))
	require.NoError(t, err)
	require.Zero(t, f.weight(0, 1), "epoch 1 counted it in the other class")
	require.Equal(t, int64(100), f.snapshot(small, 1).Weight.Int64())
	f.requireInvariants()
	f.roll()
	require.Equal(t, int64(100), f.weight(0, 2))
	require.Equal(t, int64(100), f.snapshot(large, 2).Weight.Int64())
	require.Zero(t, f.snapshot(small, 2).Nodes)
	f.requireInvariants()
}

func TestOldEpochsArePruned(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 8)
	for range 12 {
		f.roll()
	}
	_, err := f.keeper.Weight(f.ctx, operator(0), 4)
	require.ErrorIs(t, err, types.ErrSnapshotPruned)
	require.Equal(t, int64(100), f.weight(0, 5))
	require.Equal(t, types.ZeroSnapshot(), f.snapshot(small, 4))
	require.Equal(t, int64(100), f.snapshot(small, 5).Weight.Int64())
}

func TestCheckpointsStayFew(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 8)
	f.fund(operator(0), 1000)
	for range 40 {
		f.roll()
		require.NoError(t, f.bond(0, coin(1)))
		require.NoError(t, f.bond(0, coin(1)))
		require.LessOrEqual(t, len(f.state(0).Weights), types.KeptEpochs+1)
		f.requireInvariants()
	}
}

func TestEpochRollsOnItsIdentifierOnly(t *testing.T) {
	f := newFixture(t)
	hooks := f.keeper.Hooks(hourly(f.ctx.BlockTime()))
	require.NoError(t, hooks.BeforeEpochStart(f.ctx, "day", 7))
	require.NoError(t, hooks.AfterEpochEnd(f.ctx, "edge", 7))
	epoch, err := f.keeper.Epoch(f.ctx)
	require.NoError(t, err)
	require.Zero(t, epoch)
	require.NoError(t, hooks.BeforeEpochStart(f.ctx, "edge", 7))
	epoch, err = f.keeper.Epoch(f.ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(1), epoch)
	f.requireEvent(&types.EventEpochRolled{Epoch: 1})
}

// TestFundedSlotsFollowTheBondFromTheNextEpoch checks that a change of bond_per_slot affects a
// node when the node next changes. The class then loses exactly the amount for which the node
// counted before.
func TestFundedSlotsFollowTheBondFromTheNextEpoch(t *testing.T) {
	f := newFixture(t)
	f.register(0, 170, 8)
	f.register(1, 1000, 2)
	f.roll()
	require.Equal(t, uint64(3+2), f.snapshot(small, 1).Slots)
	require.NoError(t, f.unbond(0, coin(21)))
	require.Equal(t, uint64(5), f.snapshot(small, 1).Slots)
	f.roll()
	require.Equal(t, uint64(2+2), f.snapshot(small, 2).Slots)
	f.requireInvariants()

	dearer := testParams()
	dearer.BondPerSlot = math.NewInt(149)
	_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: dearer})
	require.NoError(t, err)
	f.roll()
	require.Equal(t, uint64(2+2), f.snapshot(small, 3).Slots)
	require.NoError(t, f.pause(1))
	require.NoError(t, f.pause(0))
	require.NoError(t, f.resume(0))
	f.requireInvariants()
	f.roll()
	require.Equal(t, types.ClassSnapshot{Weight: math.NewInt(149), Nodes: 1, Slots: 1}, f.snapshot(small, 4))
	f.requireInvariants()
}
