package types_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/cometbft/cometbft/crypto/merkle"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// contents returns n different leaf contents and their hashes.
func contents(n int) (raw, leaves [][]byte) {
	for i := range n {
		raw = append(raw, fmt.Appendf(nil, "content %d", i))
		leaves = append(leaves, types.LeafHash(raw[i]))
	}
	return raw, leaves
}

func TestGrownTreesHaveTheRootThatCometBFTComputes(t *testing.T) {
	for n := range 70 {
		raw, leaves := contents(n)
		want := merkle.HashFromByteSlices(raw)
		require.Equal(t, want, types.MerkleRoot(leaves), "%d leaves", n)
	}
}

func TestPathsProveExactlyTheirLeaf(t *testing.T) {
	for n := 1; n < 40; n++ {
		raw, leaves := contents(n)
		root, proofs := merkle.ProofsFromByteSlices(raw)
		for i := range n {
			path := types.MerklePath(leaves, uint64(i))
			require.True(t, slices.EqualFunc(proofs[i].Aunts, path, bytes.Equal), "leaf %d of %d", i, n)
			size, index := uint64(n), uint64(i)
			require.True(t, types.VerifyMerklePath(root, size, index, leaves[i], path), "leaf %d of %d", i, n)
			for other := range uint64(n + 1) {
				if other != index {
					require.False(t, types.VerifyMerklePath(root, size, other, leaves[i], path), "leaf %d as %d of %d", i, other, n)
				}
			}
			require.False(t, types.VerifyMerklePath(root, size, index, types.LeafHash([]byte("other")), path))
			require.False(t, types.VerifyMerklePath(root, size, index, leaves[i], append(path, root)), "a longer path")
			if len(path) > 0 {
				require.False(t, types.VerifyMerklePath(root, size, index, leaves[i], path[1:]), "a shorter path")
			}
		}
	}
}

func TestFrontierPathsProveExactlyTheirLeafAndStayGoodWhileTheirSubtreeStands(t *testing.T) {
	_, all := contents(40)
	var frontier [][]byte
	for n := uint64(1); n < 40; n++ {
		frontier = types.AppendLeaf(frontier, n-1, all[n-1])
		leaves := all[:n]
		for i := range n {
			path := types.FrontierPath(leaves, i)
			require.True(t, types.VerifyFrontierPath(frontier, n, i, leaves[i], path), "leaf %d of %d", i, n)
			for other := range n + 1 {
				if other != i {
					require.False(t, types.VerifyFrontierPath(frontier, n, other, leaves[i], path), "leaf %d as %d of %d", i, other, n)
				}
			}
			require.False(t, types.VerifyFrontierPath(frontier, n, i, all[39], path), "another leaf")
			require.False(t, types.VerifyFrontierPath(frontier, n, i, leaves[i], append(slices.Clone(path), leaves[0])), "a longer path")
			require.False(t, types.VerifyFrontierPath(nil, n, i, leaves[i], path), "no frontier")
		}
	}
	require.False(t, types.VerifyFrontierPath(nil, 0, 0, all[0], nil), "an empty tree")
	require.Equal(t, types.FrontierPath(all[:32], 5), types.FrontierPath(all[:39], 5), "what came later changes nothing")
}
