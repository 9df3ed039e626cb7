package client

import (
	"bytes"
	"fmt"
	"math"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/client/proven"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// LeafProof proves the result of one task of a chunk under the root in the chunk's receipt.
// To check it, a program needs neither the chunk's other results nor a node.
type LeafProof struct {
	// Task is the task's number in its job, and Position that in its chunk, from 0.
	Task     uint64
	Position uint32
	// Leaf is the result.
	Leaf blob.Leaf
	// Siblings are the other subtrees that make up the chunk's tree, from left to right.
	Siblings []computetypes.Subtree
}

// ProveTask proves the result of a task with the saved index of its chunk. dir is the folder
// of the array.
func ProveTask(chainID string, receipt *computetypes.Receipt, dir string, task uint64) (*LeafProof, error) {
	if !receipt.Covers(task) || receipt.Tasks() == 1 {
		return nil, fmt.Errorf("expected the receipt of a chunk of several tasks with task %d, found that of %d from task %d on", task, receipt.Tasks(), receipt.Task)
	}
	index, err := readIndex(chainID, receipt, dir)
	if err != nil {
		return nil, err
	}
	position := uint32(task - receipt.Task) //nolint:gosec // bounded by the index
	return &LeafProof{
		Task: task, Position: position, Leaf: index.Leaves[position],
		Siblings: computetypes.ChunkSiblings(subtreesOf(chainID, index, receipt), []uint32{position}),
	}, nil
}

// Verify checks the proof against a receipt. The error wraps proven.ErrProof.
func (p *LeafProof) Verify(chainID string, receipt *computetypes.Receipt) error {
	if len(receipt.Tags) == 0 || p.Task != receipt.Task+uint64(p.Position) || !receipt.Covers(p.Task) {
		return fmt.Errorf("%w: it is not for a task of the receipt of tasks %d to %d of job %s", proven.ErrProof, receipt.Task, receipt.Task+receipt.Tasks()-1, receipt.JobId)
	}
	leaf := leafOf(chainID, receipt, p.Task, &p.Leaf)
	root, err := computetypes.ProvenChunk(receipt.Tasks(), []uint32{p.Position}, []computetypes.Subtree{leaf}, p.Siblings, math.MaxUint64)
	if err != nil {
		return fmt.Errorf("%w: %w", proven.ErrProof, err)
	}
	if root.Fuel != receipt.Fuel || !bytes.Equal(root.Hash, receipt.Tags[0]) {
		return fmt.Errorf("%w: the result of task %d and its path give the root %x, the receipt has %x", proven.ErrProof, p.Task, root.Hash, receipt.Tags[0])
	}
	return nil
}

// leafOf returns the leaf of a task's result in the tree of its chunk.
func leafOf(chainID string, receipt *computetypes.Receipt, task uint64, leaf *blob.Leaf) computetypes.Subtree {
	return computetypes.Subtree{Fuel: leaf.Fuel, Hash: computetypes.Tag(chainID, receipt.JobId, task, computetypes.Opening{
		Digest: leaf.Result[:], Fuel: leaf.Fuel, ExitCode: leaf.ExitCode, Trace: leaf.Trace[:],
	})}
}

// subtreesOf returns the leaves of the tree of a chunk, from its index.
func subtreesOf(chainID string, index blob.Index, receipt *computetypes.Receipt) []computetypes.Subtree {
	leaves := make([]computetypes.Subtree, len(index.Leaves))
	for i := range index.Leaves {
		leaves[i] = leafOf(chainID, receipt, receipt.Task+uint64(i), &index.Leaves[i]) //nolint:gosec // not negative
	}
	return leaves
}
