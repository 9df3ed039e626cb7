package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/beacon/types"
)

func (f *fixture) wanted(round uint64, signature []byte) (int64, bool) {
	height, wanted, err := f.keeper.Wanted(f.ctx, &types.MsgSubmitRound{Submitter: f.submitter.String(), Round: round, Signature: signature})
	require.NoError(f.t, err)
	return height, wanted
}

// TestOnlyRoundsThatAHeightWaitsForAreWanted: rounds of a time without blocks are accepted,
// but not wanted. The lowest height that waits for a round is its deadline.
func TestOnlyRoundsThatAHeightWaitsForAreWanted(t *testing.T) {
	f := newFixture(t)
	for range 30 {
		f.next(time.Second)
	}
	f.next(5 * time.Minute) // the chain has stood still
	for range 30 {
		f.next(time.Second)
	}
	newest := f.schedule().AcceptableAt(f.ctx.BlockTime())
	lowest := map[uint64]int64{}
	for height := f.ctx.BlockHeight() - 1; height > 0; height-- {
		lowest[f.roundAt(height)] = height
	}
	idle := 0
	for round := uint64(1); round <= newest; round++ {
		height, wanted := f.wanted(round, f.sign(round))
		require.Equal(t, lowest[round], height, "round %d", round)
		require.Equal(t, lowest[round] > 0, wanted, "round %d", round)
		if !wanted {
			idle++
			cached, _ := f.ctx.CacheContext()
			_, _, err := f.keeper.SubmitRound(cached, f.submitter, round, f.sign(round))
			require.NoError(t, err, "x/beacon takes it all the same")
		}
	}
	require.Greater(t, idle, 50)
}

func TestWhatIsRefusedIsNotWanted(t *testing.T) {
	f := newFixture(t)
	for range 30 {
		f.next(time.Second)
	}
	round := f.roundAt(3)
	good := f.sign(round)
	_, wanted := f.wanted(round, good)
	require.True(t, wanted)
	for name, msg := range map[string]types.MsgSubmitRound{
		"round 0":              {Submitter: f.submitter.String(), Signature: good},
		"a round to come":      {Submitter: f.submitter.String(), Round: 1 << 40, Signature: good},
		"a forged signature":   {Submitter: f.submitter.String(), Round: round, Signature: f.sign(round + 1)},
		"a short signature":    {Submitter: f.submitter.String(), Round: round, Signature: good[:47]},
		"no signature":         {Submitter: f.submitter.String(), Round: round},
		"an address of no one": {Submitter: "theta1nobody", Round: round, Signature: good},
	} {
		_, wanted, err := f.keeper.Wanted(f.ctx, &msg)
		require.NoError(t, err, name)
		require.False(t, wanted, name)
	}
	require.NoError(t, f.submit(round, good))
	_, wanted = f.wanted(round, good)
	require.False(t, wanted, "it is known")
}
