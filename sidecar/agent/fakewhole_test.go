package agent

import (
	"bytes"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/round"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// rootOf returns the root over the results of the chunk that a task judges, as another node
// finds them, with their tags in a job from its task first on.
func (c *fakeChain) rootOf(t *fakeTask, node sdk.AccAddress, item *computetypes.WorkItem, job string, first uint64) computetypes.Subtree {
	leaves := make([]computetypes.Subtree, item.Count)
	for i := range leaves {
		shown, ok := c.shownOf(t, node, item, uint32(i))
		require.True(c.t, ok)
		shown.Round, shown.OwnTrace = 0, nil
		leaves[i] = computetypes.Subtree{
			Hash: computetypes.Tag(testChainID, job, first+uint64(i), shown), Fuel: shown.Fuel,
		}
	}
	return computetypes.ChunkRoot(leaves)
}

// playJudge lets another node do what it may do as a judge of a whole chunk. own is the root
// over its tags.
func (c *fakeChain) playJudge(t *fakeTask, node sdk.AccAddress, item *computetypes.WorkItem, own computetypes.Subtree) {
	found := c.rootOf(t, node, item, t.challenged.JobId, t.challenged.Chunk)
	repeated := c.rootOf(t, node, item, t.ref.JobId, t.ref.Task)
	shown, salt := computetypes.JudgedChunk(item.Ref.Round, found, repeated, own), bytes.Repeat([]byte{7}, saltBytes)
	tag := computetypes.Tag(testChainID, t.ref.JobId, t.ref.Task, shown)
	switch {
	case item.Assignment.Status == computetypes.ASSIGNMENT_STATUS_ASSIGNED && c.othersCommit:
		c.must(c.do(t, func(t *round.Chunk) error {
			return t.Commit(node, computetypes.CommitItem{Ref: item.Ref, Commitment: computetypes.Commitment(node, tag, 0, salt)})
		}))
	case item.Assignment.Status == computetypes.ASSIGNMENT_STATUS_COMMITTED && item.Phase == computetypes.ROUND_PHASE_REVEAL &&
		item.CurrentRound == item.Ref.Round:
		c.must(c.do(t, func(t *round.Chunk) error {
			return t.Reveal(node, computetypes.RevealItem{Ref: item.Ref, Tag: tag, Salt: salt, Metrics: computetypes.Metrics{Fuel: shown.Fuel}})
		}))
	case item.MustOpen && !c.leavesOpening(t, node, shown.Digest):
		c.must(c.do(t, func(t *round.Chunk) error { return t.Open(node, computetypes.NewOpenItem(item.Ref, shown)) }))
	}
}
