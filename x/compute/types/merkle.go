package types

import (
	"bytes"
	"crypto/sha256"
)

// Trees of receipts and of array inputs are the Merkle trees of RFC 6962 with SHA-256: a leaf
// is H(0x00 | content), an inner node is H(0x01 | left | right), and the size of the left
// part of a tree is the largest power of two below the size of the tree.

// LeafHash returns the hash of a leaf with the given content, 32 bytes.
func LeafHash(content []byte) []byte {
	sum := sha256.Sum256(append([]byte{0}, content...))
	return sum[:]
}

func innerHash(left, right []byte) []byte {
	sum := sha256.Sum256(append(append([]byte{1}, left...), right...))
	return sum[:]
}

// AppendLeaf returns the frontier of a tree after a leaf was added. A frontier consists of
// the roots of the complete subtrees, largest first; it suffices to extend the tree and to
// compute its root. size is the number of leaves before the addition.
func AppendLeaf(frontier [][]byte, size uint64, leaf []byte) [][]byte {
	node := leaf
	for ; size&1 == 1; size >>= 1 {
		last := len(frontier) - 1
		node = innerHash(frontier[last], node)
		frontier = frontier[:last]
	}
	return append(frontier, node)
}

// FrontierRoot returns the root of the tree with a frontier, 32 bytes. The root of a tree
// without leaves is the hash of an empty text.
func FrontierRoot(frontier [][]byte) []byte {
	if len(frontier) == 0 {
		sum := sha256.Sum256(nil)
		return sum[:]
	}
	root := frontier[len(frontier)-1]
	for i := len(frontier) - 2; i >= 0; i-- {
		root = innerHash(frontier[i], root)
	}
	return root
}

// MerkleRoot returns the root of the tree over leaf hashes.
func MerkleRoot(leaves [][]byte) []byte {
	var frontier [][]byte
	for i, leaf := range leaves {
		frontier = AppendLeaf(frontier, uint64(i), leaf)
	}
	return FrontierRoot(frontier)
}

// MerklePath returns the sibling hashes, from the leaf up, that prove the leaf at index under
// the root of the tree over leaf hashes. index must be below the number of leaves.
func MerklePath(leaves [][]byte, index uint64) [][]byte {
	if len(leaves) <= 1 {
		return nil
	}
	split := uint64(1)
	for split*2 < uint64(len(leaves)) {
		split *= 2
	}
	if index < split {
		return append(MerklePath(leaves[:split], index), MerkleRoot(leaves[split:]))
	}
	return append(MerklePath(leaves[split:], index-split), MerkleRoot(leaves[:split]))
}

// VerifyMerklePath reports whether a leaf hash is at index of the tree with the given number
// of leaves and root.
func VerifyMerklePath(root []byte, size, index uint64, leaf []byte, path [][]byte) bool {
	if index >= size {
		return false
	}
	node, last := leaf, size-1
	for _, sibling := range path {
		if last == 0 || len(sibling) != HashSize {
			return false
		}
		if index&1 == 1 || index == last {
			node = innerHash(sibling, node)
			for index&1 == 0 && index != 0 {
				index >>= 1
				last >>= 1
			}
		} else {
			node = innerHash(node, sibling)
		}
		index >>= 1
		last >>= 1
	}
	return last == 0 && bytes.Equal(node, root)
}

// ReceiptLeaf returns the leaf that represents a receipt in an array's tree: the hash of its
// encoding.
func ReceiptLeaf(r Receipt) ([]byte, error) {
	bz, err := r.Marshal()
	if err != nil {
		return nil, err
	}
	return LeafHash(bz), nil
}

// InputLeaf returns the leaf of an ArrayInput's tree: the hash of the content's SHA-256 and
// of its size in bytes, as 8 bytes, big endian.
func InputLeaf(sha256 []byte, size uint64) []byte {
	return LeafHash(append(bytes.Clone(sha256), uint64Bytes(size)...))
}
