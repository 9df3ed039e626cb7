package bench

import (
	"fmt"
	"slices"

	abci "github.com/cometbft/cometbft/abci/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// chunksPerJob is the number of chunks that an array opens before a node has taken one.
	chunksPerJob = 4
	// maxWaiting is more blocks than any stage of a chunk's life waits.
	maxWaiting = 20
	// chunkGas is the gas limit of a transaction with batchItems items about chunks.
	chunkGas = 100_000_000
)

// Stages of the life of an audited chunk.
const (
	stagePost        = "post"
	stageDraw        = "draw"
	stageClaim       = "claim"
	stageAssign      = "assign"
	stageCommit      = "commit"
	stageAudit       = "audit"
	stageAuditClaim  = "audit claim"
	stageAuditAssign = "audit assign"
	stageAuditCommit = "audit commit"
	stageReveal      = "reveal"
	stageSettle      = "settle"
)

// stages returns the stages in order. Only stagePost does not recur in each chunk of a job.
func stages() []string {
	return []string{
		stagePost, stageDraw, stageClaim, stageAssign, stageCommit,
		stageAudit, stageAuditClaim, stageAuditAssign, stageAuditCommit, stageReveal, stageSettle,
	}
}

// generation takes chunks through their life. All of them are at the same stage, each stage
// has blocks of its own, and so the costs of a stage can be told from those of others.
type generation struct {
	*world
	flow   Flow
	leaves []computetypes.Subtree
	root   computetypes.Subtree
	chunks []*chunk
	costs  map[string]step
	// shown is called with the response to each block, if it is set.
	shown func(*abci.ResponseFinalizeBlock) error
}

func (w *world) newGeneration(f Flow) *generation {
	leaves := chunkLeaves(f.Chunk)
	return &generation{
		world: w, flow: f, leaves: leaves, root: computetypes.ChunkRoot(leaves), costs: make(map[string]step),
	}
}

// at runs a part of a stage and adds its costs, whatever number of blocks it takes.
func (g *generation) at(stage string, run func() (cost, int64, error)) error {
	ops, height := g.store.ops(), g.height
	spent, gas, err := run()
	if err != nil {
		return fmt.Errorf("%s, %s: %w", g.flow.Name, stage, err)
	}
	g.costs[stage] = g.costs[stage].add(step{
		spent: spent, gas: gas, ops: opsSince(ops, g.store.ops()), blocks: g.height - height,
	})
	return nil
}

// run runs transactions, which all have to succeed, as a block of a stage.
func (g *generation) run(stage string, txs [][]byte) error {
	return g.at(stage, func() (cost, int64, error) {
		response, spent, err := g.profiled(txs)
		if err != nil {
			return cost{}, 0, err
		}
		gas := int64(0)
		for i, result := range response.TxResults {
			if result.Code != 0 {
				return cost{}, 0, fmt.Errorf("tx %d of %d in block %d failed: %s", i, len(txs), g.height, result.Log)
			}
			gas += result.GasUsed
		}
		if g.shown != nil {
			err = g.shown(response)
		}
		return spent, gas, err
	})
}

// until runs empty blocks until all chunks have reached a state.
func (g *generation) until(stage, what string, reached func(computetypes.Round) bool) error {
	for range maxWaiting {
		if err := g.run(stage, nil); err != nil {
			return err
		}
		all := true
		for _, c := range g.chunks {
			record, err := g.chunkRecord(c)
			if err != nil {
				return err
			}
			if !reached(record.Rounds[0]) {
				all = false
				break
			}
		}
		if all {
			return nil
		}
	}
	return fmt.Errorf("%s: expected all %d chunks to have %s within %d blocks", stage, len(g.chunks), what, maxWaiting)
}

// play takes the chunks from their first draw to their receipts.
func (g *generation) play() error {
	for _, part := range []func() error{g.execute, g.audit, g.settle} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// execute takes the chunks up to the commitments of their replicas.
func (g *generation) execute() error {
	err := g.draw(stageDraw, stageClaim, func(c *chunk, n *node) { c.executor = n })
	if err != nil {
		return err
	}
	if err := g.until(stageAssign, "a replica", func(r computetypes.Round) bool { return len(r.Replicas) == 1 }); err != nil {
		return err
	}
	return g.commit(stageCommit, func(c *chunk) (*node, computetypes.Subtree) { return c.executor, g.root })
}

// audit takes the chunks from the decision that they are audited up to the commitments of
// their auditors.
func (g *generation) audit() error {
	committed := g.height
	if err := g.seed(stageAudit, []int64{committed}); err != nil {
		return err
	}
	if err := g.until(stageAudit, "called auditors", func(r computetypes.Round) bool { return r.Auditors == 1 && r.Draw != nil }); err != nil {
		return err
	}
	for _, c := range g.chunks {
		record, err := g.chunkRecord(c)
		if err != nil {
			return err
		}
		c.samples = record.Rounds[0].Samples
	}
	if err := g.draw(stageAudit, stageAuditClaim, func(c *chunk, n *node) { c.auditor = n }); err != nil {
		return err
	}
	if err := g.until(stageAuditAssign, "an auditor", func(r computetypes.Round) bool { return len(r.Replicas) == 2 }); err != nil {
		return err
	}
	return g.commit(stageAuditCommit, func(c *chunk) (*node, computetypes.Subtree) {
		return c.auditor, computetypes.ChunkRoot(sampled(g.leaves, c.samples))
	})
}

// settle reveals what the replicas have committed to, and then what the auditors have, which
// settles the chunks.
func (g *generation) settle() error {
	if err := g.reveal(stageReveal, func(c *chunk) (*node, computetypes.RevealItem) {
		siblings := computetypes.ChunkSiblings(g.leaves, c.samples)
		return c.executor, c.revealItem(c.executor, g.root, sampled(g.leaves, c.samples), siblings)
	}); err != nil {
		return err
	}
	return g.reveal(stageSettle, func(c *chunk) (*node, computetypes.RevealItem) {
		own := sampled(g.leaves, c.samples)
		return c.auditor, c.revealItem(c.auditor, computetypes.ChunkRoot(own), own, nil)
	})
}

// seed runs the blocks that pin and contain the seeds of heights.
func (g *generation) seed(stage string, heights []int64) error {
	return g.at(stage, func() (cost, int64, error) {
		_, spent, err := g.seeds(heights)
		return spent, 0, err
	})
}

// draw brings the seeds of the chunks' current draws, and lets nodes claim. won is called
// with the node that each draw will keep.
func (g *generation) draw(stage, claim string, won func(*chunk, *node)) error {
	heights := make([]int64, len(g.chunks))
	for i, c := range g.chunks {
		record, err := g.chunkRecord(c)
		if err != nil {
			return err
		}
		if record.Rounds[0].Draw == nil {
			return fmt.Errorf("%s: expected task %d of job %s to draw, found %v", stage, c.first, c.id, record)
		}
		heights[i] = record.Rounds[0].Draw.SeedHeight
	}
	var seeds map[int64][]byte
	if err := g.at(stage, func() (spent cost, gas int64, err error) {
		seeds, spent, err = g.seeds(slices.Compact(slices.Sorted(slices.Values(heights))))
		return spent, 0, err
	}); err != nil {
		return err
	}
	claims := make(map[*node][]computetypes.ChunkRef)
	for i, c := range g.chunks {
		all, winner, err := c.claimers(g.people, g.flow, g.factor, seeds[heights[i]])
		if err != nil {
			return err
		}
		won(c, winner)
		for _, n := range all {
			claims[n] = append(claims[n], c.ref())
		}
	}
	return send(g, claim, claims, func(n *node, items []computetypes.ChunkRef) sdk.Msg {
		return &computetypes.MsgClaim{Worker: n.text, Items: items}
	})
}

// commit runs a block with the commitments to the results that of returns.
func (g *generation) commit(stage string, of func(*chunk) (*node, computetypes.Subtree)) error {
	items := make(map[*node][]computetypes.CommitItem)
	for _, c := range g.chunks {
		n, root := of(c)
		items[n] = append(items[n], c.commitItem(n, root))
	}
	return send(g, stage, items, func(n *node, items []computetypes.CommitItem) sdk.Msg {
		return &computetypes.MsgCommit{Worker: n.text, Items: items}
	})
}

// reveal runs a block with the reveals that of returns.
func (g *generation) reveal(stage string, of func(*chunk) (*node, computetypes.RevealItem)) error {
	items := make(map[*node][]computetypes.RevealItem)
	for _, c := range g.chunks {
		n, item := of(c)
		items[n] = append(items[n], item)
	}
	return send(g, stage, items, func(n *node, items []computetypes.RevealItem) sdk.Msg {
		return &computetypes.MsgReveal{Worker: n.text, Items: items}
	})
}

// send runs a block with the messages about the items of each node of the class.
func send[T any](g *generation, stage string, items map[*node][]T, msg func(n *node, items []T) sdk.Msg) error {
	txs, err := batches(g.people.members(g.flow.Class), items, msg)
	if err != nil {
		return err
	}
	return g.run(stage, txs)
}
