package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// reserveTen makes the n-th node take on an assignment that locks 10.
func (f *fixture) reserveTen(n byte) {
	f.t.Helper()
	require.NoError(f.t, f.keeper.Reserve(f.ctx, operator(n), math.NewInt(10)))
}

// yields makes the n-th node give up an assignment that locks 10, for a fee of 3.
func (f *fixture) yields(n byte, excusable bool) bool {
	f.t.Helper()
	f.reserveTen(n)
	outcome, err := f.keeper.Yield(f.ctx, types.YieldRequest{
		Operator: operator(n), Liability: math.NewInt(10), Fee: math.NewInt(3), Excusable: excusable, JobID: "1-0-0",
	})
	require.NoError(f.t, err)
	require.Equal(f.t, int64(3), outcome.Burned.Int64())
	return outcome.Excused
}

func (f *fixture) yieldsLeft(n byte) uint32 {
	f.t.Helper()
	byOperator, err := f.queries.Node(f.ctx, &types.QueryNodeRequest{Operator: operator(n).String()})
	require.NoError(f.t, err)
	byWorker, err := f.queries.NodeByWorker(f.ctx, &types.QueryNodeByWorkerRequest{Worker: worker(n).String()})
	require.NoError(f.t, err)
	require.Equal(f.t, byOperator.YieldsLeft, byWorker.YieldsLeft)
	return byOperator.YieldsLeft
}

func (f *fixture) yieldRules(most uint32, window uint64) {
	f.t.Helper()
	p, err := f.keeper.Params(f.ctx)
	require.NoError(f.t, err)
	p.MaxYields, p.YieldWindow = most, window
	_, err = f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: p})
	require.NoError(f.t, err)
}

func TestTheFirstYieldsOfAWindowAreExcused(t *testing.T) {
	f := newFixture(t)
	f.yieldRules(2, 20)
	f.register(0, 400, 8)
	f.roll()
	require.Equal(t, uint32(2), f.yieldsLeft(0))
	from := f.ctx.BlockHeight()
	require.False(t, f.yields(0, false), "the caller does not allow it")
	require.Equal(t, uint32(2), f.yieldsLeft(0))
	f.at(from + 5)
	require.True(t, f.yields(0, true))
	f.at(from + 10)
	require.True(t, f.yields(0, true))
	require.Zero(t, f.yieldsLeft(0))
	f.at(from + 24)
	require.False(t, f.yields(0, true), "the window began at the first one that was excused")
	f.at(from + 25)
	require.Equal(t, uint32(2), f.yieldsLeft(0))
	require.True(t, f.yields(0, true))

	state := f.state(0)
	require.Equal(t, uint64(2), state.Faults.Missed, "those that were not excused")
	require.Zero(t, state.Jail.Points, "whether they count is not known yet")
	require.Equal(t, int64(400-5*3), state.Bond.Int64())
	require.True(t, state.Locked.IsZero())
	f.requireInvariants()
}

func TestYieldsFollowParameters(t *testing.T) {
	f := newFixture(t)
	f.yieldRules(3, 20)
	f.register(0, 400, 8)
	f.roll()
	require.True(t, f.yields(0, true))
	require.True(t, f.yields(0, true))
	f.yieldRules(1, 20)
	require.Zero(t, f.yieldsLeft(0), "fewer than it has had")
	require.False(t, f.yields(0, true))
	f.yieldRules(3, 20)
	require.Equal(t, uint32(1), f.yieldsLeft(0))
	f.yieldRules(0, 1)
	require.False(t, f.yields(0, true), "none is excused")
	f.requireInvariants()

	p := testParams()
	for _, bad := range []struct {
		most   uint32
		window uint64
	}{{types.MaxYieldsLimit + 1, 20}, {4, 0}, {4, 1<<48 + 1}} {
		p.MaxYields, p.YieldWindow = bad.most, bad.window
		require.ErrorIs(t, p.Validate(), types.ErrInvalidParams)
	}
}

// TestAJailedNodePaysForAYieldToo: it gives up work that it took on before its term.
func TestAJailedNodePaysForAYieldToo(t *testing.T) {
	f := newFixture(t)
	f.register(0, 400, 8)
	f.roll()
	f.reserveTen(0)
	f.jail(0)
	bond := f.state(0).Bond
	outcome, err := f.keeper.Yield(f.ctx, types.YieldRequest{Operator: operator(0), Liability: math.NewInt(10), Fee: math.NewInt(30), Excusable: true})
	require.NoError(t, err)
	require.Equal(t, int64(10), outcome.Burned.Int64(), "at most what the assignment locks")
	require.Equal(t, int64(10), bond.Sub(f.state(0).Bond).Int64())
	require.Equal(t, types.NODE_STATUS_JAILED, f.state(0).Status)
	f.requireInvariants()
}

func TestANodeThatRetiresDrainsByAYield(t *testing.T) {
	f := newFixture(t)
	f.register(0, 400, 8)
	f.roll()
	f.reserveTen(0)
	_, err := f.retire(0)
	require.NoError(t, err)
	_, err = f.keeper.Yield(f.ctx, types.YieldRequest{Operator: operator(0), Liability: math.NewInt(10), Fee: math.NewInt(4), Excusable: true})
	require.NoError(t, err)
	require.True(t, f.state(0).Bond.IsZero(), "the rest of its bond returns")
	f.requireInvariants()
}

func TestARestartedChainKnowsTheYieldsOfAWindow(t *testing.T) {
	const last = 1_000
	f := newFixture(t)
	f.yieldRules(2, 100)
	for n := range byte(3) {
		f.register(n, 400, 8)
	}
	f.roll()
	f.at(last - 110)
	require.True(t, f.yields(0, true))
	f.at(last - 10)
	require.True(t, f.yields(1, true))
	f.at(last)
	anew := f.restarted()
	require.Equal(t, uint32(2), anew.yieldsLeft(0), "that window was over")
	require.Equal(t, uint32(1), anew.yieldsLeft(1))
	require.True(t, anew.yields(1, true))
	require.False(t, anew.yields(1, true))
	anew.at(90)
	require.Equal(t, uint32(2), anew.yieldsLeft(1), "a hundred blocks after the first")
	anew.requireInvariants()
}
