package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// undelivered is a chunk of 16 tasks whose node was paid. No test of this file looks at what
// it has delivered.
func undelivered(t *testing.T, skips func(task uint64) bool) (f *fixture, players []player, id string, n int) {
	t.Helper()
	f = chunkNetwork(t, 14)
	players = f.everyone(14, honest)
	id, n, _ = acceptedChunk(f, players, skips)
	return f, players, id, n
}

func none(uint64) bool { return false }

// award returns what a challenger has received of the losers' bond, who had so much before the
// verdict.
func (f *fixture) award(n int, judging string, before math.Int) math.Int {
	f.t.Helper()
	refund := f.job(judging).Refunded
	return f.net(requester(n)).Sub(before).Sub(refund)
}

// heldOf returns what a node holds of a job.
func (f *fixture) heldOf(n int, job string) types.WorkItem {
	f.t.Helper()
	resp, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(n).String()})
	require.NoError(f.t, err)
	i := slices.IndexFunc(resp.Items, func(item types.WorkItem) bool { return item.Ref.JobId == job })
	require.GreaterOrEqual(f.t, i, 0, "node %d holds nothing of job %s", n, job)
	return resp.Items[i]
}

func TestAChunkThatWasNotDeliveredIsChallengedAsAWhole(t *testing.T) {
	f, players, id, n := undelivered(t, none)
	bond := f.bond(n)
	judging, err := f.challenge(1, id, 5)
	require.NoError(t, err)
	job := f.job(judging)
	require.EqualValues(t, []uint64{16, 16, 0, 16}, []uint64{job.Tasks, job.ChunkTasks, job.Challenged.Task, job.Challenged.Count})
	require.Equal(t, f.proof(id, 0).Receipt.Tags[0], job.Challenged.Tag)
	challenger := f.net(requester(1))
	ended := f.play(players, judging, 120)
	require.Equal(t, types.JOB_STATUS_COMPLETED, ended.Status)
	require.EqualValues(t, 16, ended.TasksAccepted)
	receipt := f.receipts[judging][0]
	require.NotContains(t, receipt.Agreed(), operator(n).String())
	paid := math.ZeroInt()
	for _, o := range receipt.Outcomes {
		require.Equal(t, "1600", o.Paid.String(), "each judge executes all 16 tasks")
		paid = paid.Add(o.Paid)
	}
	require.Equal(t, job.Reserved.Sub(paid).String(), f.net(requester(1)).Sub(challenger).String(), "the challenger pays the judges, and has nothing else back")
	require.Equal(t, bond, f.bond(n))
	_, err = f.queries.Challenge(f.ctx, &types.QueryChallengeRequest{JobId: id, Task: 5})
	require.Error(t, err, "it is over")
}

func TestALieInAChunkThatWasNotDeliveredCostsItsLiability(t *testing.T) {
	for name, skips := range map[string]func(uint64) bool{
		"the first task": func(task uint64) bool { return task == 0 },
		"the last task":  func(task uint64) bool { return task == 15 },
		"all tasks":      func(uint64) bool { return true },
	} {
		t.Run(name, func(t *testing.T) {
			f, players, id, n := undelivered(t, skips)
			bond, wronged, liability := f.bond(n), f.net(requester(0)), f.job(id).Liability
			judging, err := f.challenge(1, id, 5)
			require.NoError(t, err)
			challenger, job := f.net(requester(1)), f.job(judging)
			f.play(players, judging, 120)
			receipt := f.receipts[judging][0]
			require.Equal(t, types.CHUNK_STATUS_ACCEPTED, receipt.Status)
			require.Equal(t, bond.Sub(liability), f.bond(n))
			judges := job.Pay(16).MulRaw(int64(len(receipt.Outcomes)))
			award := f.net(requester(1)).Sub(challenger).Sub(job.Reserved.Sub(judges))
			require.Equal(t, math.MinInt(liability, judges).String(), award.String(), "the liability first repays the judges")
			require.Equal(t, wronged.Add(liability.Sub(award)).String(), f.net(requester(0)).String())
			_, err = f.challenge(2, id, 5)
			require.ErrorIs(t, err, types.ErrNotChallengeable, "it is convicted once")
		})
	}
}

// TestJudgesOfAChunkThatDifferAreJudgedAsAWhole: further rounds execute the whole chunk too. One
// liability pays them, so that the challenger pays the first round alone.
func TestJudgesOfAChunkThatDifferAreJudgedAsAWhole(t *testing.T) {
	for name, does := range map[string]behaviour{
		"lies": liar, "states another exit code": misreports, "bills more fuel": overbills, "is silent": silent, "does not open": closedLiar,
	} {
		t.Run(name, func(t *testing.T) {
			f, players, id, n := undelivered(t, none)
			judging, err := f.challenge(1, id, 0)
			require.NoError(t, err)
			job, bond := f.job(judging), f.bond(n)
			f.until(players, func() bool { return len(f.round(judging).Replicas) == 3 })
			bad := f.drawn(judging)[1]
			players[bad].does = does
			staked := f.bond(bad)
			f.until(players, func() bool { return len(f.task(judging).Rounds) == 2 })
			require.Empty(t, f.round(judging).Samples)
			require.EqualValues(t, 16, f.task(judging).Count)
			require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, judging, 120).Status)
			require.Equal(t, staked.Sub(job.Liability), f.bond(bad))
			require.Equal(t, bond, f.bond(n), "the verdict is that of the others")
			shares := 0
			for _, o := range f.receipts[judging][0].Outcomes {
				if o.Round > 0 {
					require.True(t, o.Share.GTE(math.NewInt(1_600)), "a judge of the second round earns the whole chunk: %s", o.Share)
					shares++
				}
			}
			require.Equal(t, 3, shares)
		})
	}
}

// TestJudgesOfAWholeChunkAreAsManyAsALoserCanPay: one liability pays three judges of all tasks,
// although parameters ask for more of them since then.
func TestJudgesOfAWholeChunkAreAsManyAsALoserCanPay(t *testing.T) {
	f, players, id, _ := undelivered(t, none)
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	require.Equal(t, "4800", f.job(judging).Liability.String())
	f.until(players, func() bool { return len(f.round(judging).Replicas) == 3 })
	f.setParams(func(p *types.Params) { p.Escalation = []uint32{5, 9} })
	players[f.drawn(judging)[1]].does = liar
	f.until(players, func() bool { return len(f.task(judging).Rounds) == 2 })
	require.EqualValues(t, []uint32{5, 3}, []uint32{f.round(judging).Asked, f.round(judging).Target})
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, judging, 120).Status)
	for _, o := range f.receipts[judging][0].Outcomes {
		if o.Round > 0 {
			require.True(t, o.Share.GTE(math.NewInt(1_600)), "a judge of the second round earns the whole chunk: %s", o.Share)
		}
	}
}

// TestTheRootAloneIsNoResult: the root of a chunk is public. A judge that repeats it without
// having executed the tasks under the key of its own round loses its bond.
func TestTheRootAloneIsNoResult(t *testing.T) {
	f, players, id, n := undelivered(t, none)
	f.setParams(func(p *types.Params) { p.Escalation = []uint32{7, 15} })
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	f.until(players, func() bool { return len(f.round(judging).Replicas) == 7 })
	echo := f.drawn(judging)[0]
	players[echo].does = echoes
	staked, bond := f.bond(echo), f.bond(n)
	f.play(players, judging, 120)
	require.Equal(t, staked.Sub(f.job(judging).Liability), f.bond(echo))
	require.Equal(t, bond, f.bond(n))
}

// TestOneJudgeThatWorksConvictsThoseThatCopyTheRoot: the root of a chunk is public, and so is
// the result that most honest judges find. Judges that copy it contradict each judge that has
// executed the tasks, so that a further round decides. Comparing traces of one round alone
// would need three judges with the same trace.
func TestOneJudgeThatWorksConvictsThoseThatCopyTheRoot(t *testing.T) {
	for copiers := 1; copiers <= 2; copiers++ {
		f, players, id, n := undelivered(t, none)
		judging, err := f.challenge(1, id, 0)
		require.NoError(t, err)
		f.until(players, func() bool { return len(f.round(judging).Replicas) == 3 })
		job, bond := f.job(judging), f.bond(n)
		lazy := f.drawn(judging)[:copiers]
		staked := map[int]math.Int{}
		for _, j := range lazy {
			players[j].does, staked[j] = copies, f.bond(j)
		}
		f.until(players, func() bool { return len(f.task(judging).Rounds) == 2 })
		require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, judging, 120).Status)
		for _, j := range lazy {
			require.Equal(t, staked[j].Sub(job.Liability), f.bond(j), "%d copiers", copiers)
		}
		require.Equal(t, bond, f.bond(n))
	}
}

// TestAJudgeShowsOneRootAndNothingElse: leaves, other fuel and openings of single tasks are
// refused.
func TestAJudgeShowsOneRootAndNothingElse(t *testing.T) {
	f, players, id, _ := undelivered(t, none)
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	f.until(players, func() bool { return len(f.round(judging).Replicas) == int(f.job(judging).Policy.Replicas) })
	p := players[f.drawn(judging)[0]]
	of := f.job(judging).Challenged
	item := f.heldOf(p.n, judging)
	shown := p.whole(item, of)
	tag := types.Tag(chainID, judging, 0, shown)
	commitment := types.Commitment(operator(p.n), tag, 0, p.salt())
	require.ErrorIs(t, p.sendCommit(types.CommitItem{Ref: item.Ref, Commitment: commitment, Tasks: 15}), types.ErrInvalidCommitment)
	f.until(players, func() bool { return f.round(judging).Phase == types.ROUND_PHASE_REVEAL })
	reveal := types.RevealItem{Ref: item.Ref, Tag: tag, Salt: p.salt(), Metrics: types.Metrics{Fuel: shown.Fuel}}
	withLeaf := reveal
	withLeaf.Leaves = []types.Subtree{{Hash: tag, Fuel: 1}}
	require.ErrorIs(t, p.sendReveal(withLeaf), types.ErrRevealMismatch)
	overSpec := reveal
	overSpec.Metrics.Fuel = 16_000_001
	require.ErrorIs(t, p.sendReveal(overSpec), types.ErrFuelOverSpec)
	require.NoError(t, p.sendReveal(reveal))
	open := func(change func(*types.OpenItem)) error {
		items := []types.OpenItem{types.NewOpenItem(item.Ref, shown)}
		change(&items[0])
		_, err := f.msgs.Open(f.ctx, &types.MsgOpen{Worker: worker(p.n).String(), Items: items})
		return err
	}
	require.ErrorIs(t, open(func(i *types.OpenItem) { i.Position = 1 }), types.ErrNotOpening)
	require.ErrorIs(t, open(func(i *types.OpenItem) { i.OwnTrace = nil }), types.ErrOpenMismatch)
	require.ErrorIs(t, open(func(i *types.OpenItem) { i.Digest = sum("another") }), types.ErrOpenMismatch)
	require.NoError(t, open(func(*types.OpenItem) {}))
}

// TestAChunkIsChallengedByItsRootAndByALeafAtOnce: every challenger is repaid as many judges as
// the first has paid, for the tasks of their own challenge, as far as the liability goes.
func TestAChunkIsChallengedByItsRootAndByALeafAtOnce(t *testing.T) {
	f := chunkNetwork(t, 14)
	f.setParams(func(p *types.Params) { p.MinLiability = math.NewInt(20_000) })
	players := f.everyone(14, honest)
	id, n, leaves := acceptedChunk(f, players, func(task uint64) bool { return task == 5 })
	liability := f.job(id).Liability
	byLeaf, err := f.challengeLeaf(1, id, 5, leaves)
	require.NoError(t, err)
	byRoot, err := f.challenge(2, id, 5)
	require.NoError(t, err)
	again, err := f.challenge(3, id, 9)
	require.NoError(t, err)
	resp, err := f.queries.Challenge(f.ctx, &types.QueryChallengeRequest{JobId: id, Task: 11})
	require.NoError(t, err)
	require.EqualValues(t, []uint64{3, 33}, []uint64{uint64(resp.Challenge.Judging), resp.Challenge.JudgedTasks})
	bond, wronged := f.bond(n), f.net(requester(0))
	before := []math.Int{f.net(requester(1)), f.net(requester(2)), f.net(requester(3))}
	honest := math.ZeroInt()
	for i, judging := range []string{byLeaf, byRoot, again} {
		f.play(players, judging, 120)
		judges := math.NewInt(3 * 100 * []int64{1, 16, 16}[i])
		honest = honest.Add(f.award(i+1, judging, before[i]).Sub(judges))
	}
	require.Equal(t, bond.Sub(liability), f.bond(n), "once")
	require.Equal(t, wronged.AddRaw(1_600).String(), f.net(requester(0)).String())
	require.Equal(t, "100", honest.String(), "each challenger is repaid their own judges, and the first has the honest share")
	c, err := f.queries.Challenge(f.ctx, &types.QueryChallengeRequest{JobId: id, Task: 5})
	require.NoError(t, err)
	require.True(t, c.Challenge.Pledged.IsZero())
}

// TestTheRestOfAChunkIsChallengedAsItsOwn: a node that has committed to a part answers for it.
func TestTheRestOfAChunkIsChallengedAsItsOwn(t *testing.T) {
	f := chunkNetwork(t, 14)
	players := f.everyone(14, honest)
	for i := range players {
		players[i].chunk.first = 6
	}
	id, n, _ := acceptedChunk(f, players, none)
	require.EqualValues(t, []uint64{6, 6}, []uint64{f.proof(id, 0).Receipt.Count, f.proof(id, 7).Receipt.Count})
	bond := f.bond(n)
	judging, err := f.challenge(1, id, 3)
	require.NoError(t, err)
	require.EqualValues(t, []uint64{6, 6}, []uint64{f.job(judging).Tasks, f.job(judging).Challenged.Count})
	rest, err := f.challenge(2, id, 7)
	require.NoError(t, err)
	require.EqualValues(t, 6, f.job(rest).Challenged.Task)
	f.play(players, judging, 120)
	f.play(players, rest, 120)
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(rest).Status)
	require.Equal(t, bond, f.bond(n))
}

// TestAChallengeOfAChunkWhoseInputsAreWithheldCostsItsChallenger: it ends without a verdict.
func TestAChallengeOfAChunkWhoseInputsAreWithheldCostsItsChallenger(t *testing.T) {
	f, players, id, n := undelivered(t, none)
	bond := f.bond(n)
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	job := f.job(judging)
	before := f.net(requester(1))
	for i := range players {
		players[i].does = shirks
	}
	ended := f.play(players, judging, 200)
	require.NotEqual(t, types.JOB_STATUS_COMPLETED, ended.Status)
	held, burned := math.ZeroInt(), job.Reserved.QuoRaw(10)
	for _, o := range f.receipts[judging][0].Outcomes {
		held = held.Add(o.Paid)
	}
	require.Equal(t, job.Reserved.Sub(burned).Sub(held).String(), f.net(requester(1)).Sub(before).String(), "a tenth of what was put up is burned")
	require.Equal(t, bond, f.bond(n))
}

// TestAnAuditedChunkCanBeChallengedToo: its audit has seen samples alone.
func TestAnAuditedChunkCanBeChallengedToo(t *testing.T) {
	f := chunkNetwork(t, 14)
	players := f.everyone(14, honest)
	s := chunked(16, 16)
	s.Policy.ChallengeBlocks = window
	id := f.post(0, s)
	f.until(players, func() bool { return f.assignedTo(id, 0) != nil })
	n := *f.assignedTo(id, 0)
	f.play(players, id, 300)
	receipt := f.proof(id, 0).Receipt
	require.True(t, receipt.Audited)
	require.GreaterOrEqual(t, receipt.ChallengeUntil, receipt.Height+window)
	require.Equal(t, []string{operator(n).String()}, receipt.Agreed(), "its auditors have not executed it")
	judging, err := f.challenge(1, id, 5)
	require.NoError(t, err)
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, judging, 120).Status)
}
