package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// held reserves an amount for a node and holds it until a height.
func (f *fixture) held(n byte, amount, until int64) int64 {
	f.t.Helper()
	require.NoError(f.t, f.keeper.Reserve(f.ctx, operator(n), math.NewInt(amount)))
	end, err := f.keeper.Hold(f.ctx, operator(n), math.NewInt(amount), until)
	require.NoError(f.t, err)
	f.requireInvariants()
	return end
}

func (f *fixture) requireLocked(n byte, bond, locked, held int64, slots uint32) {
	f.t.Helper()
	state := f.state(n)
	require.Equal(f.t, []int64{bond, locked, held}, []int64{state.Bond.Int64(), state.Locked.Int64(), state.Held().Int64()})
	require.Equal(f.t, slots, state.UsedSlots)
	f.requireInvariants()
}

func (f *fixture) holdBlocks() int64 {
	params, err := f.keeper.Params(f.ctx)
	require.NoError(f.t, err)
	return int64(params.HoldBlocks)
}

func TestHeldLiabilityFreesTheSlotAtOnceAndTheBondWhenItEnds(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	step := f.holdBlocks()
	first := f.held(0, 30, step-1)
	require.Equal(t, step, first, "rounded up to a multiple of hold_blocks")
	require.Equal(t, first, f.held(0, 10, 1), "and shared with the others of its time")
	second := f.held(0, 20, step+1)
	require.Equal(t, 2*step, second)
	f.requireLocked(0, 100, 60, 60, 0)
	require.Len(t, f.state(0).Holds, 2)
	require.ErrorIs(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(41)), types.ErrInsufficientBond)

	f.at(first)
	f.requireLocked(0, 100, 60, 60, 0)
	f.at(first + 1)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(80)))
	f.requireLocked(0, 100, 100, 20, 1)
	f.at(second + 1)
	f.requireLocked(0, 100, 80, 0, 1)
}

func TestContestedLiabilityStaysLockedUntilItIsSettled(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	until := f.held(0, 30, 1)
	require.Equal(t, until, f.held(0, 20, 1))
	taken, err := f.keeper.Contest(f.ctx, operator(0), math.NewInt(30), until)
	require.NoError(t, err)
	require.Equal(t, int64(30), taken.Int64())
	f.requireLocked(0, 100, 50, 20, 0)
	rest, err := f.keeper.Contest(f.ctx, operator(0), math.NewInt(30), until)
	require.NoError(t, err)
	require.Equal(t, int64(20), rest.Int64(), "no more than is held")
	none, err := f.keeper.Contest(f.ctx, operator(0), math.NewInt(30), until)
	require.NoError(t, err)
	require.True(t, none.IsZero())

	require.NoError(t, f.keeper.Settle(f.ctx, operator(0), rest, until))
	f.requireLocked(0, 100, 50, 20, 0)
	f.at(until + 1)
	f.requireLocked(0, 100, 30, 0, 0)
	require.NoError(t, f.keeper.Settle(f.ctx, operator(0), taken, until))
	f.requireLocked(0, 100, 0, 0, 0)
}

func TestNoMoreIsHeldAgainThanIsLocked(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(20)))
	require.NoError(t, f.keeper.Settle(f.ctx, operator(0), math.NewInt(30), f.holdBlocks()))
	f.requireLocked(0, 100, 20, 20, 1)
}

func TestConvictionTakesWhatIsContestedAndNoSlot(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	until := f.held(0, 30, 1)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(40)))
	taken, err := f.keeper.Contest(f.ctx, operator(0), math.NewInt(30), until)
	require.NoError(t, err)
	req := slashRequest(0, taken.Int64(), 10, true)
	req.Contested = true
	outcome, err := f.keeper.Slash(f.ctx, req)
	require.NoError(t, err)
	require.Equal(t, int64(30), outcome.Total().Int64())
	f.requireLocked(0, 70, 40, 0, 1)
}

func TestNodeThatRetiresLeavesWhatItHeldWithinReach(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	until := f.held(0, 30, 1)
	contested := f.held(0, 20, 1)
	taken, err := f.keeper.Contest(f.ctx, operator(0), math.NewInt(20), contested)
	require.NoError(t, err)
	_, err = f.retire(0)
	require.NoError(t, err)
	f.requireLocked(0, 20, 20, 0, 0)

	late, err := f.keeper.Contest(f.ctx, operator(0), math.NewInt(30), until)
	require.NoError(t, err)
	require.True(t, late.IsZero(), "it is on its way back")
	req := slashRequest(0, 0, 0, false)
	req.Contested, req.Unlocked = true, math.NewInt(30)
	outcome, err := f.keeper.Slash(f.ctx, req)
	require.NoError(t, err)
	require.Equal(t, int64(30), outcome.Unbonding.Int64())
	f.requireLocked(0, 20, 20, 0, 0)

	require.NoError(t, f.keeper.Settle(f.ctx, operator(0), taken, contested))
	require.True(t, f.state(0).Closed(), "what was contested has followed the rest")
	f.requireInvariants()
}

func TestRetiredNodeKeepsItsHoldsWhileItWorks(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	f.held(0, 30, 1)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(40)))
	_, err := f.retire(0)
	require.NoError(t, err)
	f.requireLocked(0, 70, 70, 30, 1)
	require.NoError(t, f.keeper.Release(f.ctx, operator(0), math.NewInt(40)))
	require.True(t, f.state(0).Closed())
	f.requireInvariants()
}

func TestHoldsEndWithTheHeightsThatTheyCountIn(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	f.held(0, 30, 1_000)
	f.restarted().requireLocked(0, 100, 0, 0, 0)
}

func TestUnbondingsWaitForTheVerdictHoweverLongItTakes(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	until := f.held(0, 30, 1)
	retired, err := f.retire(0)
	require.NoError(t, err)
	_, err = f.keeper.Contest(f.ctx, operator(0), math.NewInt(30), until)
	require.NoError(t, err)

	f.endBlocks(retired.CompletionHeight + 2_500)
	require.Zero(t, f.balance(operator(0)))
	_, err = f.retire(0)
	require.ErrorIs(t, err, types.ErrInvalidStatus, "its record stays")
	req := slashRequest(0, 0, 0, false)
	req.Contested, req.Unlocked = true, math.NewInt(30)
	outcome, err := f.keeper.Slash(f.ctx, req)
	require.NoError(t, err)
	require.Equal(t, int64(30), outcome.Unbonding.Int64())
	f.requireInvariants()
	f.endBlocks(f.ctx.BlockHeight() + 1_000)
	require.Equal(t, int64(70), f.balance(operator(0)))
}

func TestBondOfARetiredNodeReturnsAfterItsLastHold(t *testing.T) {
	f := newFixture(t)
	params, err := f.keeper.Params(f.ctx)
	require.NoError(t, err)
	f.register(0, 100, 2)
	far := f.held(0, 30, 2*int64(params.UnbondingBlocks))
	f.held(0, 10, 1)
	retired, err := f.retire(0)
	require.NoError(t, err)
	require.Equal(t, far+1, retired.CompletionHeight)
}

func TestHoldsOfANodeStayFew(t *testing.T) {
	p := types.DefaultParams()
	p.HoldBlocks = 1
	const length = 10_000_000
	ends := map[int64]bool{}
	for from := int64(0); from < length; from += 9_973 {
		until := from + length
		end := p.HoldUntil(from, until)
		require.GreaterOrEqual(t, end, until)
		require.LessOrEqual(t, end, until+length/32)
		ends[end] = true
	}
	require.LessOrEqual(t, len(ends), 66)
	p.HoldBlocks = 3_600
	require.Equal(t, int64(61_200), p.HoldUntil(1, 57_601), "the steps of a day's window are those of the parameter")
}
