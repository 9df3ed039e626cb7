package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// unbondings lists the amounts that are returning to an operator, by height.
func (f *fixture) unbondings(n byte) map[int64]int64 {
	f.t.Helper()
	res, err := f.queries.Unbondings(f.ctx, &types.QueryUnbondingsRequest{Operator: operator(n).String()})
	require.NoError(f.t, err)
	found := map[int64]int64{}
	for _, u := range res.Unbondings {
		found[u.CompletionHeight] = u.Amount.Int64()
	}
	return found
}

func TestSlashTakesBondFirstThenTheYoungestUnbondings(t *testing.T) {
	cases := map[string]struct {
		unlocked, total, bond, unbonding int64
		left                             map[int64]int64
	}{
		"nothing beyond the lock":   {0, 40, 160, 0, map[int64]int64{6: 30, 7: 20, 8: 50}},
		"free bond is enough":       {100, 140, 60, 0, map[int64]int64{6: 30, 7: 20, 8: 50}},
		"part of the youngest":      {150, 190, 30, 20, map[int64]int64{6: 30, 7: 20, 8: 30}},
		"the youngest two and more": {205, 245, 30, 75, map[int64]int64{6: 25}},
		"no more than there is":     {999, 270, 30, 100, map[int64]int64{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.register(0, 300, 8)
			f.register(1, 200, 8)
			require.NoError(t, f.unbond(1, coin(100)), "somebody else's stays")
			require.NoError(t, f.unbond(0, coin(30)))
			f.endBlock()
			require.NoError(t, f.unbond(0, coin(20)))
			f.endBlock()
			require.NoError(t, f.unbond(0, coin(50)))
			require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(40)))
			require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(30)))

			req := slashRequest(0, 40, 10, true)
			req.Unlocked = math.NewInt(c.unlocked)
			outcome, err := f.keeper.Slash(f.ctx, req)
			require.NoError(t, err)
			require.Equal(t, c.total, outcome.Total().Int64())
			require.Equal(t, c.unbonding, outcome.Unbonding.Int64())
			require.Equal(t, c.bond, f.state(0).Bond.Int64())
			require.Equal(t, int64(30), f.state(0).Locked.Int64(), "another assignment's lock is not touched")
			require.Equal(t, c.left, f.unbondings(0))
			require.Equal(t, map[int64]int64{6: 100}, f.unbondings(1))
			f.requireInvariants()

			f.at(10)
			for range 3 {
				f.endBlock()
				f.requireInvariants()
			}
			var back int64
			for _, amount := range c.left {
				back += amount
			}
			require.Equal(t, back, f.balance(operator(0)))
		})
	}
}

func TestUnlockedPartIsNeverNegative(t *testing.T) {
	f := newFixture(t)
	f.register(0, 300, 8)
	req := slashRequest(0, 0, 0, false)
	req.Unlocked = math.NewInt(-1)
	_, err := f.keeper.Slash(f.ctx, req)
	require.ErrorIs(t, err, types.ErrInvalidSlash)
}
