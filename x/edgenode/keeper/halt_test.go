package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/edgenode/types"
)

const blockTime = 1500 * time.Millisecond

// clock stands in for x/epochs, driven by the fixture's blocks. At most one epoch starts per
// block, so that after a halt it catches up one epoch at a time.
type clock struct {
	*fixture
	start time.Time
}

func newClock(f *fixture) *clock {
	f.ctx = f.ctx.WithBlockTime(time.Unix(1_800_000_000, 0))
	return &clock{fixture: f, start: f.ctx.BlockTime()}
}

// next ends the block. The header time of the next block is later by the given duration.
func (c *clock) next(later time.Duration) {
	c.t.Helper()
	c.endBlock()
	c.ctx = c.ctx.WithBlockTime(c.ctx.BlockTime().Add(later))
	if c.ctx.BlockTime().After(c.start.Add(time.Hour)) {
		c.start = c.start.Add(time.Hour)
		require.NoError(c.t, c.keeper.Hooks(hourly(c.start)).BeforeEpochStart(c.ctx, "edge", 0))
	}
}

func (c *clock) epoch() uint64 {
	c.t.Helper()
	epoch, err := c.keeper.Epoch(c.ctx)
	require.NoError(c.t, err)
	return epoch
}

// TestAHaltLapsesJailsAndPaysNobody checks that a chain that stands still for half a day
// reaches the same state, height by height, as a chain that does not stand still. The reason
// is that leases, terms in jail and unbondings are counted in heights.
func TestAHaltLapsesJailsAndPaysNobody(t *testing.T) {
	run := func(halt time.Duration) []*types.GenesisState {
		f := newFixture(t)
		f.leaseOf(20)
		c := newClock(f)
		for n := range byte(4) {
			c.register(n, 400, 8)
		}
		c.jail(1)
		c.hold(0, 2)
		require.NoError(t, c.unbond(2, coin(50)))
		_, err := c.retire(3)
		require.NoError(t, err)
		var states []*types.GenesisState
		for range 30 {
			later := blockTime
			if c.ctx.BlockHeight() == 3 {
				later += halt
			}
			if c.ctx.BlockHeight() == 15 {
				require.NoError(t, c.keeper.Release(c.ctx, operator(0), math.OneInt()))
				c.miss(0)
				require.NoError(t, c.unjail(1))
			}
			c.next(later)
			c.requireInvariants()
			exported, err := c.keeper.ExportGenesis(c.ctx)
			require.NoError(t, err)
			// Epochs follow the clock. The weights of nodes do not change in this test.
			exported.Epoch, exported.EpochStarts, exported.Snapshots = 0, nil, nil
			for i := range exported.Nodes {
				exported.Nodes[i].State.Weights = nil
			}
			states = append(states, exported)
		}
		require.Equal(t, types.NODE_STATUS_LAPSED, c.state(2).Status, "by height, in both")
		return states
	}
	require.Equal(t, run(0), run(12*time.Hour))
}

func TestEpochsThatAHaltSkippedDoNotPushOutTheWeightsBeforeIt(t *testing.T) {
	c := newClock(newFixture(t))
	c.register(0, 400, 8)
	for range 150 {
		c.next(time.Minute)
	}
	before := c.epoch()
	require.Equal(t, uint64(2), before)
	require.Equal(t, int64(400), c.weight(0, before))

	c.next(12 * time.Hour)
	for range 40 {
		c.next(blockTime)
	}
	require.Equal(t, before+1, c.epoch(), "the twelve that were missed are one")
	require.Equal(t, int64(400), c.weight(0, before), "draws of before the halt go on")
	require.True(t, c.start.Add(time.Hour).After(c.ctx.BlockTime()), "x/epochs has caught up")
	for range 61 {
		c.next(time.Minute)
	}
	require.Equal(t, before+2, c.epoch(), "and then an hour is an epoch again")
	c.requireInvariants()
}

func TestEpochsShorterThanABlockStillRoll(t *testing.T) {
	c := newClock(newFixture(t))
	c.register(0, 400, 8)
	for range 250 {
		c.next(2 * time.Hour)
	}
	require.Equal(t, uint64(3), c.epoch(), "the first and then one in a hundred blocks")
	exported, err := c.keeper.ExportGenesis(c.ctx)
	require.NoError(t, err)
	first := exported.EpochStarts[0].Height
	require.Equal(t, []types.EpochStart{{Epoch: 1, Height: first}, {Epoch: 2, Height: first + 100}, {Epoch: 3, Height: first + 200}},
		exported.EpochStarts)
}
