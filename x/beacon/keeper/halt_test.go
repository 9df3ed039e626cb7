package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/beacon/bls"
	"github.com/thetaedge/theta/x/beacon/types"
)

// However long the chain stood still, the rounds for which heights waited are accepted
// afterwards, as long as they may be needed, and no height has got another round.
func TestAHaltLosesAndReRollsNoSeed(t *testing.T) {
	// waited is the largest number of blocks for which a height waits; retention is twice
	// that.
	const waited = 100
	for name, halt := range map[string]time.Duration{
		"half a day": 12 * time.Hour, "a week": 7 * 24 * time.Hour, "a year": 365 * 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(g *types.GenesisState) {
				g.Params.RetentionRounds, g.Params.ReimburseWindowRounds, g.Params.RetentionBlocks = 20, 5, 2*waited
			})
			for range 40 {
				f.next(1500 * time.Millisecond)
			}
			served := f.ctx.BlockHeight() - 15
			require.NoError(t, f.submit(f.roundAt(served), f.sign(f.roundAt(served))))
			known, found := f.seed(served)
			require.True(t, found)
			rounds := map[int64]uint64{}
			for height := f.ctx.BlockHeight() - 10; height < f.ctx.BlockHeight(); height++ {
				rounds[height] = f.roundAt(height)
			}

			halted := f.ctx.BlockHeight()
			f.next(halt)
			require.Equal(t, f.schedule().PinAt(f.ctx.BlockTime()), f.roundAt(halted),
				"votes after the halt: a round after the halt")
			for range waited {
				f.next(time.Millisecond)
			}
			again, found := f.seed(served)
			require.True(t, found)
			require.Equal(t, known, again)
			for height, round := range rounds {
				require.Equal(t, round, f.roundAt(height))
				err := f.submit(round, f.sign(round))
				if err != nil {
					require.ErrorIs(t, err, types.ErrDuplicateRound, "neighbours share a round")
				}
				seed, found := f.seed(height)
				require.True(t, found)
				require.Equal(t, round, seed.Round)
			}
		})
	}
}

func TestRestartedChainWaitsForRoundsOfItsOwn(t *testing.T) {
	f := newFixture(t)
	f.until(5)
	p := f.params()
	f.key = bls.GenerateKey()
	p.PublicKey = f.key.Public().String()
	require.NoError(t, f.keeper.UpdateParams(f.ctx, p))
	f.until(10)
	require.NoError(t, f.submit(9, f.sign(9)))
	require.NoError(t, f.keeper.RestartHeights(f.ctx))
	g, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.NoError(t, g.Validate())
	require.Empty(t, g.Pins)
	require.Empty(t, g.Rounds)
	require.Len(t, g.Schedules, 2)
	for _, s := range g.Schedules {
		require.Zero(t, s.StartHeight, "all hold from the start")
	}

	anew := newFixture(t, func(other *types.GenesisState) { *other = *g })
	anew.key = f.key
	anew.until(12)
	round := anew.roundAt(2)
	require.NoError(t, anew.submit(round, anew.sign(round)))
	seed, found := anew.seed(2)
	require.True(t, found)
	require.Equal(t, anew.ctx.BlockHeight(), seed.Height)
	// Another network follows, at a height that the old chain had passed long before.
	p.PublicKey = bls.GenerateKey().Public().String()
	require.NoError(t, anew.keeper.UpdateParams(anew.ctx, p))
	g, err = anew.keeper.ExportGenesis(anew.ctx)
	require.NoError(t, err)
	require.NoError(t, g.Validate())
}

// Heights from before a change of network wait for the first round of the new one, however
// long the chain stands still after the change.
func TestAHaltAfterAChangeOfNetworkLosesNoSeed(t *testing.T) {
	f := newFixture(t, short)
	f.until(10)
	p, err := f.keeper.Params(f.ctx)
	require.NoError(t, err)
	f.key = bls.GenerateKey()
	p.PublicKey = f.key.Public().String()
	require.NoError(t, f.keeper.UpdateParams(f.ctx, p))
	f.next(time.Second)
	waiting := f.ctx.BlockHeight() - 2
	f.next(time.Hour)
	round := f.roundAt(waiting)
	require.NoError(t, f.submit(round, f.sign(round)))
	_, found := f.seed(waiting)
	require.True(t, found)
}
