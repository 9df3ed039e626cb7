package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// TestChallengesOfAChunkLeaveNothingBehind: a chunk is challenged by its root and by a leaf,
// judges lie and copy, parameters change and the state is exported meanwhile. Whatever the
// verdicts are, no bond stays locked afterwards, and no challenge stays open.
func TestChallengesOfAChunkLeaveNothingBehind(t *testing.T) {
	for name, false5 := range map[string]bool{"a right chunk": false, "a false chunk": true} {
		t.Run(name, func(t *testing.T) {
			f := chunkNetwork(t, 14)
			players := f.everyone(14, honest)
			id, n, leaves := acceptedChunk(f, players, func(task uint64) bool { return false5 && task == 5 })
			byRoot, err := f.challenge(1, id, 0)
			require.NoError(t, err)
			byLeaf, err := f.challengeLeaf(2, id, 5, leaves)
			require.NoError(t, err)
			for i, does := range []behaviour{liar, copies, silent, stalls, closed} {
				if i != n {
					players[i].does = does
				}
			}
			for block := 0; !f.jobEnded(byRoot) || !f.jobEnded(byLeaf); block++ {
				require.Less(t, block, 300)
				f.turn(players)
				f.checkInvariants()
				if block%4 == 0 {
					require.Equal(t, f.export(), restored(f).export())
				}
				if block == 8 {
					f.setParams(func(p *types.Params) {
						p.Escalation, p.MaxChunkTasks, p.MinSamples, p.HonestBps, p.AuditFloorBps = []uint32{5, 9}, 4, 8, 5_000, 2_000
					})
				}
			}
			for range 300 {
				f.next()
			}
			for i := range players {
				state := f.state(i)
				require.Equal(t, "0", state.Locked.String(), "node %d", i)
				require.Zero(t, state.UsedSlots+state.Contests, "node %d", i)
			}
			c, err := f.queries.Challenge(f.ctx, &types.QueryChallengeRequest{JobId: id, Task: 5})
			if err == nil {
				require.True(t, c.Challenge.Convicted)
				require.True(t, c.Challenge.Pledged.IsZero())
			}
		})
	}
}
