package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// quorumChunk returns a job of one chunk that three nodes execute.
func quorumChunk(tasks uint64) types.JobSpec {
	s := chunked(tasks, tasks)
	s.Policy = types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 3}
	return s
}

func TestAQuorumThatAgreesOnAChunkIsPaid(t *testing.T) {
	f := chunkNetwork(t, 7)
	id := f.post(0, quorumChunk(16))
	job := f.play(f.everyone(7, honest), id, 100)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	for _, o := range f.receipts[id][0].Outcomes {
		require.Equal(t, "1600", o.Paid.String())
	}
}

// TestAQuorumIsJudgedByTheTasksAboutWhichItDisagrees: a node that differs from the judges loses,
// also if two lie about different tasks, and the honest one is paid.
func TestAQuorumIsJudgedByTheTasksAboutWhichItDisagrees(t *testing.T) {
	one := func(of uint64) chunkBehaviour {
		return chunkBehaviour{skips: func(task uint64) bool { return task == of }}
	}
	for name, c := range map[string]struct {
		chunks   [3]chunkBehaviour // of the drawn nodes, in order
		does     behaviour         // of those that skip tasks
		judged   []uint32
		right    int
		accepted bool
	}{
		"one lies about one task":      {chunks: [3]chunkBehaviour{one(5)}, judged: []uint32{5}, right: 2, accepted: true},
		"the last":                     {chunks: [3]chunkBehaviour{one(15)}, judged: []uint32{15}, right: 2, accepted: true},
		"two lie about different ones": {chunks: [3]chunkBehaviour{one(5), one(9)}, judged: []uint32{5, 9}, right: 1, accepted: true},
		"two collude":                  {chunks: [3]chunkBehaviour{one(5), one(5)}, does: colluder, judged: []uint32{5}, right: 1, accepted: true},
		"one hides its results":        {chunks: [3]chunkBehaviour{{skips: one(5).skips, hides: true}}, judged: []uint32{0}, right: 2, accepted: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := chunkNetwork(t, 14)
			players := f.everyone(14, honest)
			id := f.post(0, quorumChunk(16))
			f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) == 3 })
			drawn := f.drawn(id)
			for i, n := range drawn {
				players[n].chunk = c.chunks[i]
				if c.chunks[i].skips != nil {
					players[n].does = c.does
				}
			}
			f.until(players, func() bool { return f.round(id).Phase == types.ROUND_PHASE_LEAVES })
			f.until(players, func() bool { return len(f.task(id).Rounds) == 2 })
			require.Equal(t, c.judged, f.round(id).Samples)
			bonds := map[int]string{}
			job := f.job(id)
			for _, n := range drawn {
				bonds[n] = f.bond(n).String()
			}
			job = f.play(players, id, 200)
			require.Equal(t, c.accepted, job.Status == types.JOB_STATUS_COMPLETED, "%s", job.Status)
			right := 0
			r := f.receipts[id][0]
			for i, n := range drawn {
				if c.chunks[i].skips == nil {
					right++
					require.Equal(t, bonds[n], f.bond(n).String(), "node %d was honest", i)
					require.Equal(t, "1600", r.Outcomes[i].Paid.String())
				} else if c.accepted {
					require.NotEqual(t, bonds[n], f.bond(n).String(), "node %d lied", i)
				}
			}
			require.Equal(t, c.right, right)
			for _, o := range r.Outcomes[3:] {
				require.GreaterOrEqual(t, o.Share.Int64(), int64(100*len(c.judged)), "a judge is paid for %d tasks", len(c.judged))
			}
		})
	}
}

// TestWhatAQuorumShowsHasToBeItsTree: a node cannot show other results than those of the root
// that it has revealed.
func TestWhatAQuorumShowsHasToBeItsTree(t *testing.T) {
	f := chunkNetwork(t, 14)
	players := f.everyone(14, honest)
	id := f.post(0, quorumChunk(16))
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) == 3 })
	liar := f.drawn(id)[0]
	players[liar].chunk = chunkBehaviour{skips: func(task uint64) bool { return task == 5 }, hides: true}
	f.until(players, func() bool { return f.round(id).Phase == types.ROUND_PHASE_LEAVES })
	p := players[liar]
	item := f.held(liar)
	require.True(t, item.MustShowAll)
	p.chunk.skips = nil // it shows the true results
	leaves := p.leaves(item, 16)
	for name, bad := range map[string][]types.Subtree{"true results": leaves, "fewer": leaves[1:], "none": nil} {
		require.ErrorIs(t, f.unchanged(func() error {
			return p.sendReveal(types.RevealItem{Ref: item.Ref, Tag: types.ChunkRoot(leaves).Hash, Salt: p.salt(), Leaves: bad})
		}), types.ErrRevealMismatch, name)
	}
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, id, 200).Status)
}
