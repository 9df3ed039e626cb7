package simulation

import (
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// at returns the part with the result of the task at a position of its chunk.
func (p part) at(position uint32) part {
	p.position = position
	return p
}

// leaves returns the results of the tasks that the node executes: those of its samples, or of
// the first count tasks.
func (p part) leaves(chain string, count uint64) []types.Subtree {
	positions := p.samples
	if len(positions) == 0 {
		for position := range count {
			positions = append(positions, uint32(position))
		}
	}
	leaves := make([]types.Subtree, len(positions))
	for i, position := range positions {
		task := p.at(position)
		leaves[i] = types.Subtree{Hash: task.tag(chain), Fuel: task.metrics().Fuel}
	}
	return leaves
}

// commits returns the number of tasks to which the node commits: one in four leaves half of a
// chunk to others, if no other replica executes it too and several auditors cannot cost more
// than the pay of that half.
func (p part) commits() uint64 {
	if p.alone && len(p.samples) == 0 && p.auditors <= 1 && digestOf("yields "+p.Operator, p.ref.JobId, p.ref.Task)[0]%4 == 0 {
		return (p.count + 1) / 2
	}
	return p.count
}

// failed returns the number of failed tasks that the node states: that of a chunk of several
// tasks under a quorum. A node in four that lies about the chunk also hides its failures.
func (p part) failed() (failed uint32) {
	if p.count == 1 || !p.counts || p.ref.Round > 0 || len(p.samples) > 0 ||
		p.conduct() == lying && digestOf("hides failures of "+p.Operator, p.ref.JobId, p.ref.Task)[0]%4 == 0 {
		return 0
	}
	for position := range uint32(p.count) {
		if p.at(position).exitCode() != 0 {
			failed++
		}
	}
	return failed
}

// commitment returns the item that commits the node to its result.
func (p part) commitment(chain string, operator sdk.AccAddress) types.CommitItem {
	count := p.commits()
	root, stated := types.ChunkRoot(p.leaves(chain, count)), p.failed()
	if count == 1 { // one task has an exit code
		stated = p.exitCode()
	}
	item := types.CommitItem{Ref: p.ref, Commitment: types.Commitment(operator, root.Hash, stated, p.salt())}
	if p.count > 1 {
		item.Fuel = root.Fuel
	}
	if count < p.count {
		item.Tasks = count
	}
	return item
}

// revealed returns the item that reveals the node's result. Of a chunk of several tasks, it
// shows the results that auditors check.
func (p part) revealed(chain string) types.RevealItem {
	leaves := p.leaves(chain, p.count)
	root := types.ChunkRoot(leaves)
	item := types.RevealItem{Ref: p.ref, Tag: root.Hash, Salt: p.salt(), Metrics: types.Metrics{Fuel: root.Fuel}, FailedTasks: p.failed()}
	switch {
	case p.count == 1:
		item.ExitCode = p.exitCode()
	case len(p.samples) > 0:
		item.Leaves = leaves
	case len(p.shows) > 0:
		for _, position := range p.shows {
			item.Leaves = append(item.Leaves, leaves[position])
		}
		item.Siblings = types.ChunkSiblings(leaves, p.shows)
	}
	return item
}

// shownWhole returns the item that shows the results of all tasks of a chunk.
func (p part) shownWhole(chain string) types.RevealItem {
	leaves := p.leaves(chain, p.count)
	return types.RevealItem{Ref: p.ref, Tag: types.ChunkRoot(leaves).Hash, Salt: p.salt(), Leaves: leaves}
}

// provenLeaf returns the leaf and the siblings of a task of an accepted chunk, as one of the
// nodes that agreed on it has stated them.
func provenLeaf(chain string, r types.Receipt, position uint32) (*types.Subtree, []types.Subtree) {
	p := part{
		Assignment: types.Assignment{Operator: r.Agreed()[0]}, ref: types.ChunkRef{JobId: r.JobId, Task: r.Task},
		origin: types.ChallengedTask{JobId: r.JobId, Task: r.Task}, keys: [][]byte{r.TraceKey}, count: r.Count,
	}
	leaves := p.leaves(chain, r.Count)
	return &leaves[position], types.ChunkSiblings(leaves, []uint32{position})
}

// proofOf returns the proof of the receipt at an index of those of an array, which are in the
// order of its tree.
func proofOf(receipts []types.Receipt, index int) (*types.ReceiptProof, error) {
	leaves := make([][]byte, len(receipts))
	for i, r := range receipts {
		leaf, err := types.ReceiptLeaf(r)
		if err != nil {
			return nil, err
		}
		leaves[i] = leaf
	}
	return &types.ReceiptProof{
		Receipt: receipts[index], Index: uint64(index), Path: types.FrontierPath(leaves, uint64(index)),
	}, nil
}

// openings returns the items that open the results at these positions.
func (p part) openings(positions []uint32) []types.OpenItem {
	items := make([]types.OpenItem, len(positions))
	for i, position := range positions {
		items[i] = types.NewOpenItem(p.ref, p.at(position).shown())
	}
	return items
}
