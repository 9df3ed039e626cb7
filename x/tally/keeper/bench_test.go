package keeper_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/x/gov"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
)

// BenchmarkEndOfAVoting measures, for accounts that vote and do not delegate:
//   - end: what x/gov and this module do at the end of the block in which a voting ends;
//   - sweep: what they do at the end of each block after it, until the votes are removed;
//   - walk: the SDK's count, which also removes the votes.
func BenchmarkEndOfAVoting(b *testing.B) {
	for _, voters := range []int{1_000, 100_000} {
		w := newWorld(b, newChain(b))
		id := w.propose(false, w.change())
		w.vote(w.operator(0), id, govv1.OptionYes)
		w.crowd(id, 0, voters)
		proposal, keepers := w.proposal(id), w.chain.App
		walk := govkeeper.NewDefaultCalculateVoteResultsAndVotingPower(keepers.StakingKeeper)
		b.Run(fmt.Sprintf("walk/%d", voters), func(b *testing.B) {
			for b.Loop() {
				cached, _ := w.ctx.CacheContext()
				_, _, _, err := walk(cached, *keepers.GovKeeper, proposal)
				require.NoError(b, err)
			}
		})
		w.ctx = w.ctx.WithBlockTime(w.ctx.BlockTime().Add(votingTime))
		end := func(b *testing.B) {
			for b.Loop() {
				cached, _ := w.ctx.CacheContext()
				require.NoError(b, gov.EndBlocker(cached, keepers.GovKeeper))
				require.NoError(b, keepers.TallyKeeper.EndBlock(cached))
			}
		}
		b.Run(fmt.Sprintf("end/%d", voters), end)
		w.endBlock(0)
		require.NotEmpty(b, w.votes(id))
		b.Run(fmt.Sprintf("sweep/%d", voters), end)
	}
}

// BenchmarkSlash measures a slash of a node whose operator has so many open votes.
func BenchmarkSlash(b *testing.B) {
	for _, votes := range []int{0, 1, 100} {
		w := newWorld(b, newChain(b))
		w.must(w.registration(w.person(1), 500))
		for range votes {
			w.vote(w.person(1), w.propose(false, w.change()), govv1.OptionYes)
		}
		kept := w.ctx
		b.Run(fmt.Sprint(votes), func(b *testing.B) {
			for b.Loop() {
				w.ctx, _ = kept.CacheContext()
				require.NoError(b, w.fault(w.person(1), 10))
			}
		})
	}
}
