package agent

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/x/compute/round"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// chunkPolicy audits every chunk with two auditors.
var chunkPolicy = computetypes.Policy{Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 10_000, Auditors: 2, Samples: 4}

// postChunk adds a job of n tasks that are one chunk. Each task has its own input on the web.
// Tasks may use as much fuel as they use.
func (c *fakeChain) postChunk(web *fakeWeb, job, n int, change ...func(*fakeTask)) *fakeTask {
	chunk := c.postArray(web, job, n, append([]func(*fakeTask){func(t *fakeTask) {
		t.spec.Policy, t.spec.ChunkTasks, t.spec.Resources.Fuel = chunkPolicy, uint64(n), fakeFuel
	}}, change...)...)[0]
	c.read(func() {
		c.tasks = slices.DeleteFunc(c.tasks, func(t *fakeTask) bool { return t.ref.JobId == chunk.ref.JobId && t != chunk })
		chunk.count = uint64(n)
	})
	return chunk
}

// splits adds the rest of a chunk of which a node has committed to the first tasks.
func (c *fakeChain) splits(t *fakeTask, rest round.Span) {
	if rest.Count == 0 {
		return
	}
	next := &fakeTask{
		ref: computetypes.ChunkRef{JobId: t.ref.JobId, Task: rest.First}, count: rest.Count, requester: t.requester, spec: t.spec,
		audits: t.audits, says: t.says, commitments: map[string]bool{},
	}
	c.tasks = append(c.tasks, next)
}

// said returns the output of a task under a function of the test.
func said(task uint64) []byte { return fmt.Appendf(nil, "output of %d", task) }

// result returns the output of a task of a chunk with the digest of its manifest. A task that
// has no result on this machine yet does not have one.
func (c *fakeChain) result(t *fakeTask, position uint32) (content, digest []byte, ok bool) {
	if t.says != nil {
		content = t.says(t.ref.Task + uint64(position))
	} else {
		mine, committed := c.mine(t)
		if !committed {
			return nil, nil, false
		}
		var err error
		if content, err = os.ReadFile(filepath.Join(outputsOf(mine.Folder, position), "text.txt")); err != nil {
			return nil, nil, false
		}
	}
	sum, err := manifest.Manifest{
		Profile: "wasm/1", Reason: manifest.ReasonExited, ExitCode: int32(t.exit),
		Files: []manifest.File{{Path: "text.txt", Size: uint64(len(content)), SHA256: sha256.Sum256(content)}},
	}.Digest()
	return content, sum[:], err == nil
}

// shownOf returns what the tag of a task of a chunk is made of, for another node.
func (c *fakeChain) shownOf(t *fakeTask, node sdk.AccAddress, item *computetypes.WorkItem, position uint32) (computetypes.Opening, bool) {
	content, digest, ok := c.result(t, position)
	if !ok {
		return computetypes.Opening{}, false
	}
	if c.auditorsLie && item.Ref.Round == 0 && len(item.Samples) > 0 {
		c.liars[node.String()] = true
	}
	if c.liars[node.String()] && position == t.lie {
		lie := sha256.Sum256(digest)
		content, digest = []byte("a lie"), lie[:]
	}
	trace := func(key []byte) []byte {
		sum := sha256.Sum256(slices.Concat(key, content))
		return sum[:]
	}
	shown := computetypes.Opening{Round: item.Ref.Round, Digest: digest, Fuel: fakeFuel, Trace: trace(item.TraceKeys[0]), Position: position, ExitCode: t.exit}
	if len(item.TraceKeys) > 1 {
		shown.OwnTrace = trace(item.TraceKeys[1])
	}
	return shown, true
}

// playChunk lets another node do what it may do with a chunk of several tasks.
func (c *fakeChain) playChunk(t *fakeTask, node sdk.AccAddress, item computetypes.WorkItem) {
	positions := item.Samples
	if len(positions) == 0 {
		for p := range item.Count {
			positions = append(positions, uint32(p))
		}
	}
	leaves := make([]computetypes.Subtree, len(positions))
	for i, position := range positions {
		shown, ok := c.shownOf(t, node, &item, position)
		if !ok {
			return
		}
		leaves[i] = computetypes.Subtree{
			Hash: computetypes.Tag(testChainID, t.ref.JobId, t.ref.Task+uint64(position), shown), Fuel: shown.Fuel,
		}
	}
	root, salt, failed := computetypes.ChunkRoot(leaves), bytes.Repeat([]byte{7}, saltBytes), uint32(0)
	if t.exit != 0 && t.spec.Policy.Kind == computetypes.POLICY_KIND_QUORUM && len(item.Samples) == 0 {
		failed = uint32(item.Count)
	}
	if t.challenged.Whole() {
		c.playJudge(t, node, &item, root)
		return
	}
	switch {
	case item.Assignment.Status == computetypes.ASSIGNMENT_STATUS_ASSIGNED && c.othersCommit:
		c.must(c.do(t, func(t *round.Chunk) error {
			return t.Commit(node, computetypes.CommitItem{Ref: item.Ref, Commitment: computetypes.Commitment(node, root.Hash, failed, salt), Fuel: root.Fuel})
		}))
	case item.Assignment.Status == computetypes.ASSIGNMENT_STATUS_COMMITTED && item.Phase == computetypes.ROUND_PHASE_REVEAL &&
		item.CurrentRound == item.Ref.Round:
		reveal := computetypes.RevealItem{Ref: item.Ref, Tag: root.Hash, Salt: salt, FailedTasks: failed, Metrics: computetypes.Metrics{Fuel: root.Fuel}}
		switch {
		case len(item.Samples) > 0:
			reveal.Leaves = leaves
		case len(item.Shows) > 0:
			for _, position := range item.Shows {
				reveal.Leaves = append(reveal.Leaves, leaves[position])
			}
			reveal.Siblings = computetypes.ChunkSiblings(leaves, item.Shows)
		}
		c.must(c.do(t, func(t *round.Chunk) error { return t.Reveal(node, reveal) }))
	case item.MustShowAll:
		c.must(c.do(t, func(t *round.Chunk) error {
			return t.Reveal(node, computetypes.RevealItem{Ref: item.Ref, Tag: root.Hash, Salt: salt, Leaves: leaves})
		}))
	case item.MustOpen:
		for _, position := range item.Opens {
			if shown, ok := c.shownOf(t, node, &item, position); ok && !c.leavesOpening(t, node, shown.Digest) {
				c.must(c.do(t, func(t *round.Chunk) error { return t.Open(node, computetypes.NewOpenItem(item.Ref, shown)) }))
			}
		}
	}
}

// numberOf returns the number of a task from its arguments.
func numberOf(t *testing.T, args []string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(args[len(args)-1], 10, 64)
	require.NoError(t, err)
	return n
}
