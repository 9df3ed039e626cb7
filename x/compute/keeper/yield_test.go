package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// yield gives up a part that the player holds. It requires that the yield is excused exactly if the
// part is a replica that the requester asked for, and the node has not yet had all its yields.
func (p player) yield(ref types.ChunkRef) {
	f := p.f
	f.t.Helper()
	resp, err := f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: ref.JobId, Task: ref.Task})
	require.NoError(f.t, err)
	job := f.job(ref.JobId)
	replica := ref.Round == 0 && resp.Chunk.Rounds[0].Auditors == 0 && job.Challenged == nil
	had := f.nodeState(p.n)
	wants := replica && f.seatsOf(p.n, f.excused) < f.maxYields()
	require.NoError(f.t, f.yield(p.n, ref))
	has := f.nodeState(p.n)
	require.Equal(f.t, wants, has.Yields == had.Yields+1, "node %d, %v", p.n, ref)
	require.Equal(f.t, wants, has.Faults.Missed == had.Faults.Missed)
	if wants {
		f.excused[seatOf{ref.JobId, resp.Chunk.Index, ref.Round, operator(p.n).String()}] = true
		require.LessOrEqual(f.t, has.Jail.Points, had.Jail.Points)
	}
}

// seatsOf returns the number of seats of a node.
func (f *fixture) seatsOf(n int, seats map[seatOf]bool) (count int) {
	for seat := range seats {
		if seat.operator == operator(n).String() {
			count++
		}
	}
	return count
}

func (f *fixture) nodeState(n int) edgenodetypes.NodeState {
	f.t.Helper()
	node, err := f.nodes.Node(f.ctx, operator(n))
	require.NoError(f.t, err)
	return node.State
}

func (f *fixture) maxYields() int {
	f.t.Helper()
	p, err := f.nodes.Params(f.ctx)
	require.NoError(f.t, err)
	return int(p.MaxYields)
}

func (f *fixture) setMaxYields(most uint32) {
	f.t.Helper()
	p, err := f.nodes.Params(f.ctx)
	require.NoError(f.t, err)
	p.MaxYields = most
	_, err = edgenodekeeper.NewMsgServer(f.nodes).UpdateParams(f.ctx, &edgenodetypes.MsgUpdateParams{Authority: authority(), Params: p})
	require.NoError(f.t, err)
}

// TestAYieldedSeatIsDrawnAtOnceForTheFeeOfAMissedDeadline: long before the deadline, and the node
// cannot have the seat again.
func TestAYieldedSeatIsDrawnAtOnceForTheFeeOfAMissedDeadline(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	s := spec(coin(1_000), 3)
	s.CommitBlocks, s.LifetimeBlocks = 30, 200
	id := f.drawable(s)
	drawn := f.assign(id, 4)
	r := ref(id, 0)
	f.blocks(5)
	require.ErrorIs(t, f.release(drawn[0], types.ReleaseItem{Ref: r}), types.ErrReleaseLate)
	locked, at := f.nodeState(drawn[0]).Locked, f.ctx.BlockHeight()
	require.True(t, locked.IsPositive())
	held, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(drawn[0]).String()})
	require.NoError(t, err)
	require.True(t, held.Items[0].Excusable)
	require.NoError(t, f.yield(drawn[0], r))

	state := f.nodeState(drawn[0])
	require.Equal(t, "9900", state.Bond.String(), "a tenth of the reward, as for a missed deadline")
	require.True(t, state.Locked.IsZero())
	require.Zero(t, state.UsedSlots)
	require.Equal(t, uint32(1), state.Yields)
	round := f.round(id)
	require.Len(t, round.Replicas, 2)
	require.LessOrEqual(t, round.ResumeHeight, at+1, "the pause before a second draw")
	job := f.job(id)
	require.Equal(t, job.SeatFee, f.task(id).DrawFees, "the seat costs the requester as much as any that is left")

	for f.round(id).Draw == nil || f.round(id).Draw.CloseHeight == 0 {
		f.next()
	}
	require.Less(t, f.ctx.BlockHeight(), round.NextDeadline)
	require.ErrorIs(t, f.claim(drawn[0], r), types.ErrAlreadyTookPart)
	var fourth int
	for n := range 4 {
		if n != drawn[0] && n != drawn[1] && n != drawn[2] {
			fourth = n
		}
	}
	require.NoError(t, f.claim(fourth, r))
	done := f.play(f.players(honest, honest, honest, honest), id, 60)
	require.Equal(t, types.JOB_STATUS_COMPLETED, done.Status)
	o := f.outcomes(id)[operator(drawn[0]).String()]
	require.Equal(t, types.ASSIGNMENT_STATUS_YIELDED, o.Status)
	require.Equal(t, []string{"100", "0", "0"}, []string{o.Slashed.String(), o.Paid.String(), o.Share.String()})
	require.Zero(t, f.points(drawn[0]))
}

// TestAYieldIsRefusedOfWhoHoldsNothing.
func TestAYieldIsRefusedOfWhoHoldsNothing(t *testing.T) {
	f := newFixture(t)
	f.network(5)
	id := f.drawable(spec(coin(1_000), 3))
	r := ref(id, 0)
	refused := func(n int, want error, at ...types.ChunkRef) {
		t.Helper()
		if len(at) == 0 {
			at = []types.ChunkRef{r}
		}
		require.ErrorIs(t, f.unchanged(func() error { return f.yield(n, at...) }), want)
	}
	kept := f.ctx
	f.ctx, _ = kept.CacheContext()
	require.NoError(t, f.claim(0, r))
	refused(0, types.ErrNotAssigned) // a candidate
	f.ctx = kept
	drawn := f.assign(id, 4)
	stranger := 4
	refused(stranger, types.ErrNotAssigned)
	refused(50, edgenodetypes.ErrUnknownWorker) // no node
	refused(drawn[0], types.ErrWrongRound, ref(id, 1))
	refused(drawn[0], types.ErrInvalidBatch, r, r)
	require.NoError(t, f.commit(drawn[0], r))
	refused(drawn[0], types.ErrAlreadyCommitted)
	require.NoError(t, f.yield(drawn[1], r))
	refused(drawn[1], types.ErrNotAssigned)
	require.ErrorIs(t, f.unchanged(func() error { return f.commit(drawn[1], r) }), types.ErrNotAssigned, "nor in the same block")

	for f.ctx.BlockHeight() < f.round(id).NextDeadline {
		f.next()
	}
	require.NoError(t, f.yield(drawn[2], r), "at the deadline")
	f.next()
	refused(drawn[2], types.ErrNotAssigned)
}

// TestAYieldAfterTheDeadlineIsAMiss: the queue may not have come to it yet.
func TestAYieldAfterTheDeadlineIsAMiss(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id, drawn := f.assigned(4)
	f.ctx = f.ctx.WithBlockHeight(f.round(id).NextDeadline + 1)
	require.ErrorIs(t, f.yield(drawn[0], ref(id, 0)), types.ErrCommitLate)
}

// TestOnlyReplicasOfTheRequesterAreExcused: auditors and judges pay for walking away as for a
// missed deadline, with the point if others commit.
func TestOnlyReplicasOfTheRequesterAreExcused(t *testing.T) {
	audited := spec(coin(1_000), 3)
	audited.Policy = types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: types.BasisPoints, Auditors: 2}
	audited.LifetimeBlocks = 300
	for name, c := range map[string]struct {
		spec types.JobSpec
		does []behaviour
		at   func(types.Chunk) bool
	}{
		"an auditor": {audited, []behaviour{honest, honest, honest, honest, honest, honest}, func(c types.Chunk) bool { return c.Rounds[0].Auditors > 0 }},
		"a judge": {
			spec(coin(1_000), 3),
			[]behaviour{liar, honest, liar, honest, liar, honest, liar, honest, liar, honest, liar, honest},
			func(c types.Chunk) bool { return len(c.Rounds) > 1 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			players := f.players(c.does...)
			f.network(len(players))
			id := f.post(0, c.spec)
			walks := -1
			for range 80 {
				for i := range players {
					if walks < 0 && f.walksAway(id, i, c.at) {
						walks = i
						continue
					}
					if i != walks && !f.jobEnded(id) {
						players[i].act()
					}
				}
				f.next()
				if f.jobEnded(id) {
					break
				}
			}
			require.GreaterOrEqual(t, walks, 0)
			require.True(t, f.jobEnded(id))
			state := f.nodeState(walks)
			require.Zero(t, state.Yields)
			require.Equal(t, uint64(1), state.Faults.Missed)
			require.Equal(t, uint32(1), state.Jail.Points)
		})
	}
}

// walksAway yields the part of a node in a chunk for which at returns true, and reports whether it
// held one.
func (f *fixture) walksAway(id string, n int, at func(types.Chunk) bool) bool {
	f.t.Helper()
	resp, err := f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: id})
	if err != nil || !at(resp.Chunk) {
		return false // the task may have ended
	}
	held, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(n).String()})
	require.NoError(f.t, err)
	for _, item := range held.Items {
		if item.Assignment.Status == types.ASSIGNMENT_STATUS_ASSIGNED {
			require.False(f.t, item.Excusable)
			require.NoError(f.t, f.yield(n, item.Ref))
			return true
		}
	}
	return false
}

// TestYieldsEndATaskNotLaterThanReleasesDo: nodes that all walk away end the task with its money
// for draws, and cost its requester as much as nodes that give their seats back do.
func TestYieldsEndATaskNotLaterThanReleasesDo(t *testing.T) {
	f := newFixture(t)
	const nodes = 40
	f.network(nodes)
	s := spec(coin(1_000), 3)
	s.LifetimeBlocks = 400
	id := f.post(0, s)
	does := make([]behaviour, nodes)
	for n := range does {
		does[n] = yields
	}
	job := f.play(f.players(does...), id, 450)
	require.Equal(t, types.JOB_STATUS_EXPIRED, job.Status)
	receipt := f.receipt(id)
	left := 0
	require.Equal(t, job.DrawReserve(1).String(), receipt.Burned.String())
	paid := math.ZeroInt()
	for _, o := range receipt.Outcomes {
		paid = paid.Add(o.Paid)
		if o.Status == types.ASSIGNMENT_STATUS_YIELDED {
			require.Equal(t, "100", o.Slashed.String())
			left++
		}
	}
	require.Equal(t, 3+2, left, "as many seats as the task has set fees aside for")
	require.Equal(t, job.TaskReserve.Sub(receipt.Burned).Sub(paid).String(), job.Refunded.String())
}

// TestManyYieldsCountLikeMisses: once a node has had its yields, a point follows if as many nodes
// commit to the round, and the task is compared with all that missed it.
func TestManyYieldsCountLikeMisses(t *testing.T) {
	f := newFixture(t)
	f.setMaxYields(1)
	f.network(8)
	yielder := -1
	for range 2 {
		s := spec(coin(1_000), 3)
		s.LifetimeBlocks = 300
		id := f.drawable(s)
		for n := range 8 {
			_ = f.claim(n, ref(id, 0))
		}
		for f.round(id).Draw != nil {
			f.next()
		}
		require.NoError(t, f.keeper.EndBlock(f.ctx))
		if yielder < 0 {
			yielder = f.drawn(id)[0]
		}
		for range 20 { // the same node has to be drawn
			if held(f.drawn(id), yielder) {
				break
			}
			_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
			require.NoError(t, err)
			f.next()
			id = f.drawable(s)
			f.assign(id, 8)
		}
		require.NoError(t, f.yield(yielder, ref(id, 0)))
		does := f.players(honest, honest, honest, honest, honest, honest, honest, honest)
		require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(does, id, 60).Status)
	}
	state := f.nodeState(yielder)
	require.Equal(t, uint32(1), state.Yields)
	require.Equal(t, uint64(1), state.Faults.Missed)
	require.Equal(t, uint32(1), state.Jail.Points)
	require.True(t, math.NewInt(9_800).Equal(state.Bond))
}

func held(drawn []int, n int) bool {
	for _, d := range drawn {
		if d == n {
			return true
		}
	}
	return false
}

// TestABatchOfYieldsGivesUpWhatItCan: the items that the node does not hold fail alone.
func TestABatchOfYieldsGivesUpWhatItCan(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	s := spec(coin(1_000), 3)
	s.Tasks = 3
	id := f.drawable(s)
	var refs []types.ChunkRef
	for task := range uint64(3) {
		refs = append(refs, types.ChunkRef{JobId: id, Task: task})
	}
	for n := range 3 {
		require.NoError(t, f.claim(n, refs[:2]...))
	}
	f.blocks(5)
	f.ctx = f.ctx.WithEventManager(sdk.NewEventManager())
	resp, err := f.msgs.Yield(f.ctx, &types.MsgYield{Worker: worker(0).String(), Items: refs})
	require.NoError(t, err)
	require.Len(t, resp.Results, 3)
	require.Zero(t, resp.Results[0].Code+resp.Results[1].Code)
	require.Equal(t, types.ErrNotAssigned.ABCICode(), resp.Results[2].Code)
	told := events[*types.EventBatch](f)
	require.Len(t, told, 1)
	require.Equal(t, "yield", told[0].Action)
	require.Len(t, told[0].Items, 2)
	slashed := events[*edgenodetypes.EventSlashed](f)
	require.Len(t, slashed, 2)
	require.Equal(t, edgenodetypes.ReasonYielded, slashed[0].Reason)
}
