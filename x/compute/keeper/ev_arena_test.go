package keeper_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	// arenaReward is the pay of a replica in an arena, in atfuel. It is so large that
	// truncations, which cost less than arenaDust per task, do not matter.
	arenaReward = 10_000_000
	arenaDust   = 100
	arenaBond   = 1_000_000_000_000
	arenaSlots  = 2_000
)

// arena plays a strategy through the keepers: the first nodes of a class are a ring, and all
// the others are honest. Nodes are not jailed, so that money alone has to be a sufficient
// deterrent. Invariants are checked only at the end.
type arena struct {
	*fixture
	nodes, ring int
	strategy    strategy
	policy      types.Policy
	class       edgenodetypes.ClassSnapshot
	params      types.Params
	// index contains the number of each node by its address.
	index map[string]int
	// claimed contains the draws in which nodes have claimed.
	claimed map[string]bool
	job     string
	jobID   types.JobID
}

// newArena creates a class under the default escalation. The height seeds its draws: arenas
// that start at other heights draw other nodes.
func newArena(t tb, start int64, nodes, ring int, s strategy, policy types.Policy, honestBps uint32) *arena {
	t.Helper()
	f := emptyFixture(t)
	f.ctx = f.ctx.WithBlockHeight(start)
	f.initGenesis()
	f.setParams(func(p *types.Params) {
		d := types.DefaultParams()
		p.Escalation, p.MaxDraws, p.SortitionFactor = d.Escalation, d.MaxDraws, d.SortitionFactor
		p.HonestBps, p.QueueLimit, p.RevealBlocks = honestBps, 10_000, 3
	})
	gen, err := f.nodes.Params(f.ctx)
	require.NoError(t, err)
	gen.Jail.FaultsToJail = 1_000_000
	gen.MaxSlots = arenaSlots
	_, err = edgenodekeeper.NewMsgServer(f.nodes).UpdateParams(f.ctx, &edgenodetypes.MsgUpdateParams{Authority: authority(), Params: gen})
	require.NoError(t, err)
	a := &arena{
		fixture: f, nodes: nodes, ring: ring, strategy: s, policy: policy,
		index: map[string]int{}, claimed: map[string]bool{},
	}
	for n := range nodes {
		f.register(n, arenaBond, arenaSlots)
		a.index[operator(n).String()] = n
	}
	require.NoError(t, f.nodes.RollEpoch(f.ctx))
	epoch, err := f.nodes.Epoch(f.ctx)
	require.NoError(t, err)
	a.class, err = f.nodes.ClassSnapshot(f.ctx, class, epoch)
	require.NoError(t, err)
	require.EqualValues(t, nodes, a.class.Nodes)
	a.params, err = f.keeper.Params(f.ctx)
	require.NoError(t, err)
	return a
}

// wealth returns what the ring owns, in atfuel: bonds, unclaimed earnings and, if it posts,
// the requester's account.
func (a *arena) wealth() math.Int {
	total := math.ZeroInt()
	for n := range a.ring {
		total = total.Add(a.bond(n)).Add(a.earned(n).AmountOf(denom))
	}
	if a.strategy.posts {
		total = total.Add(a.balance(0))
	}
	return total
}

// run posts an array of this many tasks and plays it to its end. It returns what the ring has
// won, in rewards, and the job with its effective terms.
func (a *arena) run(tasks uint64) (won float64, job types.Job) {
	a.t.Helper()
	a.fund(requester(0), coin(int64(tasks+1)*arenaReward*20))
	before := a.wealth()
	s := spec(coin(arenaReward), 1)
	s.Policy, s.Tasks, s.CommitBlocks, s.LifetimeBlocks = a.policy, tasks, 100, 5_000
	resp, err := a.msgs.PostJob(a.ctx, &types.MsgPostJob{Requester: requester(0).String(), Spec: s})
	require.NoError(a.t, err)
	a.job = resp.JobId
	a.jobID, err = types.ParseJobID(a.job)
	require.NoError(a.t, err)
	var live []uint64
	opened := uint64(0)
	for range 4_000 {
		job = a.fixture.job(a.job)
		if job.Ended() {
			require.Equal(a.t, tasks, job.TasksEnded)
			a.checkInvariants()
			return float64(a.wealth().Sub(before).Int64()) / arenaReward, job
		}
		for ; opened < job.TasksOpened; opened++ {
			live = append(live, opened)
		}
		live = slices.DeleteFunc(live, func(index uint64) bool { return !a.turn(index) })
		a.pass()
	}
	require.Fail(a.t, "the array has not ended")
	return 0, job
}

// pass ends the block without the checks, which would take most of the time.
func (a *arena) pass() {
	require.NoError(a.t, a.keeper.EndBlock(a.ctx))
	require.NoError(a.t, a.rewards.EndBlock(a.ctx))
	require.NoError(a.t, a.fixture.nodes.EndBlock(a.ctx))
	a.ctx = a.ctx.WithBlockHeight(a.ctx.BlockHeight() + 1).WithEventManager(sdk.NewEventManager())
}

// turn does everything that nodes have to do for a task, and reports whether the task
// continues.
func (a *arena) turn(index uint64) bool {
	resp, err := a.queries.Chunk(a.ctx, &types.QueryChunkRequest{JobId: a.job, Task: index})
	if err != nil {
		return false // ended: the store contains only open tasks
	}
	task := resp.Chunk
	at := uint32(len(task.Rounds) - 1)
	round := task.Rounds[at]
	switch {
	case round.Phase == types.ROUND_PHASE_COMMIT && round.Draw != nil && round.Draw.CloseHeight > a.ctx.BlockHeight():
		a.enter(task, at)
	case round.Phase == types.ROUND_PHASE_REVEAL:
		a.speak(task, at)
	}
	if round.Phase != types.ROUND_PHASE_COMMIT || len(round.Replicas) != int(round.Target) {
		return true // a ring looks at which nodes were drawn before it commits
	}
	for _, x := range partsOf(task) {
		if x.Status != types.ASSIGNMENT_STATUS_ASSIGNED {
			continue
		}
		n, ref := a.index[x.Operator], a.ref(index, x.round)
		tag, salt := a.tag(ref, a.content(n, a.fixed(task, x))), player{n: n}.salt()
		_, err := a.msgs.Commit(a.ctx, &types.MsgCommit{Worker: worker(n).String(), Items: []types.CommitItem{{
			Ref: ref, Commitment: types.Commitment(operator(n), tag, 0, salt),
		}}})
		require.NoError(a.t, err)
	}
	return true
}

// partOf is a node's part in a task, with its round.
type partOf struct {
	types.Assignment
	round uint32
}

// partsOf returns the parts of all rounds.
func partsOf(task types.Chunk) []partOf {
	var all []partOf
	for r := range task.Rounds {
		for _, x := range task.Rounds[r].Replicas {
			all = append(all, partOf{x, uint32(r)})
		}
	}
	return all
}

// enter claims for every node that is eligible and would lead. Nodes that are outranked stay
// away, which does not change the draw.
func (a *arena) enter(task types.Chunk, at uint32) {
	draw := task.Rounds[at].Draw
	key := fmt.Sprintf("%d/%d/%d", task.Index, at, draw.SeedHeight)
	if a.claimed[key] {
		return
	}
	a.claimed[key] = true
	seed, known, err := a.beacon.Seed(a.ctx, draw.SeedHeight)
	require.NoError(a.t, err)
	require.True(a.t, known)
	type lot struct {
		n    int
		rank []byte
	}
	var lots []lot
	limit := types.Threshold(a.params.SortitionFactor, draw.Slots, draw.Attempt, a.class.Weight)
	weight := a.class.Weight.QuoRaw(int64(a.nodes))
	for n := range a.nodes {
		op := operator(n)
		if slices.ContainsFunc(partsOf(task), func(x partOf) bool { return x.Operator == op.String() }) {
			continue
		}
		rank := types.Rank(seed.Randomness, a.jobID, task.Index, at, draw.Attempt, op, weight)
		if bytes.Compare(rank, limit) < 0 {
			lots = append(lots, lot{n, rank})
		}
	}
	slices.SortFunc(lots, func(x, y lot) int { return bytes.Compare(x.rank, y.rank) })
	for _, l := range lots[:min(len(lots), int(draw.Slots))] {
		require.NoError(a.t, a.claim(l.n, a.ref(task.Index, at)))
	}
}

// speak reveals and opens.
func (a *arena) speak(task types.Chunk, at uint32) {
	held := partsOf(task)
	for i := range held {
		x := &held[i]
		n, ref, say := a.index[x.Operator], a.ref(task.Index, x.round), a.opinion(task, *x)
		if x.Status != types.ASSIGNMENT_STATUS_COMMITTED || x.round != at || say == nothing {
			continue
		}
		_, err := a.msgs.Reveal(a.ctx, &types.MsgReveal{Worker: worker(n).String(), Items: []types.RevealItem{{
			Ref: ref, Tag: a.tag(ref, a.content(n, say)), Salt: player{n: n}.salt(),
		}}})
		require.NoError(a.t, err)
		x.Status = types.ASSIGNMENT_STATUS_REVEALED
	}
	if at == 0 {
		return
	}
	open := slices.Clone(task.Opened)
	for _, x := range held {
		n, ref := a.index[x.Operator], a.ref(task.Index, x.round)
		digest := a.content(n, a.opinion(task, x))
		same := func(o types.Opening) bool {
			return bytes.Equal(o.Digest, digest) && (x.round == 0 || o.Round == x.round)
		}
		if x.Status != types.ASSIGNMENT_STATUS_REVEALED || slices.ContainsFunc(open, same) {
			continue // one of the nodes that agree is enough
		}
		shown := shownAs(ref, digest, ref.Round > 0)
		_, err := a.msgs.Open(a.ctx, &types.MsgOpen{Worker: worker(n).String(), Items: []types.OpenItem{types.NewOpenItem(ref, shown)}})
		require.NoError(a.t, err)
		open = append(open, shown)
	}
}

// opinion returns what the node of an assignment says.
func (a *arena) opinion(task types.Chunk, x partOf) says {
	if a.index[x.Operator] >= a.ring {
		return truth
	}
	first := task.Rounds[0]
	at := view{part: judge, owned: true, audited: first.Auditors > 0}
	for i := range first.Replicas {
		op := first.Replicas[i].Operator
		wanted := i < int(a.policy.Replicas)
		at.owned = at.owned && (!wanted || a.index[op] < a.ring)
		if op == x.Operator && wanted {
			at.part = replica
		} else if op == x.Operator {
			at.part = auditor
		}
	}
	return a.strategy.says(at)
}

// fixed returns what a node commits to. A node that intends to stay silent if it is audited
// does not know yet whether it will be.
func (a *arena) fixed(task types.Chunk, x partOf) says {
	if say := a.opinion(task, x); say != nothing {
		return say
	}
	return own
}

// content returns the digest of what a node says.
func (a *arena) content(n int, say says) []byte {
	text := "result"
	switch say {
	case shared:
		text = "lie of the ring"
	case own:
		text = fmt.Sprintf("lie of %d", n)
	case truth, nothing:
	}
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func (a *arena) ref(task uint64, round uint32) types.ChunkRef {
	return types.ChunkRef{JobId: a.job, Task: task, Round: round}
}

func (a *arena) tag(ref types.ChunkRef, digest []byte) []byte {
	return types.Tag(chainID, ref.JobId, ref.Task, shownAs(ref, digest, ref.Round > 0))
}
