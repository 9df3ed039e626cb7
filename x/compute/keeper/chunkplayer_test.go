package keeper_test

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// chunkBehaviour is how a node treats a chunk of several tasks.
type chunkBehaviour struct {
	// skips reports whether the node makes up the result of a task instead of executing it.
	skips func(task uint64) bool
	// fuel is what it states for a result that it has made up; 0 for the true fuel.
	fuel uint64
	// first is the number of tasks to which it commits, 0 for all.
	first uint64
	// hides reports whether it does not show the results of all tasks when it has to.
	hides bool
	// notes are those of all nodes, or nil.
	notes *chunkNotes
}

// chunkNotes is what nodes have committed to, by job and first task of a chunk.
type chunkNotes struct {
	// left contains the chunks of which the replica has left a rest to others.
	left map[string]bool
	// fuel is the least fuel that a replica has stated.
	fuel map[string]uint64
}

func newChunkNotes() *chunkNotes {
	return &chunkNotes{left: map[string]bool{}, fuel: map[string]uint64{}}
}

// add notes what a replica has committed to.
func (c *chunkNotes) add(item types.CommitItem) {
	if c == nil {
		return
	}
	key := chunkKey(item.Ref.JobId, item.Ref.Task)
	c.left[key] = item.Tasks > 0
	if least, found := c.fuel[key]; !found || item.Fuel < least {
		c.fuel[key] = item.Fuel
	}
}

// chunkKey names a chunk of a job by its first task.
func chunkKey(job string, first uint64) string { return fmt.Sprintf("%s/%d", job, first) }

// taskFuel is the fuel that a task of a chunk uses: one in eight uses all that it may.
func taskFuel(task uint64) uint64 {
	if task%8 == 3 {
		return 1_000_000
	}
	return 900_000
}

// result returns the opening of a task of a chunk as the player states it.
func (p player) result(ref types.ChunkRef, position uint32) types.Opening {
	shown := p.states(ref, ref.JobId, ref.Task+uint64(position), ref.Round > 0)
	shown.Position = position
	return shown
}

// states returns what the player states in a round for a task of a chunk of a job.
func (p player) states(ref types.ChunkRef, job string, task uint64, proves bool) types.Opening {
	digest, fuel := sum("result of", job, task), taskFuel(task)
	if p.does == gives {
		digest = sum("no outputs", task)
	}
	if p.chunk.skips != nil && p.chunk.skips(task) {
		digest = sum("made up", task)
		if p.does != colluder {
			digest = sum("made up by", p.n, task)
		}
		if p.chunk.fuel > 0 {
			fuel = p.chunk.fuel
		}
	}
	shown := shownAs(ref, digest, proves)
	shown.Fuel, shown.ExitCode = fuel, p.exitOf(task)
	return shown
}

// leaves returns the results of the tasks that the player executes: all tasks of a first
// round's chunk, or the samples.
func (p player) leaves(item types.WorkItem, count uint64) []types.Subtree {
	positions := item.Samples
	if len(positions) == 0 {
		for position := range count {
			positions = append(positions, uint32(position))
		}
	}
	leaves := make([]types.Subtree, len(positions))
	for i, position := range positions {
		shown := p.result(item.Ref, position)
		leaves[i] = types.Subtree{
			Hash: types.Tag(chainID, item.Ref.JobId, item.Ref.Task+uint64(position), shown), Fuel: shown.Fuel,
		}
	}
	return leaves
}

// failed returns how many tasks of a chunk have failed according to the player. Only the
// replicas of a quorum state it.
func (p player) failed(item types.WorkItem) (failed uint32) {
	if p.f.job(item.Ref.JobId).Policy.Kind != types.POLICY_KIND_QUORUM || item.Ref.Round > 0 || len(item.Samples) > 0 {
		return 0
	}
	for position := range uint32(item.Count) {
		if p.result(item.Ref, position).ExitCode != 0 {
			failed++
		}
	}
	return failed
}

func (p player) commitChunk(item types.WorkItem) types.CommitItem {
	count := item.Count
	if p.chunk.first > 0 && item.Ref.Round == 0 && len(item.Samples) == 0 && p.chunk.first < count {
		job, part := p.f.job(item.Ref.JobId), types.ChunkRoot(p.leaves(item, p.chunk.first))
		if job.Policy.Replicas == 1 && job.Policy.PaysAudit(p.chunk.first, job.Fuel, part.Fuel) {
			count = p.chunk.first
		}
	}
	if count == 1 { // what is left is an ordinary task
		return types.CommitItem{Ref: item.Ref, Commitment: p.commitment(item.Ref), Tasks: 1}
	}
	root := types.ChunkRoot(p.leaves(item, count))
	out := types.CommitItem{Ref: item.Ref, Commitment: types.Commitment(operator(p.n), root.Hash, p.failed(item), p.salt()), Fuel: root.Fuel}
	if count < item.Count {
		out.Tasks = count
	}
	return out
}

func (p player) revealChunk(item types.WorkItem) types.RevealItem {
	leaves := p.leaves(item, item.Count)
	root := types.ChunkRoot(leaves)
	out := types.RevealItem{Ref: item.Ref, Tag: root.Hash, Salt: p.salt(), Metrics: p.claims(root.Fuel)}
	out.FailedTasks = p.failed(item)
	switch {
	case len(item.Samples) > 0:
		out.Leaves = leaves
	case len(item.Shows) > 0:
		for _, position := range item.Shows {
			out.Leaves = append(out.Leaves, leaves[position])
		}
		out.Siblings = types.ChunkSiblings(leaves, item.Shows)
	}
	return out
}

// serveChunk does what a chunk of several tasks requires of the player, if its behaviour
// allows it.
func (p player) serveChunk(item types.WorkItem) {
	f, a, ref := p.f, item.Assignment, item.Ref
	switch a.Status {
	case types.ASSIGNMENT_STATUS_ASSIGNED:
		if p.does == stalls || p.does == yields || p.does == shirks {
			p.work(ref, a)
			return
		}
		commit := p.commitChunk(item)
		require.NoError(f.t, p.sendCommit(commit))
		if len(item.Samples) == 0 {
			p.chunk.notes.add(commit)
		}
	case types.ASSIGNMENT_STATUS_COMMITTED:
		if item.Phase == types.ROUND_PHASE_REVEAL && item.CurrentRound == ref.Round && p.does != silent {
			require.NoError(f.t, p.sendReveal(p.revealChunk(item)))
		}
	case types.ASSIGNMENT_STATUS_REVEALED:
		if item.MustShowAll {
			if !p.chunk.hides {
				leaves := p.leaves(item, item.Count)
				require.NoError(f.t, p.sendReveal(types.RevealItem{Ref: ref, Tag: types.ChunkRoot(leaves).Hash, Salt: p.salt(), Leaves: leaves}))
			}
			return
		}
		if !item.MustOpen || p.does == closed || p.does == closedLiar {
			return
		}
		var items []types.OpenItem
		for _, position := range item.Opens {
			items = append(items, types.NewOpenItem(ref, p.result(ref, position)))
		}
		_, err := f.msgs.Open(f.ctx, &types.MsgOpen{Worker: worker(p.n).String(), Items: items})
		require.NoError(f.t, err)
	}
}

func (p player) sendCommit(item types.CommitItem) error {
	_, err := p.f.msgs.Commit(p.f.ctx, &types.MsgCommit{Worker: worker(p.n).String(), Items: []types.CommitItem{item}})
	return err
}

func (p player) sendReveal(item types.RevealItem) error {
	_, err := p.f.msgs.Reveal(p.f.ctx, &types.MsgReveal{Worker: worker(p.n).String(), Items: []types.RevealItem{item}})
	return err
}

// judgedTask returns the task of a chunk of several tasks whose result a job judges, or nil for
// other jobs.
func (f *fixture) judgedTask(id string) *types.ChallengedTask {
	f.t.Helper()
	job := f.job(id)
	if job.Challenged == nil {
		return nil
	}
	for _, r := range f.receipts[job.Challenged.JobId] {
		if r.Covers(job.Challenged.Task) && r.Count > 1 {
			return job.Challenged
		}
	}
	return nil
}

// judgedResult returns the opening of a task of a chunk that another job judges.
func (p player) judgedResult(ref types.ChunkRef, of *types.ChallengedTask) types.Opening {
	return p.states(ref, of.JobId, of.Task, true)
}

// metricsOf returns the metrics that the player reports for a chunk of one task.
func (p player) metricsOf(ref types.ChunkRef) types.Metrics {
	if of := p.f.judgedTask(ref.JobId); of != nil {
		return p.claims(p.judgedResult(ref, of).Fuel)
	}
	return p.metrics()
}
