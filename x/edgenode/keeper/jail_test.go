package keeper_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

func (f *fixture) unjail(n byte) error {
	return f.try(func(ctx sdk.Context) error {
		_, err := f.msgs.Unjail(ctx, &types.MsgUnjail{Operator: operator(n).String()})
		return err
	})
}

// hold makes the n-th node take on a number of assignments, each with a liability of 1.
func (f *fixture) hold(n byte, assignments int) {
	f.t.Helper()
	for range assignments {
		require.NoError(f.t, f.keeper.Reserve(f.ctx, operator(n), math.OneInt()))
	}
}

// lie ends one of the n-th node's assignments with a wrong result.
func (f *fixture) lie(n byte) {
	f.t.Helper()
	_, err := f.keeper.Slash(f.ctx, slashRequest(n, 1, 0, false))
	require.NoError(f.t, err)
}

// miss ends one of the n-th node's assignments with a missed deadline that counts.
func (f *fixture) miss(n byte) {
	f.t.Helper()
	_, err := f.keeper.Penalize(f.ctx, missed(n, 1, 0))
	require.NoError(f.t, err)
	require.NoError(f.t, f.keeper.CountMissed(f.ctx, operator(n), f.ctx.BlockHeight()))
}

// jail makes the n-th node, which does not hold work, submit wrong results until it is in
// jail.
func (f *fixture) jail(n byte) {
	f.t.Helper()
	f.hold(n, 2)
	f.lie(n)
	f.lie(n)
	require.Equal(f.t, types.NODE_STATUS_JAILED, f.state(n).Status)
}

func TestRepeatedFaultsJail(t *testing.T) {
	f := newFixture(t)
	f.register(0, 400, 8)
	f.roll()
	f.hold(0, 4)
	f.lie(0)
	f.miss(0)
	require.Equal(t, types.NODE_STATUS_ACTIVE, f.state(0).Status)
	f.resetEvents()
	f.miss(0)
	require.Equal(t, types.NODE_STATUS_JAILED, f.state(0).Status)
	f.requireEvent(&types.EventNodeStatus{Operator: operator(0).String(), From: types.NODE_STATUS_ACTIVE, To: types.NODE_STATUS_JAILED})
	f.requireEvent(&types.EventJailed{Operator: operator(0).String(), Until: 11, Terms: 1})

	require.Equal(t, int64(400), f.weight(0, 1), "the epoch that has begun stays as it was drawn")
	f.roll()
	require.Zero(t, f.weight(0, 2))
	require.Equal(t, types.ZeroSnapshot(), f.snapshot(small, 2))
	f.requireInvariants()
}

func TestAMissedDeadlineCountsTowardsJailOnlyOnceItIsSaidTo(t *testing.T) {
	f := newFixture(t)
	f.register(0, 400, 8)
	f.hold(0, 8)
	at := f.ctx.BlockHeight()
	for range 8 {
		_, err := f.keeper.Penalize(f.ctx, missed(0, 1, 0))
		require.NoError(t, err)
	}
	require.Equal(t, uint64(8), f.state(0).Faults.Missed)
	require.Zero(t, f.state(0).Jail.Points)
	require.Equal(t, types.NODE_STATUS_ACTIVE, f.state(0).Status)

	for range 4 {
		require.NoError(t, f.keeper.CountMissed(f.ctx, operator(0), at))
	}
	require.Equal(t, types.NODE_STATUS_JAILED, f.state(0).Status)
	require.Equal(t, uint64(8), f.state(0).Faults.Missed, "noted when it was missed")

	// One crash must not lead to several terms, however late the rounds of its assignments
	// end.
	f.at(f.state(0).Jail.Until)
	require.NoError(t, f.unjail(0))
	for range 4 {
		require.NoError(t, f.keeper.CountMissed(f.ctx, operator(0), at))
		require.NoError(t, f.keeper.CountMissed(f.ctx, operator(0), f.ctx.BlockHeight()-1))
	}
	require.Equal(t, types.NODE_STATUS_ACTIVE, f.state(0).Status)
	require.Zero(t, f.state(0).Jail.Points)
	require.NoError(t, f.keeper.CountMissed(f.ctx, operator(0), f.ctx.BlockHeight()))
	require.Equal(t, testParams().Jail.MissedPoints, f.state(0).Jail.Points)
	require.ErrorIs(t, f.keeper.CountMissed(f.ctx, operator(1), at), types.ErrNodeNotFound)
	f.requireInvariants()
}

func TestJailedNodeTakesOnNothingAndIsToldFromWhenItMay(t *testing.T) {
	f := newFixture(t)
	f.register(0, 400, 8)
	f.jail(0)
	err := f.keeper.Reserve(f.ctx, operator(0), math.OneInt())
	require.ErrorIs(t, err, types.ErrJailed)
	require.ErrorContains(t, err, "from height 11 on")
	for name, step := range map[string]func() error{
		"unjail": func() error { return f.unjail(0) },
		"resume": func() error { return f.resume(0) },
		"pause":  func() error { return f.pause(0) },
		"renew":  func() error { return f.renew(0) },
	} {
		require.ErrorIs(t, step(), types.ErrJailed, name)
	}
	f.at(10)
	require.ErrorIs(t, f.unjail(0), types.ErrJailed)
	f.at(11)
	require.ErrorIs(t, f.resume(0), types.ErrJailed, "nor is another message a way out afterwards")
	require.NoError(t, f.unjail(0))
	f.requireEvent(&types.EventNodeStatus{Operator: operator(0).String(), From: types.NODE_STATUS_JAILED, To: types.NODE_STATUS_ACTIVE})
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.OneInt()))
	require.ErrorIs(t, f.unjail(0), types.ErrInvalidStatus)
	require.ErrorIs(t, f.unjail(5), types.ErrNodeNotFound)
	f.roll()
	require.Equal(t, int64(398), f.weight(0, 1))
	f.requireInvariants()
}

func TestJailedNodeKeepsWhatItHolds(t *testing.T) {
	f := newFixture(t)
	f.register(0, 400, 8)
	f.hold(0, 6)
	f.lie(0)
	f.lie(0)
	require.Equal(t, types.NODE_STATUS_JAILED, f.state(0).Status)
	_, err := f.keeper.OperatorOf(f.ctx, worker(0))
	require.NoError(t, err, "the worker still commits and reveals")
	require.NoError(t, f.keeper.Release(f.ctx, operator(0), math.OneInt()))
	until := f.state(0).Jail.Until
	f.at(until + 1)
	f.lie(0)
	f.lie(0)
	f.miss(0)
	state := f.state(0)
	require.Equal(t, until, state.Jail.Until, "what it held before adds no term")
	require.Equal(t, uint64(4), state.Faults.Wrong)
	require.Zero(t, state.UsedSlots)
	require.NoError(t, f.unjail(0))
	f.requireInvariants()
}

func TestTermsDoubleUntilTheyAreForgotten(t *testing.T) {
	f := newFixture(t)
	f.register(0, 400, 8)
	for _, term := range []int64{10, 20, 35} {
		at := f.ctx.BlockHeight()
		f.jail(0)
		require.Equal(t, at+term, f.state(0).Jail.Until)
		f.at(f.state(0).Jail.Until + 500)
		require.NoError(t, f.unjail(0), "years in jail are no clean years")
	}
	f.at(f.ctx.BlockHeight() + 200)
	f.jail(0)
	require.Equal(t, f.ctx.BlockHeight()+20, f.state(0).Jail.Until, "two of three terms were forgotten")
	f.requireInvariants()
}

func TestSteppingAsideDoesNotAvoidJail(t *testing.T) {
	for name, aside := range map[string]func(f *fixture) error{
		"paused": func(f *fixture) error { return f.pause(0) },
		"lapsed": func(f *fixture) error {
			f.at(f.state(0).LeaseEnd)
			f.endBlock()
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.register(0, 400, 8)
			f.hold(0, 2)
			require.NoError(t, aside(f))
			require.Equal(t, name, f.state(0).Status.Title())
			f.lie(0)
			f.lie(0)
			require.Equal(t, types.NODE_STATUS_JAILED, f.state(0).Status)
			f.requireInvariants()
		})
	}
}

func TestRetiringDoesNotWipeOutATerm(t *testing.T) {
	f := newFixture(t)
	f.register(0, 400, 8)
	f.hold(0, 2)
	_, err := f.retire(0)
	require.NoError(t, err)
	f.lie(0)
	f.resetEvents()
	f.lie(0)
	require.Equal(t, types.NODE_STATUS_RETIRED, f.state(0).Status)
	f.requireEvent(&types.EventJailed{Operator: operator(0).String(), Until: 11, Terms: 1})
	require.True(t, f.state(0).Closed())

	f.fund(operator(0), 400)
	again := func() error {
		return f.try(func(ctx sdk.Context) error {
			_, err := f.msgs.Register(ctx, registerMsg(0, 400, 8))
			return err
		})
	}
	require.ErrorIs(t, again(), types.ErrJailed)
	for range types.KeptEpochs + 1 {
		f.roll()
	}
	_, err = f.retire(0)
	require.ErrorIs(t, err, types.ErrJailed, "the record stays until the term is forgotten")
	require.ErrorContains(t, err, fmt.Sprintf("from height %d on", 11+100))
	f.at(11)
	require.NoError(t, again())
	require.Equal(t, uint32(1), f.state(0).Jail.Terms)
	f.jail(0)
	require.Equal(t, int64(11+20), f.state(0).Jail.Until, "the second term of the operator")

	_, err = f.retire(0)
	require.NoError(t, err, "a jailed node may leave")
	f.at(f.state(0).Jail.ForgottenAt(testParams().Jail))
	for range types.KeptEpochs + 1 {
		f.roll()
	}
	_, err = f.retire(0)
	require.NoError(t, err)
	_, err = f.keeper.Node(f.ctx, operator(0))
	require.ErrorIs(t, err, types.ErrNodeNotFound)
	f.requireInvariants()
}
