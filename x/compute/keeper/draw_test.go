package keeper_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// leaders returns the nodes that a draw would select if all nodes claimed, lowest rank first.
// Any party can compute this from public data once the seed is public.
func (f *fixture) leaders(job string, nodes, seats int) []int {
	f.t.Helper()
	type ranked struct {
		node int
		rank []byte
	}
	var all []ranked
	for n := range nodes {
		resp, err := f.queries.Claimable(f.ctx, &types.QueryClaimableRequest{Operator: operator(n).String()})
		require.NoError(f.t, err)
		for _, c := range resp.Tasks {
			if c.Ref.JobId == job {
				all = append(all, ranked{n, c.Rank})
			}
		}
	}
	slices.SortFunc(all, func(a, b ranked) int { return bytes.Compare(a.rank, b.rank) })
	var out []int
	for _, r := range all[:min(len(all), seats)] {
		out = append(out, r.node)
	}
	return out
}

// A requester who sees which nodes a draw would select, and ends it because they do not like
// the outcome, pays the fee of each seat. This does not depend on how they end it, nor on
// which nodes hold seats by then.
func TestADrawThatItsRequesterRegretsCostsEverySeat(t *testing.T) {
	const nodes = 8
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t)
		f.network(nodes)
		s := spec(coin(rapid.Int64Range(20, 2_000).Draw(t, "reward")), rapid.SampledFrom([]uint32{3, 5}).Draw(t, "replicas"))
		if rapid.Bool().Draw(t, "audited alone") {
			s.Policy = types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 100, Auditors: 1}
		}
		s.LifetimeBlocks = uint64(rapid.IntRange(1, 40).Draw(t, "lifetime"))
		id := f.drawable(s)
		job := f.job(id)
		require.True(t, job.SeatFee.GTE(testParams().AttemptFee(s.Reward.Amount)))
		require.True(t, job.SeatFee.Equal(s.Reward.Amount) || job.SeatFee.MulRaw(100).MulRaw(job.BondValue.Int64()).GTE(job.Liability.MulRaw(s.Reward.Amount.Int64())),
			"a hundredth of the liability, or as much as letting it run costs")
		for n := range nodes {
			if rapid.Bool().Draw(t, "claims") {
				_ = f.claim(n, ref(id, 0)) // refused if other nodes lead
			}
		}
		f.blocks(rapid.IntRange(0, 4).Draw(t, "blocks"))
		seated := len(f.drawnOrEnded(id)) > 0
		pinned := f.pinned(id)
		if !f.jobEnded(id) && rapid.Bool().Draw(t, "tops up") {
			_, err := f.msgs.TopUpJob(f.ctx, &types.MsgTopUpJob{Requester: requester(0).String(), JobId: id, LifetimeBlocks: 50})
			if err != nil {
				require.ErrorIs(t, err, types.ErrJobEnded)
			}
		}
		if rapid.Bool().Draw(t, "shirk") {
			for _, n := range f.drawnOrEnded(id) {
				_ = f.release(n, types.ReleaseItem{Ref: ref(id, 0), InputUnavailable: rapid.Bool().Draw(t, "reports")})
			}
		}
		if !f.jobEnded(id) {
			_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
			if err != nil {
				require.ErrorIs(t, err, types.ErrJobEnded)
			}
		}
		f.blocks(3)
		cost := f.job(id).TaskReserve.Sub(f.job(id).Refunded)
		if seated || pinned {
			require.True(t, cost.GTE(job.SeatFee.MulRaw(int64(job.Policy.Replicas))),
				"%d seats at %s cost %s", job.Policy.Replicas, job.SeatFee, cost)
		}
		require.True(t, f.job(id).Refunded.GTE(job.TaskReserve.Sub(job.DrawReserve(1)).Sub(job.SeatFee.MulRaw(int64(job.Policy.Replicas+job.Policy.Auditors)))))
	})
}

// pinned reports whether a draw of the job's only task is under way.
func (f *fixture) pinned(id string) bool {
	resp, err := f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: id})
	return err == nil && resp.Chunk.Rounds[len(resp.Chunk.Rounds)-1].Draw != nil
}

// drawnOrEnded returns the nodes that hold seats, or none once the job has ended.
func (f *fixture) drawnOrEnded(id string) []int {
	if _, err := f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: id}); err != nil {
		return nil
	}
	return f.drawn(id)
}

// A requester who cancels until they like a draw pays for each draw: in total, the whole
// amount that they could gain.
func TestDrawingUntilItSuitsCostsWhatTheFormulaSays(t *testing.T) {
	const nodes, own, replicas = 12, 4, 3
	f := newFixture(t)
	f.network(nodes)
	cost, draws := math.ZeroInt(), int64(0)
	for {
		id := f.post(0, spec(coin(1_000), replicas))
		f.blocks(seedDelay)
		draws++
		if !slices.ContainsFunc(f.leaders(id, nodes, replicas), func(n int) bool { return n >= own }) {
			break
		}
		before := f.balance(0)
		_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
		require.NoError(t, err)
		f.next()
		job := f.job(id)
		cost = cost.Add(job.TaskReserve.Sub(f.balance(0).Sub(before)))
		require.Less(t, draws, int64(1_000))
	}
	// The requester likes C(4,3)/C(12,3) = 1/55 of the draws.
	require.Equal(t, (draws-1)*replicas*100, cost.Int64(), "three seats of a tenth of a reward each, %d draws", draws)
}

// Seats that nodes leave are drawn again at the requester's cost, and not for ever. Otherwise
// a requester could keep the inputs from all nodes except their own until those hold every
// seat.
func TestVacatedSeatsAreDrawnAgainForAFeeAndNotForEver(t *testing.T) {
	const nodes, own = 14, 0
	f := newFixture(t)
	f.network(nodes)
	s := spec(coin(1_000), 3)
	s.LifetimeBlocks = 400
	id := f.drawable(s)
	drawn := f.assign(id, nodes)
	require.NoError(t, f.commit(drawn[own], ref(id, 0)), "the requester's node has the inputs")
	vacated := 0
	for range 200 {
		for n := range nodes {
			_ = f.claim(n, ref(id, 0))
		}
		for _, n := range f.drawnOrEnded(id) {
			if n != drawn[own] && f.release(n, types.ReleaseItem{Ref: ref(id, 0), InputUnavailable: true}) == nil {
				vacated++
			}
		}
		f.next()
		if f.jobEnded(id) {
			break
		}
	}
	job := f.job(id)
	require.Equal(t, types.JOB_STATUS_EXPIRED, job.Status)
	require.Equal(t, int(job.Policy.Replicas)+2, vacated, "as many as it has set fees aside for")
	r := f.receipt(id)
	require.Equal(t, job.DrawReserve(1).String(), r.Burned.String())
	left := 0
	for _, o := range r.Outcomes {
		if o.Status == types.ASSIGNMENT_STATUS_RELEASED {
			left++
		}
	}
	require.Equal(t, vacated, left, "a receipt shows them")
}

// A node may give back a task occasionally. If it does so again soon, it pays as much as for
// a missed deadline, but this does not count towards jail.
func TestANodeThatGivesBackAgainSoonPaysForIt(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	giveBack := func(costs string) {
		id, drawn := f.assigned(3)
		for _, n := range drawn {
			require.NoError(t, f.release(n, types.ReleaseItem{Ref: ref(id, 0)}))
		}
		for _, o := range f.task(id).Departed {
			require.Equal(t, costs, o.Slashed.String())
		}
	}
	giveBack("0")
	giveBack("100") // the fee of a missed deadline
	giveBack("100")
	for n := range 3 {
		require.Equal(t, "9800", f.bond(n).String())
		node, err := f.nodes.Node(f.ctx, operator(n))
		require.NoError(t, err)
		require.Equal(t, edgenodetypes.FaultCounts{}, node.State.Faults)
		require.True(t, node.State.Locked.IsZero())
	}
	f.ctx = f.ctx.WithBlockHeight(f.ctx.BlockHeight() + edgenodetypes.GiveBackBlocks + 1)
	giveBack("0") // after a while, the next one is free again
}

// From a receipt, third parties can compute what a lie would have cost.
func TestAReceiptShowsWhatWasAtStakeAndOfHowManyTheNodesWereDrawn(t *testing.T) {
	f := newFixture(t)
	f.network(5)
	id := f.post(0, spec(coin(1_000), 3))
	f.play(f.everyone(5, honest), id, 20)
	r := f.receipt(id)
	require.Equal(t, coin(1_000), r.Reward)
	require.Equal(t, "3000", r.Liability.String())
	require.Equal(t, "20000", r.ClassWeight.String(), "five nodes of 4000 each")
	require.False(t, r.Placed)
	require.True(t, r.Burned.IsZero())

	for name, place := range map[string]types.Placement{
		"denies": {Denied: []string{operator(4).String()}}, "asks for a bond": {MinBond: "10000"}, "prefers": {Regions: []string{"de"}},
	} {
		s := spec(coin(1_000), 3)
		s.Placement = place
		id := f.post(0, s)
		f.play(f.everyone(5, honest), id, 20)
		require.True(t, f.receipt(id).Placed, name)
	}
}
