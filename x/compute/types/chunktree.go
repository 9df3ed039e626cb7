package types

import "math/bits"

// The result of a chunk is the root of a tree over the results of its tasks, in their order.
// The tree has the shape of RFC 6962: the left part of a subtree is the largest power of two
// of tasks below its size. A leaf is the tag of a task's result with the fuel that the task
// used. An inner vertex hashes both of its subtrees with their fuel, so that a root fixes the
// fuel of the whole chunk: no node can state less fuel for the chunk, or more, without a false
// leaf. The tree of a chunk of one task is its leaf.

const chunkDomain = "theta/compute/chunk/1"

// MaxChunkTasks is the largest number of tasks of a chunk.
const MaxChunkTasks = 4096

// join returns the subtree that consists of two others.
func join(left, right Subtree) Subtree {
	return Subtree{
		Hash: hash(chunkDomain, left.Hash, uint64Bytes(left.Fuel), right.Hash, uint64Bytes(right.Fuel)),
		Fuel: left.Fuel + right.Fuel,
	}
}

// leftPart returns the number of tasks in the left part of a subtree of n tasks, n > 1.
func leftPart(n uint64) uint64 { return 1 << (bits.Len64(n-1) - 1) }

// ChunkRoot returns the root of the tree over at least one leaf.
func ChunkRoot(leaves []Subtree) Subtree {
	if len(leaves) == 1 {
		return leaves[0]
	}
	left := leftPart(uint64(len(leaves)))
	return join(ChunkRoot(leaves[:left]), ChunkRoot(leaves[left:]))
}

// ChunkSiblings returns the subtrees that, with the leaves at the positions, make up the tree
// over all leaves, from left to right. The positions are in ascending order.
func ChunkSiblings(leaves []Subtree, positions []uint32) []Subtree {
	switch {
	case len(positions) == 0:
		return []Subtree{ChunkRoot(leaves)}
	case len(leaves) == 1:
		return nil
	}
	left := leftPart(uint64(len(leaves)))
	first, second := splitPositions(positions, left)
	return append(ChunkSiblings(leaves[:left], first), ChunkSiblings(leaves[left:], second)...)
}

// splitPositions returns the positions in the left part of a tree, and those in the right
// part, counted from its start.
func splitPositions(positions []uint32, left uint64) (first, second []uint32) {
	for _, p := range positions {
		if uint64(p) < left {
			first = append(first, p)
		} else {
			second = append(second, p-uint32(left))
		}
	}
	return first, second
}

// chunkProof is the part of a proof that has not been used yet.
type chunkProof struct {
	leaves, siblings []Subtree
	// most is the fuel that one task may use.
	most uint64
}

// ProvenChunk returns the root of the tree of count tasks that leaves at the positions and
// siblings make up. Positions are in ascending order and below count. ProvenChunk returns
// ErrRevealMismatch if there are too few or too many subtrees, if a hash has another length,
// or if a subtree contains more than most fuel per task.
func ProvenChunk(count uint64, positions []uint32, leaves, siblings []Subtree, most uint64) (Subtree, error) {
	if len(leaves) != len(positions) {
		return Subtree{}, ErrRevealMismatch.Wrapf("leaves: expected %d, one for each sample of the round, found %d", len(positions), len(leaves))
	}
	p := chunkProof{leaves: leaves, siblings: siblings, most: most}
	root, err := p.subtree(count, positions)
	if err != nil {
		return root, err
	}
	if n := len(p.siblings); n > 0 {
		return root, ErrRevealMismatch.Wrapf("siblings: expected %d, found %d", len(siblings)-n, len(siblings))
	}
	return root, nil
}

func (p *chunkProof) subtree(count uint64, positions []uint32) (Subtree, error) {
	switch {
	case len(positions) == 0:
		if len(p.siblings) == 0 {
			return Subtree{}, ErrRevealMismatch.Wrap("siblings: expected more: those of the tree's other parts, from left to right")
		}
		part := p.siblings[0]
		p.siblings = p.siblings[1:]
		return part, part.check(count, p.most)
	case count == 1:
		leaf := p.leaves[0]
		p.leaves = p.leaves[1:]
		return leaf, leaf.check(1, p.most)
	}
	left := leftPart(count)
	first, second := splitPositions(positions, left)
	a, err := p.subtree(left, first)
	if err != nil {
		return a, err
	}
	b, err := p.subtree(count-left, second)
	if err != nil {
		return b, err
	}
	return join(a, b), nil
}

// check returns ErrRevealMismatch if the hash has another length than a hash, or if the tasks
// of the subtree cannot have used its fuel.
func (s *Subtree) check(count, most uint64) error {
	if len(s.Hash) != HashSize {
		return ErrRevealMismatch.Wrapf("hash of a subtree: expected %d bytes, found %d", HashSize, len(s.Hash))
	}
	if high, limit := bits.Mul64(count, most); high == 0 && s.Fuel > limit {
		return ErrRevealMismatch.Wrapf("fuel of a subtree of %d tasks: expected at most %d, found %d", count, limit, s.Fuel)
	}
	return nil
}
