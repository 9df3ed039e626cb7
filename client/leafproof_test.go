package client

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client/proven"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestTheResultOfEachTaskIsProvenUnderItsChunksRoot(t *testing.T) {
	node, c, state, _ := chunkedArray(t, nil)
	_, receipt := node.deliver(0, 4, 12)
	dir := t.TempDir()
	_, _, err := follow(t, c, state, dir)
	require.NoError(t, err)
	for task := range uint64(4) {
		proof, err := ProveTask(testChain, &receipt, dir, task)
		require.NoError(t, err)
		require.NoError(t, proof.Verify(testChain, &receipt))
		for name, change := range map[string]func(*LeafProof){
			"another result":    func(p *LeafProof) { p.Leaf.Result[0]++ },
			"another exit code": func(p *LeafProof) { p.Leaf.ExitCode++ },
			"other fuel":        func(p *LeafProof) { p.Leaf.Fuel++ },
			"another trace":     func(p *LeafProof) { p.Leaf.Trace[0]++ },
			"another task":      func(p *LeafProof) { p.Task, p.Position = p.Task^1, p.Position^1 },
			"another position":  func(p *LeafProof) { p.Position ^= 1 },
			"a shorter path":    func(p *LeafProof) { p.Siblings = p.Siblings[1:] },
			"a longer path":     func(p *LeafProof) { p.Siblings = append(p.Siblings, p.Siblings[0]) },
			"another path": func(p *LeafProof) {
				p.Siblings = append([]computetypes.Subtree{{Hash: bytes.Repeat([]byte{1}, 32), Fuel: p.Siblings[0].Fuel}}, p.Siblings[1:]...)
			},
			"a path with other fuel": func(p *LeafProof) {
				p.Siblings = append([]computetypes.Subtree{{Hash: p.Siblings[0].Hash, Fuel: p.Siblings[0].Fuel - 1}}, p.Siblings[1:]...)
			},
		} {
			lie := *proof
			change(&lie)
			require.ErrorIs(t, lie.Verify(testChain, &receipt), proven.ErrProof, "task %d: %s", task, name)
		}
		require.ErrorIs(t, proof.Verify("another-chain", &receipt), proven.ErrProof)
	}
	_, err = ProveTask(testChain, &receipt, dir, 4)
	require.ErrorContains(t, err, "expected the receipt of a chunk of several tasks with task 4")
	other := receipt
	other.Fuel++
	_, err = ProveTask(testChain, &other, dir, 1)
	require.ErrorIs(t, err, ErrMismatch)
}
