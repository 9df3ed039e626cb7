package agent

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/store"
	"github.com/thetaedge/theta/x/compute/round"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// classNodes is the number of nodes in the class.
const classNodes = 21

// fakeFuel is the fuel that every program uses.
const fakeFuel = 7

// others returns the nodes that work on a task in its current round. A task that names this
// node does not have others.
func (c *fakeChain) others(t *fakeTask) []sdk.AccAddress {
	if t.record.Ended() || t.spec.Policy.NamesNode() && !t.replaced {
		return nil
	}
	peers := c.nodes[:t.spec.Policy.Replicas-1]
	if n := len(t.record.Rounds); n > 1 || t.record.Rounds[n-1].Auditors > 0 {
		peers = c.nodes
	}
	if t.audits && len(t.record.Rounds) == 1 {
		peers = peers[:min(len(peers), 1)]
	}
	nodes := slices.Concat(t.rivals, peers)
	if t.replaced {
		nodes = append(nodes, c.operator)
	}
	return nodes
}

// playNode lets another node do what it may do in a block.
func (c *fakeChain) playNode(t *fakeTask, loaded *round.Chunk, node sdk.AccAddress) {
	item, held := loaded.WorkItem(node.String())
	if !held {
		if draw, open, err := loaded.Claimable(node); err == nil && open && draw.Leading {
			c.must(c.do(t, func(t *round.Chunk) error { return t.Claim(node, draw.Ref) }))
		}
		return
	}
	if item.Count > 1 {
		c.playChunk(t, node, item)
		return
	}
	answer, done := c.computed(t, node, item)
	if !done {
		return
	}
	switch status := item.Assignment.Status; {
	case status == computetypes.ASSIGNMENT_STATUS_ASSIGNED && c.othersCommit:
		c.must(c.do(t, func(t *round.Chunk) error { return t.Commit(node, answer.commit(node, item.Ref)) }))
	case status == computetypes.ASSIGNMENT_STATUS_COMMITTED && item.Phase == computetypes.ROUND_PHASE_REVEAL &&
		item.CurrentRound == item.Ref.Round:
		c.must(c.do(t, func(t *round.Chunk) error { return t.Reveal(node, answer.reveal(item.Ref)) }))
	case item.MustOpen && !c.leavesOpening(t, node, answer.shown.Digest):
		c.must(c.do(t, func(t *round.Chunk) error { return t.Open(node, computetypes.NewOpenItem(item.Ref, answer.shown)) }))
	}
}

// leavesOpening reports whether a node leaves the opening of a result to this node, which has
// the same result: one opening is enough for all nodes that agree.
func (c *fakeChain) leavesOpening(t *fakeTask, node sdk.AccAddress, digest []byte) bool {
	mine := c.part(t)
	return t.found == nil && !c.liars[node.String()] && !t.opened(digest) &&
		mine != nil && mine.Status == computetypes.ASSIGNMENT_STATUS_REVEALED
}

func (c *fakeChain) must(err error) {
	if err != nil {
		c.t.Errorf("another node: %v", err)
	}
}

// answer is what a node has found out.
type answer struct {
	shown     computetypes.Opening
	tag, salt []byte
	exitCode  uint32
}

func (a *answer) commit(node sdk.AccAddress, ref computetypes.ChunkRef) computetypes.CommitItem {
	return computetypes.CommitItem{Ref: ref, Commitment: computetypes.Commitment(node, a.tag, a.exitCode, a.salt)}
}

func (a *answer) reveal(ref computetypes.ChunkRef) computetypes.RevealItem {
	return computetypes.RevealItem{
		Ref: ref, Tag: a.tag, Salt: a.salt, ExitCode: a.exitCode, Metrics: computetypes.Metrics{Fuel: a.shown.Fuel},
	}
}

// computed returns what another node has found out, if it has a result. Honest nodes have the
// result to which this node has committed.
func (c *fakeChain) computed(t *fakeTask, node sdk.AccAddress, item computetypes.WorkItem) (*answer, bool) {
	content, digest, exitCode, salt := t.found, []byte(nil), uint32(0), bytes.Repeat([]byte{7}, saltBytes)
	if content != nil {
		sum := sha256.Sum256(content)
		digest = sum[:]
	} else {
		mine, committed := c.mine(t)
		if !committed {
			return nil, false
		}
		var err error
		if content, err = os.ReadFile(filepath.Join(outputsOfResult(&mine), "text.txt")); err != nil {
			return nil, false
		}
		digest, exitCode = mine.ResultDigest, mine.ExitCode
		if node.Equals(c.operator) {
			salt = mine.Salt
		}
	}
	if c.liars[node.String()] {
		lie := sha256.Sum256(digest)
		content, digest = []byte("a lie"), lie[:]
	}
	trace := func(key []byte) []byte {
		sum := sha256.Sum256(slices.Concat(key, content))
		return sum[:]
	}
	shown := computetypes.Opening{Round: item.Ref.Round, Digest: digest, Fuel: fakeFuel, Trace: trace(item.TraceKeys[0])}
	if len(item.TraceKeys) > 1 {
		shown.OwnTrace = trace(item.TraceKeys[1])
	}
	return &answer{shown: shown, tag: computetypes.Tag(testChainID, t.ref.JobId, t.ref.Task, shown), salt: salt, exitCode: exitCode}, true
}

// mine returns this node's record of a task if the chain has its commitment. If two machines have its key, it is
// the record of the one that has made that commitment.
func (c *fakeChain) mine(t *fakeTask) (store.Assignment, bool) {
	part := c.part(t)
	if part == nil || len(part.Commitment) == 0 {
		return store.Assignment{}, false
	}
	mine, err := c.journal.Get(keyOf(t.ref))
	if c.twin != nil && (err != nil || !bytes.Equal(mine.Commitment, part.Commitment)) {
		mine, err = c.twin.Get(keyOf(t.ref))
	}
	return mine, err == nil && len(mine.ResultDigest) > 0
}

// rank returns the rank of a node in the open draw of a task.
func (c *fakeChain) rank(t *fakeTask, node sdk.AccAddress) []byte {
	r := len(t.record.Rounds) - 1
	draw := t.record.Rounds[r].Draw
	return computetypes.Rank(seedOf(draw.SeedHeight), c.parsedID(t), t.ref.Task, uint32(r), draw.Attempt, node, math.NewInt(classNodes))
}

// addRivals enters nodes with lower ranks than this node into the open draw of a task, one for
// each seat.
func (c *fakeChain) addRivals(t *fakeTask) {
	loaded := c.load(t)
	open, drawing := loaded.Draw()
	if !drawing || open.Draw.CloseHeight == 0 || c.height >= open.Draw.CloseHeight {
		return
	}
	c.save(t, loaded)
	mine := c.rank(t, c.operator)
	entered := 0
	for n := 0; entered < int(open.Draw.Slots); n++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "rival %d of %d", n, open.Draw.Attempt))
		node := sdk.AccAddress(sum[:20])
		if bytes.Compare(c.rank(t, node), mine) >= 0 {
			continue
		}
		entered++
		if slices.ContainsFunc(t.rivals, func(r sdk.AccAddress) bool { return r.Equals(node) }) {
			continue
		}
		if err := c.do(t, func(loaded *round.Chunk) error { return loaded.Claim(node, loaded.Ref()) }); err != nil {
			continue // rivals with lower ranks have all seats
		}
		t.rivals = append(t.rivals, node)
	}
}
