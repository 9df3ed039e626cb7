package keeper_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// points returns the points of the n-th node towards jail.
func (f *fixture) points(n int) uint32 {
	f.t.Helper()
	node, err := f.nodes.Node(f.ctx, operator(n))
	require.NoError(f.t, err)
	return node.State.Jail.Points
}

// TestATaskThatNobodyCanFinishJailsNobodyAndCostsItsAuthor: each drawn node pays the fee, and
// the reserve burns an attempt fee for each of them. This holds under any policy, in an
// array, and if the machines of the author can do what no other machine can.
func TestATaskThatNobodyCanFinishJailsNobodyAndCostsItsAuthor(t *testing.T) {
	trust := types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 5}
	named := trust
	named.Node = operator(3).String()
	audited := types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 5_000, Auditors: 2}
	quorum := types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 3}
	for name, c := range map[string]struct {
		policy types.Policy
		tasks  uint64
		own    int // nodes of the author, which finish the task
		missed int // number of seats, 0 if it is left to chance
	}{
		"quorum":               {policy: quorum, tasks: 1, missed: 6},
		"audit":                {policy: audited, tasks: 1, missed: 3},
		"trust":                {policy: trust, tasks: 1, missed: 3},
		"a named node":         {policy: named, tasks: 1, missed: 1},
		"an array":             {policy: quorum, tasks: 2, missed: 12},
		"own nodes finish it":  {policy: quorum, tasks: 1, own: 3},
		"own node finishes it": {policy: audited, tasks: 1, own: 2},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.setParams(func(p *types.Params) { p.AttemptFeeBps = 2_500 })
			const nodes = 14
			f.network(nodes)
			does := make([]behaviour, nodes)
			for n := range does {
				does[n] = stalls
				if n >= nodes-c.own {
					does[n] = honest
				}
			}
			s := spec(coin(1_000), 3)
			s.Policy, s.Tasks, s.LifetimeBlocks = c.policy, c.tasks, 700
			if c.policy.NamesNode() {
				s.LifetimeBlocks = 20 // no other draw follows
			}
			id := f.post(0, s)
			job := f.play(f.players(does...), id, 900)

			missed, unfinished, cost := int64(0), int64(0), math.ZeroInt()
			for _, receipt := range f.receipts[id] {
				here, committed, paid := int64(0), int64(0), math.ZeroInt()
				for _, o := range receipt.Outcomes {
					paid = paid.Add(o.Paid)
					switch o.Status {
					case types.ASSIGNMENT_STATUS_MISSED:
						require.Equal(t, "100", o.Slashed.String(), "the fee is due, whatever the reason")
						here++
					default:
						committed++
					}
				}
				missed += here
				cost = cost.Add(paid).Add(receipt.Burned)
				if here > committed {
					unfinished += here
					least := math.MinInt(math.NewInt(250*here), job.TaskReserve.Sub(paid))
					require.True(t, receipt.Burned.GTE(least), "%d seats were missed: expected %s or more, burned %s", here, least, receipt.Burned)
				}
			}
			if c.own == 0 {
				require.Equal(t, types.JOB_STATUS_EXPIRED, job.Status)
				require.Equal(t, missed, unfinished)
				require.Equal(t, int64(c.missed), missed)
				for n := range nodes {
					require.Zero(t, f.points(n), "node %d could not finish it", n)
				}
			}
			require.Equal(t, job.TaskReserve.MulRaw(int64(c.tasks)).Sub(cost).String(), job.Refunded.String())
		})
	}
}

// TestAMissedDeadlineCountsWhereAsManyHaveCommitted covers random crowds and policies, in
// every round. Nodes that idle together each pay the fee and gain nothing.
func TestAMissedDeadlineCountsWhereAsManyHaveCommitted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t)
		n := rapid.IntRange(8, 16).Draw(t, "nodes")
		f.network(n)
		f.setMaxYields(rapid.Uint32Range(0, 2).Draw(t, "yields that are excused"))
		crowd := rapid.SampledFrom([]behaviour{honest, honest, stalls, stalls, yields, yields, shirks, liar})
		does := make([]behaviour, n)
		for i := range does {
			does[i] = crowd.Draw(t, "does")
		}
		s := spec(coin(1_000), 3)
		s.LifetimeBlocks = rapid.Uint64Range(20, 200).Draw(t, "lifetime")
		s.Tasks = rapid.SampledFrom([]uint64{1, 2}).Draw(t, "tasks")
		if rapid.Bool().Draw(t, "one replica") {
			s.Policy = types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 5_000, Auditors: 3}
		}
		id := f.post(0, s)
		committed := f.watch(f.players(does...), id)
		job := f.job(id)

		want, lost := map[string]uint32{}, map[string]int64{}
		spent := math.ZeroInt()
		for _, receipt := range f.receipts[id] {
			fees, paid := f.countMissed(receipt, committed, want, lost)
			least := math.MinInt(job.TaskReserve.Sub(paid), math.NewInt(fees))
			require.True(t, receipt.Burned.GTE(least), "expected %s or more, burned %s", least, receipt.Burned)
			spent = spent.Add(paid).Add(receipt.Burned)
		}
		for i := range does {
			node, err := f.nodes.Node(f.ctx, operator(i))
			require.NoError(t, err)
			if does[i] == stalls || does[i] == yields {
				require.Equal(t, want[operator(i).String()], node.State.Jail.Points, "node %d", i)
				require.Equal(t, f.seatsOf(i, f.excused), int(node.State.Yields), "node %d", i)
				require.Equal(t, lost[operator(i).String()], 10_000-node.State.Bond.Int64(), "node %d pays the fee and no more", i)
			}
		}
		require.Equal(t, spent.String(), job.TaskReserve.MulRaw(int64(job.Tasks)).Sub(job.Refunded).String())
	})
}

// seatOf is a node's part in a round.
type seatOf struct {
	job      string
	task     uint64
	round    uint32
	operator string
}

// watch lets all players act until the job has ended, and returns the seats whose nodes have
// committed.
func (f *fixture) watch(players []player, id string) map[seatOf]bool {
	f.t.Helper()
	committed := map[seatOf]bool{}
	for !f.jobEnded(id) {
		for _, p := range players {
			p.act()
			// A task may end with the next message, and its seats are then gone.
			f.noteCommitted(id, committed)
		}
		f.next()
	}
	return committed
}

// noteCommitted adds the nodes that have committed to an open task of the job.
func (f *fixture) noteCommitted(id string, committed map[seatOf]bool) {
	f.t.Helper()
	for task := range f.job(id).Tasks {
		resp, err := f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: id, Task: task})
		if err != nil {
			continue // it has ended, or is not open
		}
		for r, round := range resp.Chunk.Rounds {
			for _, a := range round.Replicas {
				if len(a.Commitment) > 0 {
					committed[seatOf{id, task, uint32(r), a.Operator}] = true
				}
			}
		}
	}
}

// countMissed adds up the points and losses that a receipt causes for its nodes, by round. It
// returns what the task's reserve burns for missed seats, and what it has paid.
func (f *fixture) countMissed(receipt types.Receipt, committed map[seatOf]bool, points map[string]uint32, lost map[string]int64) (fees int64, paid math.Int) {
	came, missed := map[uint32]int{}, map[uint32][]string{}
	paid = math.ZeroInt()
	for _, o := range receipt.Outcomes {
		paid = paid.Add(o.Paid)
		switch {
		case o.Status == types.ASSIGNMENT_STATUS_YIELDED && f.excused[seatOf{receipt.JobId, receipt.Task, o.Round, o.Operator}]:
			lost[o.Operator] += 100 // it is on neither side
		case o.Status == types.ASSIGNMENT_STATUS_MISSED || o.Status == types.ASSIGNMENT_STATUS_YIELDED:
			missed[o.Round] = append(missed[o.Round], o.Operator)
			lost[o.Operator] += 100
		case committed[seatOf{receipt.JobId, receipt.Task, o.Round, o.Operator}]:
			came[o.Round]++
		}
	}
	for round, operators := range missed {
		if len(operators) > came[round] {
			fees += 100 * int64(len(operators))
			continue
		}
		for _, operator := range operators {
			points[operator]++
		}
	}
	return fees, paid
}

// TestMissesCountUpToHalfOfARound tests the rule by itself.
func TestMissesCountUpToHalfOfARound(t *testing.T) {
	for _, c := range []struct {
		committed, missed uint32
		count             bool
	}{{0, 0, true}, {0, 1, false}, {1, 1, true}, {1, 2, false}, {2, 1, true}, {3, 3, true}, {3, 4, false}} {
		t.Run(fmt.Sprintf("%d of %d", c.committed, c.committed+c.missed), func(t *testing.T) {
			require.Equal(t, c.count, types.MissesCount(c.committed, c.missed))
		})
	}
}
