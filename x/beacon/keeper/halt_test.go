package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/beacon/types"
)

// However long the chain stood still: the rounds that heights waited for are still
// accepted after it, as long as somebody may wait for them, and no height has got
// another round.
func TestAHaltLosesAndReRollsNoSeed(t *testing.T) {
	// waited is for how many blocks a height waits at most; retention is twice that.
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
