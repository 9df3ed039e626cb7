package types_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/x/compute/types"
)

const mostFuel = 1_000

// leavesOf returns the results of a chunk of n tasks, which differ.
func leavesOf(t *rapid.T, n int) []types.Subtree {
	leaves := make([]types.Subtree, n)
	for i := range leaves {
		leaves[i] = types.Subtree{Hash: bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 16), Fuel: rapid.Uint64Range(0, mostFuel).Draw(t, "fuel")}
	}
	return leaves
}

func positionsOf(t *rapid.T, n int) []uint32 {
	drawn := rapid.SliceOfNDistinct(rapid.Uint32Range(0, uint32(n-1)), 1, min(n, 8), rapid.ID[uint32]).Draw(t, "positions")
	slices.Sort(drawn)
	return drawn
}

func pick(leaves []types.Subtree, positions []uint32) []types.Subtree {
	var out []types.Subtree
	for _, p := range positions {
		out = append(out, leaves[p])
	}
	return out
}

// Nodes and clients by other authors have to reproduce this root.
func TestTheRootOfAChunkHashesItsFuel(t *testing.T) {
	of := func(b byte) []byte { return bytes.Repeat([]byte{b}, types.HashSize) }
	leaves := []types.Subtree{{Hash: of(1), Fuel: 10}, {Hash: of(2), Fuel: 20}, {Hash: of(3), Fuel: 5}}
	root := types.ChunkRoot(leaves)
	require.EqualValues(t, 35, root.Fuel)
	require.Equal(t, "42f520f197a254547ba53abb0419837d568952a1266e57b87fe1963b6ce04528", hex.EncodeToString(root.Hash))
	require.Equal(t, leaves[0], types.ChunkRoot(leaves[:1]), "the result of a chunk of one task is the result of the task")
}

// TestATreeOverFewerTasksCannotShowAllOfThem: the subtrees that a node shows do not say how
// many tasks they contain. A node that has left a task out cannot show every position.
func TestATreeOverFewerTasksCannotShowAllOfThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "tasks")
		fewer := leavesOf(t, n-1)
		root := types.ChunkRoot(fewer)
		shows := func(position int) bool {
			for at := range fewer { // whichever leaf it passes off as that of the position
				p := []uint32{uint32(at)}
				found, err := types.ProvenChunk(uint64(n), []uint32{uint32(position)}, pick(fewer, p), types.ChunkSiblings(fewer, p), mostFuel)
				if err == nil && bytes.Equal(found.Hash, root.Hash) {
					return true
				}
			}
			return false
		}
		shown := 0
		for position := range n {
			if shows(position) {
				shown++
			}
		}
		require.Less(t, shown, n)
	})
}

func TestSampledLeavesProveTheRootAndNothingElseDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 70).Draw(t, "tasks")
		leaves, positions := leavesOf(t, n), positionsOf(t, n)
		shown, siblings := pick(leaves, positions), types.ChunkSiblings(leaves, positions)
		root, err := types.ProvenChunk(uint64(n), positions, shown, siblings, mostFuel)
		require.NoError(t, err)
		require.Equal(t, types.ChunkRoot(leaves), root)
		// refused is what every false proof must be: an error, or another root.
		refused := func(what string, count int, leaves, siblings []types.Subtree) {
			found, err := types.ProvenChunk(uint64(count), positions, leaves, siblings, mostFuel)
			if err != nil {
				require.ErrorIs(t, err, types.ErrRevealMismatch, what)
				return
			}
			require.NotEqual(t, root, found, what)
		}
		i := rapid.IntRange(0, len(shown)-1).Draw(t, "changed")
		lie := slices.Clone(shown)
		lie[i] = types.Subtree{Hash: bytes.Repeat([]byte{0xff}, types.HashSize), Fuel: shown[i].Fuel}
		refused("another tag", n, lie, siblings)
		lie[i] = types.Subtree{Hash: shown[i].Hash, Fuel: shown[i].Fuel + 1}
		refused("other fuel", n, lie, siblings)
		refused("a leaf too few", n, shown[1:], siblings)
		refused("a sibling too many", n, shown, append(slices.Clone(siblings), root))
		if len(siblings) > 0 {
			refused("a sibling too few", n, shown, siblings[1:])
			moved := slices.Clone(siblings)
			j := rapid.IntRange(0, len(moved)-1).Draw(t, "sibling")
			moved[j].Fuel = mostFuel*uint64(n) + 1
			refused("more fuel than the tasks may use", n, shown, moved)
			moved[j] = types.Subtree{Hash: moved[j].Hash[:31], Fuel: siblings[j].Fuel}
			refused("a short hash", n, shown, moved)
		}
		if len(shown) > 1 {
			swapped := slices.Clone(shown)
			swapped[0], swapped[1] = swapped[1], swapped[0]
			refused("leaves in another order", n, swapped, siblings)
		}
		refused("a task that is not there", n, append(slices.Clone(shown), root), siblings)
	})
}
