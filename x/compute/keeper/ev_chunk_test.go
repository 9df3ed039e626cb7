package keeper_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// evPerChunk is the number of tasks of a chunk, and evChunks the number of chunks, that a cell
// plays.
const (
	evPerChunk = 64
	evChunks   = 100
)

// cheat is how the replicas of a ring treat a chunk: they skip some of its tasks. The auditors
// of the ring repeat the lies of its replicas, and its judges tell the truth.
type cheat struct {
	name  string
	skips func(position uint32) bool
	// uses returns the fuel of a task, and states that which a node states for a task that
	// it has skipped.
	uses, states func(position uint32) uint64
}

func alike(uint32) uint64 { return arenaFuel }
func heavy(position uint32) uint64 { // one task in 16 makes up most of the work
	if position%16 == 5 {
		return arenaFuel
	}
	return arenaFuel / 20
}

// arenaFuel is the most that a task of an arena may use.
const arenaFuel = 1_000_000

func cheats() []cheat {
	none := func(uint32) bool { return false }
	all := func(uint32) bool { return true }
	half := func(p uint32) bool { return p%2 == 0 }
	rare := func(p uint32) bool { return heavy(p) == arenaFuel }
	return []cheat{
		{"honest", none, alike, alike},
		{"one task", func(p uint32) bool { return p == 30 }, alike, alike},
		{"half of the tasks", half, alike, alike},
		{"all tasks", all, alike, alike},
		{"honest, heavy and light tasks", none, heavy, heavy},
		{"all, with the most fuel", all, heavy, alike},
		{"the heavy tasks", rare, heavy, heavy},
		{"the heavy tasks, with half of their fuel", rare, heavy, func(uint32) uint64 { return arenaFuel / 2 }},
	}
}

// counts returns the number of skipped tasks, the share of the chunk's work that they are, and
// the size of the sample.
func (c cheat) counts(samples uint32) (skipped int, share float64, sampled int) {
	work, saved, stated := uint64(0), uint64(0), uint64(0)
	for p := range uint32(evPerChunk) {
		work += c.uses(p)
		if c.skips(p) {
			skipped, saved, stated = skipped+1, saved+c.uses(p), stated+c.states(p)
		} else {
			stated += c.uses(p)
		}
	}
	sampled = int(math.Ceil(float64(samples) * evPerChunk * arenaFuel / float64(stated)))
	return skipped, float64(saved) / float64(work), min(evPerChunk, sampled)
}

// chunkArena plays chunks through the keepers.
type chunkArena struct {
	*arena
	cheat cheat
}

// run posts an array of chunks and plays it to its end. It returns what the ring has won, in
// rewards of a task, and the job.
func (a *chunkArena) run() (won float64, job types.Job) {
	a.t.Helper()
	a.fund(requester(0), coin(evChunks*evPerChunk*arenaReward*20))
	before := a.wealth()
	s := spec(coin(arenaReward), 1)
	s.Policy, s.CommitBlocks, s.LifetimeBlocks = a.policy, 100, 5_000
	s.Resources.Fuel, s.Tasks, s.ChunkTasks = arenaFuel, evChunks*evPerChunk, evPerChunk
	resp, err := a.msgs.PostJob(a.ctx, &types.MsgPostJob{Requester: requester(0).String(), Spec: s})
	require.NoError(a.t, err)
	a.job = resp.JobId
	a.jobID, err = types.ParseJobID(a.job)
	require.NoError(a.t, err)
	var live []uint64
	for opened := uint64(0); ; {
		job = a.fixture.job(a.job)
		if job.Ended() {
			require.EqualValues(a.t, evChunks, job.ChunksEnded)
			a.checkInvariants()
			return float64(a.wealth().Sub(before).Int64()) / arenaReward, job
		}
		for ; opened < job.TasksOpened; opened += evPerChunk {
			live = append(live, opened)
		}
		live = slices.DeleteFunc(live, func(first uint64) bool { return !a.turn(first) })
		a.pass()
	}
}

// turn does everything that nodes have to do for a chunk, and reports whether it continues.
func (a *chunkArena) turn(first uint64) bool {
	resp, err := a.queries.Chunk(a.ctx, &types.QueryChunkRequest{JobId: a.job, Task: first})
	if err != nil {
		return false
	}
	task := resp.Chunk
	at := uint32(len(task.Rounds) - 1)
	round := task.Rounds[at]
	switch {
	case round.Phase == types.ROUND_PHASE_REVEAL:
		a.speak(task, at)
	case round.Phase == types.ROUND_PHASE_COMMIT && round.Draw != nil && round.Draw.CloseHeight > a.ctx.BlockHeight():
		a.enter(task, at)
	case round.Phase == types.ROUND_PHASE_COMMIT && len(round.Replicas) == int(round.Target):
		for i, x := range round.Replicas {
			if x.Status == types.ASSIGNMENT_STATUS_ASSIGNED {
				a.commit(task, at, i)
			}
		}
	}
	return true
}

// results returns what the i-th node of a round says about the tasks at the positions: all
// tasks, if there are none.
func (a *chunkArena) results(task types.Chunk, at uint32, i int, positions []uint32) ([]types.Opening, []types.Subtree) {
	if len(positions) == 0 {
		for p := range uint32(evPerChunk) {
			positions = append(positions, p)
		}
	}
	replica := a.index[task.Rounds[0].Replicas[0].Operator]
	lies := at == 0 && replica < a.ring && a.index[task.Rounds[0].Replicas[i].Operator] < a.ring
	shown, leaves := make([]types.Opening, len(positions)), make([]types.Subtree, len(positions))
	for k, p := range positions {
		digest, fuel := sum("result of", task.Index, p), a.cheat.uses(p)
		if lies && a.cheat.skips(p) {
			digest, fuel = sum("lie about", task.Index, p), a.cheat.states(p)
		}
		shown[k] = shownAs(a.ref(task.Index, at), digest, at > 0)
		shown[k].Fuel, shown[k].Position = fuel, p
		leaves[k] = types.Subtree{Hash: types.Tag(chainID, a.job, task.Index+uint64(p), shown[k]), Fuel: fuel}
	}
	return shown, leaves
}

// executed returns the positions that the i-th node of a round executes, or none for all.
func executed(task types.Chunk, at uint32, i int) []uint32 {
	if at == 0 && i == 0 {
		return nil
	}
	return task.Rounds[at].Samples
}

func (a *chunkArena) commit(task types.Chunk, at uint32, i int) {
	n := a.index[task.Rounds[at].Replicas[i].Operator]
	_, leaves := a.results(task, at, i, executed(task, at, i))
	root := types.ChunkRoot(leaves)
	require.NoError(a.t, player{f: a.fixture, n: n}.sendCommit(types.CommitItem{
		Ref: a.ref(task.Index, at), Commitment: types.Commitment(operator(n), root.Hash, 0, player{n: n}.salt()), Fuel: root.Fuel,
	}))
}

// speak reveals and opens.
func (a *chunkArena) speak(task types.Chunk, at uint32) {
	for i, x := range task.Rounds[at].Replicas {
		if x.Status != types.ASSIGNMENT_STATUS_COMMITTED {
			continue
		}
		n := a.index[x.Operator]
		_, leaves := a.results(task, at, i, executed(task, at, i))
		root := types.ChunkRoot(leaves)
		item := types.RevealItem{Ref: a.ref(task.Index, at), Tag: root.Hash, Salt: player{n: n}.salt(), Metrics: types.Metrics{Fuel: root.Fuel}}
		if samples := task.Rounds[at].Samples; at > 0 || i > 0 {
			item.Leaves = leaves
		} else if len(samples) > 0 {
			for _, p := range samples {
				item.Leaves = append(item.Leaves, leaves[p])
			}
			item.Siblings = types.ChunkSiblings(leaves, samples)
		}
		require.NoError(a.t, player{f: a.fixture, n: n}.sendReveal(item))
	}
	if at == 0 {
		return
	}
	open := slices.Clone(task.Opened)
	for r := range at + 1 {
		for i, x := range task.Rounds[r].Replicas {
			shown, _ := a.results(task, r, i, task.Rounds[at].Samples)
			for _, o := range shown {
				same := func(other types.Opening) bool {
					return other.Position == o.Position && bytes.Equal(other.Digest, o.Digest) && (r == 0 || other.Round == r)
				}
				if slices.ContainsFunc(open, same) {
					continue
				}
				_, err := a.msgs.Open(a.ctx, &types.MsgOpen{
					Worker: worker(a.index[x.Operator]).String(), Items: []types.OpenItem{types.NewOpenItem(a.ref(task.Index, r), o)},
				})
				require.NoError(a.t, err)
				open = append(open, o)
			}
		}
	}
}

// chunkForecast returns the expected value of a chunk for the ring, in rewards of a task,
// independently of the chain's code. A lie is found if an audit is drawn, its auditor does not
// belong to the ring, and a sample of K of n tasks contains one of the z false ones:
//
//	1 - C(n-z, K) / C(n, K)
//
// Then the ring loses the liability, of which its judges get their part.
func chunkForecast(c cheat, ring int, q, liability float64, samples uint32) moments {
	const kept, judges, n = 0.88, 7.0, float64(evNodes)
	r := float64(ring)
	skipped, _, sampled := c.counts(samples)
	missed := 0.0
	if skipped+sampled <= evPerChunk {
		missed = math.Exp(ways(evPerChunk-skipped, sampled) - ways(evPerChunk, sampled))
	}
	pay, audit := evPerChunk*kept, float64(sampled)*kept
	drawn, friend := r/n, (r-1)/(n-1)
	ours := judges * (r - 1) / (n - 2) // judges of the ring
	share := min(0.4*(liability-judges), 1) * ours / (judges + 1)
	var out moments
	out.add(drawn*(1-q), certain(pay))
	out.add(drawn*q*friend, certain(pay+audit))
	out.add(drawn*q*(1-friend)*missed, certain(pay))
	out.add(drawn*q*(1-friend)*(1-missed), certain(-liability+ours*kept+share))
	honestSample := samples
	_, _, plain := cheat{skips: func(uint32) bool { return false }, uses: c.uses}.counts(honestSample)
	out.add((1-drawn)*q*r/(n-1), certain(float64(plain)*kept)) // an auditor of an honest replica
	return out
}

// TestNoShareOfAChunkIsWorthALie plays lies about parts of chunks: one task, half, all, and the
// heavy tasks among light ones. Each loses against honest work, even if the ring has all skipped
// work for free, and as much as the formula says.
func TestNoShareOfAChunkIsWorthALie(t *testing.T) {
	start := int64(50_000_001)
	for _, x := range []terms{audit(10_000, 1, 5_000), audit(2_500, 1, 5_000)} {
		x.policy.Samples = 4
		for _, c := range cheats() {
			const ring = 12
			a := &chunkArena{newArena(t, start, evNodes, ring, strategy{}, x.policy, x.honestBps), c}
			start += 20_000
			won, job := a.run()
			q := float64(x.policy.AuditBps) / types.BasisPoints
			h := float64(x.honestBps) / types.BasisPoints
			d := q * h * (1 - math.Exp(-4))
			liability := float64(job.Liability.Int64()) / arenaReward
			repeated := q * (1 - h) * min(evPerChunk, types.MaxSamples) // samples that an auditor of the ring is paid for
			require.InEpsilon(t, max(evPerChunk, (evPerChunk*(1-d)+repeated)/d), liability, 1e-3, "what a replica stakes")
			skipped, share, sampled := c.counts(4)
			want := chunkForecast(c, ring, q, liability, 4)
			allowed := evErrors * want.deviation() / math.Sqrt(evChunks)
			mean := won / evChunks
			t.Logf("%-24s %-42s %4d tasks, %5.1f%% of the work, %3d samples, L %6.1f: net %8.2f, predicted %8.2f (%.2f)",
				x, c.name, skipped, 100*share, sampled, liability, mean, want.mean, allowed)
			require.InDelta(t, want.mean, mean, allowed, fmt.Sprintf("%s, %s", x, c.name))
			if skipped == 0 {
				continue
			}
			honest := c
			honest.skips = func(uint32) bool { return false }
			saved := float64(ring) / evNodes * share * evPerChunk * 0.88
			require.Less(t, want.mean+saved, chunkForecast(honest, ring, q, liability, 4).mean, "%s, %s", x, c.name)
		}
	}
}
