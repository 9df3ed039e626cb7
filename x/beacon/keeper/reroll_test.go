package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/x/beacon/bls"
	"github.com/thetaedge/theta/x/beacon/types"
)

func TestAWithheldRoundDelaysAndIsNeverReplacedByALaterOne(t *testing.T) {
	f := newFixture(t)
	f.next(time.Second)
	f.next(time.Second)
	round := f.roundAt(1)
	f.until(round + 10)
	for later := round + 1; later <= round+10; later++ {
		require.NoError(t, f.submit(later, f.sign(later)))
	}
	_, found := f.seed(1)
	require.False(t, found)
	require.Equal(t, round, f.roundAt(1))
	require.NoError(t, f.submit(round, f.sign(round)), "gaps can be filled")
	seed, found := f.seed(1)
	require.True(t, found)
	require.Equal(t, round, seed.Round)
}

func TestANewNetworkLeavesKnownSeedsAndGivesWaitingHeightsAnUnknownRound(t *testing.T) {
	f := newFixture(t)
	f.until(10)
	waiting := f.ctx.BlockHeight() - 1
	known := int64(1)
	round := f.roundAt(known)
	require.NoError(t, f.submit(round, f.sign(round)))
	before, found := f.seed(known)
	require.True(t, found)
	stale := f.roundAt(waiting)
	signature := f.sign(stale)

	// The round numbers of the new network overlap those of the old one.
	f.key = bls.GenerateKey()
	p := f.params()
	p.GenesisTime = f.ctx.BlockTime().Unix() - 1
	switched := f.ctx.BlockHeight()
	_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: f.authority, Params: p})
	require.NoError(t, err)
	require.Equal(t, stale, f.roundAt(waiting), "until the next block the old round stands")
	_, found = f.seed(waiting)
	require.False(t, found)
	f.next(time.Second)

	require.Equal(t, f.schedule().PinAt(f.ctx.BlockTime()), f.roundAt(waiting))
	require.Equal(t, f.roundAt(switched), f.roundAt(waiting))
	_, found = f.seed(waiting)
	require.False(t, found)
	f.until(stale)
	require.ErrorIs(t, f.submit(stale, signature), types.ErrForgedRound)
	next := f.roundAt(waiting)
	require.NoError(t, f.submit(next, f.sign(next)))
	seed, found := f.seed(waiting)
	require.True(t, found)
	require.Equal(t, bls.Randomness(f.sign(next)), seed.Randomness)
	after, found := f.seed(known)
	require.True(t, found)
	require.Equal(t, before, after)
}

// For any order of blocks, halts, submissions, withholding and changes of network, a seed
// that a height has once had never changes. It is the randomness of the round for which the
// height waited before any party knew it.
func TestSeedsNeverChangeOnceKnown(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := newFixture(t, func(g *types.GenesisState) {
			g.Params.RetentionRounds, g.Params.ReimburseWindowRounds, g.Params.RetentionBlocks = 40, 5, 20
			g.Params.PruneLimit = 10
		})
		f.t = rt
		seeds := map[int64]types.Seed{}
		f.next(time.Second)
		rt.Repeat(map[string]func(*rapid.T){
			"block": func(t *rapid.T) {
				f.next(time.Duration(rapid.Int64Range(1, 5_000).Draw(t, "ms")) * time.Millisecond)
			},
			"halt": func(t *rapid.T) {
				f.next(time.Duration(rapid.Int64Range(1, 600).Draw(t, "s")) * time.Second)
			},
			"submit": func(t *rapid.T) {
				due := f.schedule().AcceptableAt(f.ctx.BlockTime())
				if due == 0 {
					t.Skip("before round 1")
				}
				round := due - min(due-1, rapid.Uint64Range(0, 30).Draw(t, "age"))
				if err := f.submit(round, f.sign(round)); err != nil {
					require.ErrorIs(t, err, types.ErrDuplicateRound)
				}
			},
			"forge": func(t *rapid.T) {
				due := f.schedule().AcceptableAt(f.ctx.BlockTime())
				require.Error(t, f.submit(due, f.sign(due+1)))
			},
			"another network": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "rarely") > 0 {
					t.Skip("rare")
				}
				f.key = bls.GenerateKey()
				p, err := f.keeper.Params(f.ctx)
				require.NoError(t, err)
				p.PublicKey = f.key.Public().String()
				p.GenesisTime = genesisAt + rapid.Int64Range(-100, 100).Draw(t, "shift")
				require.NoError(t, f.keeper.UpdateParams(f.ctx, p))
			},
			"": func(t *rapid.T) {
				checkSeeds(t, f, seeds)
			},
		})
	})
}

func checkSeeds(t *rapid.T, f *fixture, seeds map[int64]types.Seed) {
	lowest, err := f.keeper.LowestHeight(f.ctx)
	require.NoError(t, err)
	for height := int64(1); height < f.ctx.BlockHeight(); height++ {
		_, found, err := f.keeper.RoundAt(f.ctx, height)
		require.NoError(t, err)
		require.Equal(t, height >= lowest, found, "pinned heights have no gap")
		seed, known := f.seed(height)
		was, before := seeds[height]
		switch {
		case !found:
			require.False(t, known)
		case before:
			require.True(t, known, "height %d forgot its seed", height)
			require.Equal(t, was, seed)
		case known:
			require.Greater(t, seed.Height, height, "a seed was known before its height was over")
			seeds[height] = seed
		}
	}
}
