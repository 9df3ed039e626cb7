package bench

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// chunk is a chunk of an array that is under way.
type chunk struct {
	id           computetypes.JobID
	first, count uint64
	// executor is the only replica, and auditor executes the samples.
	executor, auditor *node
	samples           []uint32
}

func (c *chunk) ref() computetypes.ChunkRef {
	return computetypes.ChunkRef{JobId: c.id.String(), Task: c.first}
}

// chunkLeaves returns the results of a chunk's tasks, which are the same in every chunk: the
// chain compares tags, and does not see from what they were computed. Each task uses all the
// fuel that it may, so that an audit has as many samples as the policy says.
func chunkLeaves(tasks int) []computetypes.Subtree {
	leaves := make([]computetypes.Subtree, tasks)
	for i := range leaves {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("result of "), uint64(i))) //nolint:gosec // a position
		leaves[i] = computetypes.Subtree{Hash: sum[:], Fuel: fuel}
	}
	return leaves
}

// sampled returns the leaves at the positions that an auditor executes.
func sampled(leaves []computetypes.Subtree, positions []uint32) []computetypes.Subtree {
	if len(positions) == 0 { // a chunk of one task has no samples
		return leaves
	}
	out := make([]computetypes.Subtree, len(positions))
	for i, p := range positions {
		out[i] = leaves[p]
	}
	return out
}

// commitItem returns a node's commitment to a root.
func (c *chunk) commitItem(n *node, root computetypes.Subtree) computetypes.CommitItem {
	return computetypes.CommitItem{
		Ref: c.ref(), Commitment: computetypes.Commitment(n.operator.address, root.Hash, 0, n.salt()), Fuel: root.Fuel,
	}
}

// revealItem returns what a node reveals: the root, and what shows the samples in it.
func (c *chunk) revealItem(n *node, root computetypes.Subtree, shown, siblings []computetypes.Subtree) computetypes.RevealItem {
	item := computetypes.RevealItem{
		Ref: c.ref(), Tag: root.Hash, Salt: n.salt(),
		Metrics: computetypes.Metrics{Fuel: root.Fuel, WallMs: 1_000, Device: "cpu"},
	}
	if c.count > 1 {
		item.Leaves, item.Siblings = shown, siblings
	}
	return item
}

// claimers returns the nodes that the sortition admits to a chunk's current draw, without the
// one that executes it, and the one that the draw will keep.
func (c *chunk) claimers(people *population, f Flow, factor uint32, seed []byte) (all []*node, winner *node, err error) {
	threshold := computetypes.Threshold(factor, 1, 0, people.weight(f.Class))
	var best []byte
	for n := range people.nodes(f.Class) {
		rank := computetypes.Rank(seed, c.id, c.first, 0, 0, n.operator.address, n.weight)
		if n == c.executor || bytes.Compare(rank, threshold) >= 0 {
			continue
		}
		all = append(all, n)
		if best == nil || bytes.Compare(rank, best) < 0 {
			best, winner = rank, n
		}
		if len(all) == eligible {
			break
		}
	}
	if winner == nil {
		return nil, nil, fmt.Errorf("draw of task %d of job %s: expected an eligible node, found none", c.first, c.id)
	}
	return all, winner, nil
}

// batches signs one transaction for each batchItems items of a node, in the order of nodes.
func batches[T any](nodes []*node, items map[*node][]T, msg func(n *node, items []T) sdk.Msg) ([][]byte, error) {
	var txs [][]byte
	for _, n := range nodes {
		for batch := range slices.Chunk(items[n], batchItems) {
			tx, err := n.sign(chunkGas, msg(n, batch))
			if err != nil {
				return nil, err
			}
			txs = append(txs, tx)
		}
	}
	return txs, nil
}

// chunkRecord returns the record of a chunk as the next block will find it.
func (w *world) chunkRecord(c *chunk) (computetypes.Chunk, error) {
	ctx, err := w.ctx()
	if err != nil {
		return computetypes.Chunk{}, err
	}
	found, err := computekeeper.NewQueryServer(w.app.ComputeKeeper).Chunk(ctx,
		&computetypes.QueryChunkRequest{JobId: c.id.String(), Task: c.first})
	if err != nil {
		return computetypes.Chunk{}, fmt.Errorf("task %d of job %s: %w", c.first, c.id, err)
	}
	return found.Chunk, nil
}
