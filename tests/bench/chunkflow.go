package bench

import (
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// StageReport is what one stage costs for each chunk, without empty blocks.
type StageReport struct {
	Stage string `json:"stage"`
	// Ops reach the trees on disk.
	Ops Ops `json:"ops"`
	// Gas is that of the transactions. The ends of blocks have none.
	Gas float64 `json:"gas"`
	// CPUMS is the processor time in milliseconds.
	CPUMS Stat `json:"cpu_ms"`
}

// chunkCycles alternates blocks of sends with generations of chunks. It returns the costs of
// each cycle, and of each stage by cycle.
func (w *world) chunkCycles(scale Scale, f Flow) ([]cycle, []map[string]step, error) {
	var (
		cycles []cycle
		costs  []map[string]step
	)
	for range scale.Cycles {
		w.label = "send"
		c := cycle{sends: scale.Sends}
		var err error
		if c.spent, c.gas, err = w.sends(scale.Sends); err != nil {
			return nil, nil, err
		}
		w.label = f.Name
		g := w.newGeneration(f)
		if err := g.lives(scale.Jobs); err != nil {
			return nil, nil, err
		}
		for _, name := range stages() {
			c.settled = c.settled.add(g.costs[name])
		}
		c.settled.settled = len(g.chunks) * f.Chunk
		cycles, costs = append(cycles, c), append(costs, g.costs)
	}
	return cycles, costs, nil
}

// lives posts arrays of so many chunks together, takes them through their life and checks
// that all of their tasks were accepted.
func (g *generation) lives(chunks int) error {
	ids, err := g.post(chunks)
	if err != nil {
		return err
	}
	for _, id := range ids {
		for i := range chunksPerJob {
			g.chunks = append(g.chunks, &chunk{id: id, first: uint64(i * g.flow.Chunk), count: uint64(g.flow.Chunk)}) //nolint:gosec // small
		}
	}
	if err := g.play(); err != nil {
		return err
	}
	ctx, err := g.ctx()
	if err != nil {
		return err
	}
	for _, id := range ids {
		job, err := g.app.ComputeKeeper.Job(ctx, id)
		if err != nil {
			return err
		}
		if job.Status != computetypes.JOB_STATUS_COMPLETED || job.TasksAccepted != job.Tasks {
			return fmt.Errorf("%s: expected job %s completed, found it %s with %d of %d tasks accepted",
				g.flow.Name, id, job.Status, job.TasksAccepted, job.Tasks)
		}
	}
	return nil
}

// postsPerTx is the number of arrays that one requester posts: its money is enough for ten of
// the largest.
const postsPerTx = 10

// posts signs the transactions that post arrays of so many chunks together.
func (g *generation) posts(chunks int) ([][]byte, error) {
	var txs [][]byte
	for left := (chunks + chunksPerJob - 1) / chunksPerJob; left > 0; left -= postsPerTx {
		requester := g.people.person()
		var msgs []sdk.Msg
		for range min(left, postsPerTx) {
			msgs = append(msgs, &computetypes.MsgPostJob{Requester: requester.text, Spec: spec(g.flow, chunksPerJob*g.flow.Chunk)})
		}
		tx, err := requester.sign(chunkGas, msgs...)
		if err != nil {
			return nil, err
		}
		txs = append(txs, tx)
	}
	return txs, nil
}

// post posts arrays, and runs blocks until all their chunks are open.
func (g *generation) post(chunks int) ([]computetypes.JobID, error) {
	txs, err := g.posts(chunks)
	if err != nil {
		return nil, err
	}
	var ids []computetypes.JobID
	g.shown = func(response *abci.ResponseFinalizeBlock) (err error) {
		g.shown = nil
		ids, err = posted(response.TxResults)
		return err
	}
	if err := g.run(stagePost, txs); err != nil {
		return nil, err
	}
	for range maxWaiting {
		if err := g.run(stagePost, nil); err != nil {
			return nil, err
		}
		ctx, err := g.ctx()
		if err != nil {
			return nil, err
		}
		opened := 0
		for _, id := range ids {
			job, err := g.app.ComputeKeeper.Job(ctx, id)
			if err != nil {
				return nil, err
			}
			if job.TasksOpened == job.Tasks {
				opened++
			}
		}
		if opened == len(ids) {
			return ids, nil
		}
	}
	return nil, fmt.Errorf("%s: expected all chunks of %d jobs to be open within %d blocks", g.flow.Name, len(ids), maxWaiting)
}

// stageReports averages the costs of stages over cycles, for each chunk. idle are the
// operations of an empty block.
func stageReports(costs []map[string]step, chunks int, idle map[string]Ops) []StageReport {
	var out []StageReport
	for _, name := range stages() {
		report, took := StageReport{Stage: name}, make([]float64, 0, len(costs))
		n := float64(len(costs) * chunks)
		for _, cycle := range costs {
			s := cycle[name]
			for store, o := range s.ops {
				report.Ops.Reads += (o.Reads - float64(s.blocks)*idle[store].Reads) / n
				report.Ops.Writes += (o.Writes - float64(s.blocks)*idle[store].Writes) / n
			}
			report.Gas += float64(s.gas) / n
			took = append(took, milliseconds(s.spent.cpu)/float64(chunks))
		}
		report.CPUMS = newStat(took)
		out = append(out, report)
	}
	return out
}
