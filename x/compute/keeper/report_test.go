package keeper_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

func TestReportsAreContradictedWhereAsManyHaveCommitted(t *testing.T) {
	for _, c := range []struct {
		committed, reports uint32
		are                bool
	}{{0, 0, false}, {3, 0, false}, {0, 1, false}, {1, 1, true}, {1, 2, false}, {3, 2, true}, {3, 3, true}, {3, 4, false}} {
		t.Run(fmt.Sprintf("%d and %d", c.committed, c.reports), func(t *testing.T) {
			require.Equal(t, c.are, types.ReportsAreContradicted(c.committed, c.reports))
		})
	}
}

// settled is the outcome of a task for the nodes that have reported an input, and for its
// requester.
type settled struct {
	slashed map[int]string
	burned  string
	status  types.ChunkStatus
}

// reported plays a task whose first drawn nodes, this many of them, report a missing input.
// The other nodes do their work or, if the input is really missing, nothing.
func reported(t *testing.T, policy types.Policy, nodes, reports int, truth bool) settled {
	t.Helper()
	f := newFixture(t)
	f.setParams(func(p *types.Params) { p.PostingFeePerByte, p.InputReports = math.ZeroInt(), 3 })
	f.network(nodes)
	s := spec(coin(1_000), 3)
	s.Policy = policy
	id := f.post(0, s)
	players := f.players(make([]behaviour, nodes)...)
	var liars []int
	open := func() bool {
		_, err := f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: id})
		return err == nil
	}
	for ; !f.jobEnded(id); f.next() {
		if !open() {
			continue
		}
		for _, a := range f.round(id).Replicas {
			n := slices.IndexFunc(players, func(p player) bool { return operator(p.n).String() == a.Operator })
			if a.Status != types.ASSIGNMENT_STATUS_ASSIGNED || len(liars) == reports {
				continue
			}
			require.NoError(t, f.release(n, types.ReleaseItem{Ref: ref(id, 0), InputUnavailable: true, Input: 1}))
			liars = append(liars, n)
			players[n].does = stalls
		}
		for _, p := range players {
			if !truth && open() {
				p.act()
			} else if truth && open() {
				for _, task := range f.claimable(p.n) {
					p.claim(task)
				}
			}
		}
	}
	out := settled{slashed: map[int]string{}, status: f.receipt(id).Status, burned: f.receipt(id).Burned.String()}
	for _, n := range liars {
		out.slashed[n] = f.outcomes(id)[operator(n).String()].Slashed.String()
		lost := math.NewInt(10_000).Sub(f.bond(n))
		require.Equal(t, out.slashed[n], lost.String(), "the receipt says what a report has cost")
		node, err := f.nodes.Node(f.ctx, operator(n))
		require.NoError(t, err)
		require.True(t, node.State.Locked.IsZero(), "nothing stays pledged")
		require.Zero(t, node.State.Jail.Points)
	}
	require.Len(t, liars, reports)
	return out
}

// TestAReportThatOthersContradictCostsBothSides covers policies and numbers of reports. The
// seat fee is 100 in the reward's denom, and the fee of a missed deadline is 100 of the bond.
func TestAReportThatOthersContradictCostsBothSides(t *testing.T) {
	quorum := types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 3}
	audited := types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 10_000, Auditors: 2}
	trust := types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 5}
	for name, c := range map[string]struct {
		policy          types.Policy
		reports         int
		slashed, burned string
	}{
		"nobody":               {quorum, 0, "", "0"},
		"one of a quorum":      {quorum, 1, "100", "100"},
		"as many as commit":    {quorum, 2, "100", "200"},
		"under trust":          {trust, 1, "100", "100"},
		"more than the others": {trust, 2, "0", "200"},
		"the executor":         {audited, 1, "100", "100"},
		"more than executors":  {audited, 2, "0", "200"},
	} {
		t.Run(name, func(t *testing.T) {
			got := reported(t, c.policy, 14, c.reports, false)
			require.Equal(t, types.CHUNK_STATUS_ACCEPTED, got.status)
			require.Equal(t, c.burned, got.burned, "the requester pays for each seat that was left")
			for n, slashed := range got.slashed {
				require.Equal(t, c.slashed, slashed, "node %d", n)
			}
		})
	}
}

// TestWhoReportsAnInputThatNobodyHasPaysNothing: the task ends, and its requester pays.
func TestWhoReportsAnInputThatNobodyHasPaysNothing(t *testing.T) {
	got := reported(t, types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 3}, 14, 3, true)
	require.Equal(t, types.CHUNK_STATUS_INPUT_UNAVAILABLE, got.status)
	require.Equal(t, "300", got.burned)
	for n, slashed := range got.slashed {
		require.Equal(t, "0", slashed, "node %d", n)
	}
}

// A node cannot avoid the cost of a report by withdrawing its bond in the meantime.
func TestWhatAReportPledgesStaysLockedUntilItIsJudged(t *testing.T) {
	f := newFixture(t)
	f.network(5)
	id, drawn := f.assigned(5)
	r := ref(id, 0)
	require.NoError(t, f.release(drawn[0], types.ReleaseItem{Ref: r, InputUnavailable: true, Input: 1}))
	node, err := f.nodes.Node(f.ctx, operator(drawn[0]))
	require.NoError(t, err)
	require.Equal(t, "100", node.State.Locked.String())
	require.Zero(t, node.State.UsedSlots)
	f.retire(drawn[0])
	f.blocks(2)
	require.Equal(t, "100", f.bond(drawn[0]).String(), "all but what it has pledged returns")
	players := f.players(honest, honest, honest, honest, honest)
	players[drawn[0]].does = stalls
	f.play(slices.Delete(players, drawn[0], drawn[0]+1), id, 60)
	require.Equal(t, "0", f.bond(drawn[0]).String())
	require.Equal(t, "100", f.outcomes(id)[operator(drawn[0]).String()].Slashed.String())
}

// A report that pledges nothing does not keep the record of its node, and the outcome of the
// task does not depend on that record.
func TestAReportOfANodeThatIsGoneHoldsUpNobody(t *testing.T) {
	for name, does := range map[string]behaviour{"contradicted": honest, "believed": stalls} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.setParams(func(p *types.Params) { p.MissedFaultBps = 0 })
			f.network(8)
			s := spec(coin(1_000), 3)
			s.PrepareBlocks, s.CommitBlocks, s.LifetimeBlocks = 20, 30, 60
			id := f.drawable(s)
			drawn := f.assign(id, 8)
			gone := drawn[0]
			require.NoError(t, f.release(gone, types.ReleaseItem{Ref: ref(id, 0), InputUnavailable: true, Input: 1}))
			f.retire(gone)
			f.blocks(6) // its bond returns
			for range edgenodetypes.KeptEpochs {
				require.NoError(t, f.nodes.RollEpoch(f.ctx))
			}
			f.retire(gone)
			_, err := f.nodes.Node(f.ctx, operator(gone))
			require.ErrorIs(t, err, edgenodetypes.ErrNodeNotFound)
			f.next()
			require.Equal(t, f.export(), restored(f).export())

			players := f.everyone(8, does)
			f.play(slices.Delete(players, gone, gone+1), id, 150)
			require.Equal(t, "0", f.outcomes(id)[operator(gone).String()].Slashed.String())
		})
	}
}

// TestReportsCostWhatTheRuleSays covers random crowds of quorums. The requester pays for each
// seat that a report has vacated. Nodes that report pay if a round comes to its reveals and
// as many nodes have committed as have reported, and only then.
func TestReportsCostWhatTheRuleSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t)
		f.setParams(func(p *types.Params) {
			p.PostingFeePerByte = math.ZeroInt()
			p.InputReports = rapid.Uint32Range(1, 4).Draw(t, "reports that end a task")
		})
		n := rapid.IntRange(8, 13).Draw(t, "nodes")
		f.network(n)
		crowd := rapid.SampledFrom([]behaviour{honest, honest, honest, shirks, shirks, liar})
		does := make([]behaviour, n)
		for i := range does {
			does[i] = crowd.Draw(t, "does")
		}
		s := spec(coin(1_000), 3)
		s.LifetimeBlocks = rapid.Uint64Range(20, 200).Draw(t, "lifetime")
		s.Tasks = rapid.SampledFrom([]uint64{1, 2}).Draw(t, "tasks")
		id := f.post(0, s)
		committed := f.watch(f.players(does...), id)
		job := f.job(id)

		lost := map[string]int64{}
		for _, receipt := range f.receipts[id] {
			f.checkReports(&job, receipt, committed, lost)
		}
		for i := range does {
			if does[i] != liar {
				require.Equal(t, lost[operator(i).String()], 10_000-f.bond(i).Int64(), "node %d", i)
			}
		}
	})
}

// checkReports compares a receipt with the rule, and adds up what reports have cost.
func (f *fixture) checkReports(job *types.Job, receipt types.Receipt, committed map[seatOf]bool, lost map[string]int64) {
	f.t.Helper()
	came, reports := map[uint32]int64{}, map[uint32][]types.Outcome{}
	for _, o := range receipt.Outcomes {
		switch {
		case o.Status == types.ASSIGNMENT_STATUS_RELEASED:
			reports[o.Round] = append(reports[o.Round], o)
		case committed[seatOf{receipt.JobId, receipt.Task, o.Round, o.Operator}]:
			came[o.Round]++
		}
	}
	for round, outcomes := range reports {
		// Seats of further rounds cost neither the requester nor the node that leaves them.
		full := round == 0 && came[0] == int64(job.Policy.Replicas)
		fee := "0"
		if full && came[round] >= int64(len(outcomes)) {
			fee = "100"
		}
		for _, o := range outcomes {
			require.Equal(f.t, fee, o.Slashed.String(), "task %d: %d reports in round %d, %d have committed", receipt.Task, len(outcomes), round, came[round])
			lost[o.Operator] += o.Slashed.Int64()
		}
	}
	vacated := int64(len(reports[0]))
	if receipt.Status == types.CHUNK_STATUS_ACCEPTED {
		require.Equal(f.t, math.MinInt(job.SeatFee.MulRaw(vacated), job.DrawReserve(1)).String(), receipt.Burned.String())
	}
}

// claimable returns what the n-th node may claim.
func (f *fixture) claimable(n int) []types.ClaimableChunk {
	f.t.Helper()
	claimable, err := f.queries.Claimable(f.ctx, &types.QueryClaimableRequest{Operator: operator(n).String()})
	require.NoError(f.t, err)
	return claimable.Tasks
}
