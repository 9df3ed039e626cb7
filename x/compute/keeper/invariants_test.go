package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// broken returns the names of the invariants that do not hold.
func (f *fixture) broken() []string {
	var names []string
	for _, r := range f.keeper.CheckInvariants(f.ctx) {
		if r.Err != nil {
			names = append(names, r.Name)
		}
	}
	return names
}

// TestInvariantsSeeWhatNodesHaveLockedForNothing covers nodes with work and without, bond and
// slots, too much and too little, and contests without a challenge.
func TestInvariantsSeeWhatNodesHaveLockedForNothing(t *testing.T) {
	for name, leak := range map[string]struct {
		breaks string
		do     func(f *fixture, busy, idle int) error
	}{
		"an idle node's lock": {"exposure", func(f *fixture, _, idle int) error {
			return f.nodes.Reserve(f.ctx, operator(idle), math.NewInt(500))
		}},
		"an idle node's slot": {"exposure", func(f *fixture, _, idle int) error {
			return f.nodes.Reserve(f.ctx, operator(idle), math.ZeroInt())
		}},
		"a busy node's lock": {"exposure", func(f *fixture, busy, _ int) error {
			return f.nodes.Reserve(f.ctx, operator(busy), math.NewInt(500))
		}},
		"a lock that is gone": {"exposure", func(f *fixture, busy, _ int) error {
			return f.nodes.Release(f.ctx, operator(busy), math.NewInt(500))
		}},
		"a contest of nothing": {"challenges", func(f *fixture, _, idle int) error {
			_, err := f.nodes.Contest(f.ctx, operator(idle), math.NewInt(500), 1_000)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.network(4)
			_, drawn := f.assigned(4)
			idle := 0 + 1 + 2 + 3 - drawn[0] - drawn[1] - drawn[2]
			require.Empty(t, f.broken())
			require.NoError(t, leak.do(f, drawn[0], idle))
			require.Equal(t, []string{leak.breaks}, f.broken())
			resp, err := f.queries.Invariants(f.ctx, &types.QueryInvariantsRequest{})
			require.NoError(t, err)
			for _, line := range resp.Invariants {
				require.Equal(t, line.Name != leak.breaks, line.Ok, line.Detail)
			}
		})
	}
}
