//go:build sims

package simulation

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"

	ratelimittypes "github.com/cosmos/ibc-go/v11/modules/apps/rate-limiting/types"
	"github.com/stretchr/testify/require"

	authzkeeper "github.com/cosmos/cosmos-sdk/x/authz/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/collect"
	"github.com/thetaedge/theta/testutil/edge"
	"github.com/thetaedge/theta/testutil/sim"
)

const (
	// simBlocks is the length of a simulation.
	simBlocks = 200
	// blocksAfterImport is the number of blocks for which an imported chain runs concurrently
	// with its original.
	blocksAfterImport = 40
)

func TestMain(m *testing.M) {
	collect.Seldom()
	m.Run()
}

// Random messages of every kind lead to a state that can be exported and imported to the same
// state, and from which the chain continues like the original.
func TestSimulatedStateSurvivesExportAndImport(t *testing.T) {
	t.Parallel()
	turns, messages := map[string]int{}, map[string]int{}
	var mu sync.Mutex
	t.Run("seeds", func(t *testing.T) {
		for _, seed := range []int64{1, 2, 3} {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				s := sim.New(t, seed)
				s.Run(simBlocks)
				t.Log("\n" + s.Tally.String())
				require.NotEmpty(t, s.Chain.OwnMessages())
				mu.Lock()
				for _, url := range s.Chain.OwnMessages() {
					messages[url] += s.Tally.Of(url).Succeeded
				}
				for event, count := range s.Tally.Events {
					turns[event] += count
				}
				mu.Unlock()

				fork := s.Fork()
				requireSameState(t, state(s.Chain), sim.State{Ctx: fork.Genesis(), Stores: fork.App.KVStoreKeys()}, staking()...)
				s.Run(blocksAfterImport)
				// Unbondings after the import have numbers from another counter.
				requireSameState(t, state(s.Chain), state(fork), append(staking(),
					stakingtypes.UnbondingDelegationKey, stakingtypes.RedelegationKey)...)
				edge.RequireInvariants(t, fork)
			})
		}
	})
	requireEveryMessage(t, messages)
	requireEveryTurn(t, turns)
}

// The same seed gives the same blocks and the same state; another seed gives others.
func TestSameSeedGivesSameAppHash(t *testing.T) {
	t.Parallel()
	run := func(seed int64, blocks int) []string {
		s := sim.New(t, seed)
		var hashes []string
		for range blocks {
			s.Step()
			hashes = append(hashes, fmt.Sprintf("%x", s.Chain.AppHash()))
		}
		return hashes
	}
	first := run(11, simBlocks)
	require.Equal(t, first, run(11, simBlocks))
	require.NotEqual(t, first[:5], run(12, 5))
}

func state(chain *apptest.Chain) sim.State {
	return sim.State{Ctx: chain.Ctx(), Stores: chain.App.KVStoreKeys()}
}

// staking returns the prefixes of the state that the genesis of x/staking does not carry
// unchanged: indexes and queues of unbondings, past headers, and a counter.
func staking() [][]byte {
	return [][]byte{
		stakingtypes.UnbondingIDKey, stakingtypes.UnbondingIndexKey, stakingtypes.UnbondingTypeKey,
		stakingtypes.UnbondingQueueKey, stakingtypes.RedelegationQueueKey, stakingtypes.HistoricalInfoKey,
		stakingtypes.ValidatorUpdatesKey,
	}
}

// requireSameState compares store by store, except for keys of x/staking with the prefixes
// except, for the queue of x/authz, in which grants that were revoked leave empty entries, and for the
// current hour of the rate limits, whose height is that of the import between 0 and 1 o'clock.
func requireSameState(t *testing.T, original, imported sim.State, except ...[]byte) {
	t.Helper()
	differences, compared := sim.Compare(original, imported, func(store string, key []byte) bool {
		switch store {
		case authzkeeper.StoreKey:
			return bytes.HasPrefix(key, authzkeeper.GrantQueuePrefix)
		case ratelimittypes.StoreKey:
			return bytes.HasPrefix(key, ratelimittypes.HourEpochKey)
		}
		return store == stakingtypes.StoreKey && slices.ContainsFunc(except, func(prefix []byte) bool {
			return bytes.HasPrefix(key, prefix)
		})
	})
	require.Greater(t, compared, 1_000, "keys compared")
	for _, d := range differences[:min(len(differences), 20)] {
		t.Error(d)
	}
	require.Empty(t, len(differences), "keys differ")
}

// requireEveryMessage fails if a message of this chain's modules has succeeded in none of the simulations, or
// if they do not know it.
func requireEveryMessage(t *testing.T, succeeded map[string]int) {
	t.Helper()
	for url, count := range succeeded {
		require.Positive(t, count, "%s never succeeded: give it an operation in x/*/simulation; the tallies have the reasons", url)
	}
}

// requireEveryTurn fails if an event that happens occasionally on a network has happened in none of the
// simulations, because they then no longer cover it.
func requireEveryTurn(t *testing.T, turns map[string]int) {
	t.Helper()
	for _, event := range []string{
		"task Escalated", "task AuditDecided", "task ReviewOpened", "task Ended ACCEPTED", "task Ended FAILED",
		"job clean", "task Ended CANCELLED", "task Ended EXPIRED", "chunk Ended ACCEPTED", "chunk judged", "theta.edgenode.v1.EventSlashed", "theta.edgenode.v1.EventJailed",
		"theta.edgenode.v1.EventUnbonded", "theta.rewards.v1.EventFeesMoved", "theta.rewards.v1.EventGrantMinted",
	} {
		require.Positive(t, turns[event], event)
	}
}
