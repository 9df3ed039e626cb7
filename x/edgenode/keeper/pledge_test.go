package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// pledge reserves a liability for a node and pledges a part of it.
func (f *fixture) pledge(n byte, liability, pledged int64) int64 {
	f.t.Helper()
	require.NoError(f.t, f.keeper.Reserve(f.ctx, operator(n), math.NewInt(liability)))
	kept, err := f.keeper.Pledge(f.ctx, operator(n), math.NewInt(liability), math.NewInt(pledged))
	require.NoError(f.t, err)
	f.requireInvariants()
	return kept.Int64()
}

func (f *fixture) forfeit(n byte, pledged int64) int64 {
	f.t.Helper()
	burned, err := f.keeper.Forfeit(f.ctx, types.ForfeitRequest{Operator: operator(n), Pledged: math.NewInt(pledged), JobID: "1-0-0"})
	require.NoError(f.t, err)
	f.requireInvariants()
	return burned.Int64()
}

func TestAPledgeFreesTheSlotAndStaysLockedUntilItIsJudged(t *testing.T) {
	for name, c := range map[string]struct{ pledged, kept int64 }{
		"nothing": {0, 0}, "a part": {10, 10}, "all": {30, 30}, "never more than the liability": {31, 30},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.register(0, 100, 1)
			require.Equal(t, c.kept, f.pledge(0, 30, c.pledged))
			f.requireLocked(0, 100, c.kept, 0, 0)
			require.ErrorIs(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(101-c.kept)), types.ErrInsufficientBond)

			require.NoError(t, f.keeper.Redeem(f.ctx, operator(0), math.NewInt(c.kept)))
			f.requireLocked(0, 100, 0, 0, 0)

			require.Equal(t, c.kept, f.pledge(0, 30, c.pledged))
			supply := f.moduleBalance(types.ModuleName)
			require.Equal(t, c.kept, f.forfeit(0, c.kept))
			f.requireLocked(0, 100-c.kept, 0, 0, 0)
			require.Equal(t, supply-c.kept, f.moduleBalance(types.ModuleName), "burned")
			require.Zero(t, f.state(0).Jail.Points)
		})
	}
}

func TestAPledgeOutlastsRetiring(t *testing.T) {
	for name, judged := range map[string]func(f *fixture){
		"redeemed": func(f *fixture) { require.NoError(f.t, f.keeper.Redeem(f.ctx, operator(0), math.NewInt(10))) },
		"forfeit":  func(f *fixture) { require.Equal(f.t, int64(10), f.forfeit(0, 10)) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.register(0, 100, 1)
			f.pledge(0, 30, 10)
			_, err := f.retire(0)
			require.NoError(t, err)
			f.requireLocked(0, 10, 10, 0, 0)
			require.False(t, f.state(0).Closed())
			judged(f)
			f.requireLocked(0, 0, 0, 0, 0)
			require.True(t, f.state(0).Closed())
		})
	}
}

func TestAPledgeOfLessThanNothingIsRefused(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 1)
	less := math.NewInt(-1)
	_, err := f.keeper.Pledge(f.ctx, operator(0), math.NewInt(1), less)
	require.ErrorIs(t, err, types.ErrInvalidLiability)
	_, err = f.keeper.Pledge(f.ctx, operator(0), less, math.NewInt(1))
	require.ErrorIs(t, err, types.ErrInvalidLiability)
	require.ErrorIs(t, f.keeper.Redeem(f.ctx, operator(0), less), types.ErrInvalidLiability)
	_, err = f.keeper.Forfeit(f.ctx, types.ForfeitRequest{Operator: operator(0), Pledged: less})
	require.ErrorIs(t, err, types.ErrInvalidLiability)
	require.ErrorIs(t, f.keeper.Redeem(f.ctx, operator(1), math.NewInt(1)), types.ErrNodeNotFound)
}
