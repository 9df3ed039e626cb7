package keeper_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
)

// BenchmarkEndOfAVoting compares the count of this module with the SDK's, which also removes the
// votes, for accounts that vote and do not delegate.
func BenchmarkEndOfAVoting(b *testing.B) {
	for _, voters := range []int{1_000, 100_000} {
		w := newWorld(b, newChain(b))
		id := w.propose(false, w.change())
		w.vote(w.operator(0), id, govv1.OptionYes)
		w.crowd(id, 0, voters)
		proposal := w.proposal(id)
		b.Run(fmt.Sprintf("sums/%d", voters), func(b *testing.B) {
			for range b.N {
				_, err := w.chain.App.TallyKeeper.Count(w.ctx, proposal)
				require.NoError(b, err)
			}
		})
		walk := govkeeper.NewDefaultCalculateVoteResultsAndVotingPower(w.chain.App.StakingKeeper)
		b.Run(fmt.Sprintf("walk/%d", voters), func(b *testing.B) {
			for range b.N {
				cached, _ := w.ctx.CacheContext()
				_, _, _, err := walk(cached, *w.chain.App.GovKeeper, proposal)
				require.NoError(b, err)
			}
		})
	}
}
