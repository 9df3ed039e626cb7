package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
	rewardskeeper "github.com/thetaedge/theta/x/rewards/keeper"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

const (
	// grantPrice is what 10^9 of fuel earn, grantReward the price of the fuel limit of spec, and
	// grantPay that of the 100 of fuel that its program uses.
	grantPrice   = 10_000_000_000
	grantReward  = 10_000_000
	grantPay     = 1_000
	grantDeposit = 1_000_000_000_000
	grantBudget  = 100_000_000_000
)

// publicNetwork registers n equal nodes that can stake the rewards of grants.
func (f *fixture) publicNetwork(n int) {
	f.t.Helper()
	for i := range n {
		f.register(i, 1_000_000_000_000, 40)
	}
	require.NoError(f.t, f.nodes.RollEpoch(f.ctx))
}

// makeGrant makes a grant for requester 0, with its deposit.
func (f *fixture) makeGrant(kind types.PolicyKind, budget int64) uint64 {
	f.t.Helper()
	msgs, program := rewardskeeper.NewMsgServer(f.rewards), spec(coin(1), 3).Program.Sha256
	made, err := msgs.CreateGrant(f.ctx, &rewardstypes.MsgCreateGrant{Authority: authority(), Terms: rewardstypes.GrantTerms{
		Grantee: requester(0).String(), Purpose: "science", Programs: [][]byte{program},
		Prices: []rewardstypes.GrantPrice{{Class: class, Price: math.NewInt(grantPrice)}},
		Budget: math.NewInt(budget), Epochs: 100, Policy: kind, Deposit: math.NewInt(grantDeposit), FuelPerBlock: 1_000_000,
	}})
	require.NoError(f.t, err)
	f.fund(requester(0), coin(grantDeposit))
	_, err = msgs.FundGrant(f.ctx, &rewardstypes.MsgFundGrant{Grantee: requester(0).String(), Id: made.Id, Amount: coin(grantDeposit)})
	require.NoError(f.t, err)
	return made.Id
}

func (f *fixture) grantOf(id uint64) rewardstypes.Grant {
	f.t.Helper()
	grant, err := f.rewards.Grant(f.ctx, id)
	require.NoError(f.t, err)
	return grant
}

// granted returns a job that a grant pays for.
func granted(id uint64, kind types.PolicyKind) types.JobSpec {
	s := spec(coin(grantReward), 3)
	s.Grant = id
	if kind == types.POLICY_KIND_AUDIT {
		s.Policy = types.Policy{Kind: kind, Replicas: 1, AuditBps: 1, Auditors: 1}
	}
	return s
}

// postGranted posts a job of requester 0, which needs no coins for that.
func (f *fixture) postGranted(s types.JobSpec) (string, error) {
	cached, write := f.ctx.CacheContext()
	resp, err := f.msgs.PostJob(cached, &types.MsgPostJob{Requester: requester(0).String(), Spec: s})
	if err != nil {
		return "", err
	}
	write()
	return resp.JobId, nil
}

func (f *fixture) heldPay(n int) math.Int {
	f.t.Helper()
	sum := math.ZeroInt()
	held, err := f.rewards.HeldPay(f.ctx, operator(n), 1_000)
	require.NoError(f.t, err)
	for _, pay := range held {
		sum = sum.Add(pay.Amount)
	}
	return sum
}

// An accepted result earns the price of its used fuel in new coins. The deposit pays for the
// posting alone, and what was not used returns to the budget.
func TestGrantPaysForTheFuelThatAResultUsed(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(6)
	grant := f.makeGrant(types.POLICY_KIND_QUORUM, grantBudget)
	supply := f.bank.GetSupply(f.ctx, denom).Amount
	s := granted(grant, types.POLICY_KIND_QUORUM)
	id, err := f.postGranted(s)
	require.NoError(t, err)
	fee := int64(s.Size())
	// six attempt fees and the fees of five seats
	require.Equal(t, "11000000", f.job(id).Reserved.String())
	require.Equal(t, math.NewInt(grantDeposit-11_000_000-fee).String(), f.grantOf(grant).Deposit.String())
	require.Equal(t, "80000000", f.grantOf(grant).Encumbered.String(), "three replicas, and five seats that may be vacated")
	job := f.play(f.players(honest, honest, honest, honest, honest, honest), id, 40)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	paid := 0
	for _, o := range f.receipt(id).Outcomes {
		require.EqualValues(t, grantPay, o.Paid.Int64())
		paid++
	}
	require.Equal(t, 3, paid)
	after := f.grantOf(grant)
	require.Equal(t, "3000", after.Classes[0].Minted.String())
	require.Equal(t, "300", after.Classes[0].Fuel.String())
	require.Equal(t, "3000", after.Encumbered.String())
	require.Equal(t, math.NewInt(grantDeposit-fee).String(), after.Deposit.String())
	require.True(t, f.balance(0).IsZero(), "nothing is refunded to the grantee's account")
	held := math.ZeroInt()
	for n := range 6 {
		held = held.Add(f.heldPay(n))
		require.True(t, f.earned(n).Empty())
	}
	require.Equal(t, "2640", held.String())
	f.blocks(4)
	burned := supply.AddRaw(3_000).Sub(f.bank.GetSupply(f.ctx, denom).Amount)
	require.EqualValues(t, fee+150, burned.Int64(), "posting fee, and the burned share")
}

// Auditors earn the same price, and a chunk earns the price of all its tasks.
func TestGrantPaysAuditorsForTheirSamples(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(6)
	grant := f.makeGrant(types.POLICY_KIND_AUDIT, grantBudget)
	s := granted(grant, types.POLICY_KIND_AUDIT)
	s.Policy.AuditBps, s.Policy.Samples = types.BasisPoints, 4
	s.Tasks, s.ChunkTasks, s.CommitBlocks = 16, 16, 30
	id, err := f.postGranted(s)
	require.NoError(t, err)
	job := f.play(f.players(honest, honest, honest, honest, honest, honest), id, 80)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	receipt := f.receipts[id][0]
	require.True(t, receipt.Audited)
	require.Len(t, receipt.Outcomes, 2)
	fuel := uint64(0)
	for task := range uint64(16) {
		fuel += taskFuel(task)
	}
	require.Equal(t, fuel, receipt.Fuel)
	pay := func(fuel uint64) string {
		return types.FuelPay(math.NewInt(grantPrice), math.NewIntFromUint64(fuel)).String()
	}
	require.Equal(t, pay(fuel), receipt.Outcomes[0].Paid.String())
	audited := receipt.Outcomes[1]
	require.True(t, audited.Paid.GTE(math.NewInt(4*9_000_000)) && audited.Paid.LT(receipt.Outcomes[0].Paid), "%s", audited.Paid)
	require.Equal(t, pay(audited.Metrics.Fuel), audited.Paid.String())
	require.Equal(t, receipt.Outcomes[0].Paid.Add(audited.Paid).String(), f.grantOf(grant).Classes[0].Minted.String())
}

// If judges find that the replica of a chunk has lied, the chunk has no result. A grant mints nothing for
// it, and the auditor who was right earns the attempt fee, from the deposit.
func TestGrantMintsNothingForAnAuditorOfAChunkWithoutAResult(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(9)
	grant := f.makeGrant(types.POLICY_KIND_AUDIT, grantBudget)
	s := granted(grant, types.POLICY_KIND_AUDIT)
	s.Policy.AuditBps, s.Policy.Samples = types.BasisPoints, 4
	s.Tasks, s.ChunkTasks, s.CommitBlocks = 16, 16, 30
	id, err := f.postGranted(s)
	require.NoError(t, err)
	reserved, deposit := f.job(id).Reserved, f.grantOf(grant).Deposit
	players := f.everyone(9, honest)
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) > 0 })
	players[f.drawn(id)[0]].chunk.skips = func(uint64) bool { return true }
	job := f.play(players, id, 300)
	receipt := f.receipts[id][0]
	require.Equal(t, types.CHUNK_STATUS_FAILED, receipt.Status)
	auditor := receipt.Outcomes[1]
	require.Equal(t, types.ASSIGNMENT_STATUS_PAID, auditor.Status)
	params, err := f.keeper.Params(f.ctx)
	require.NoError(t, err)
	sampled := math.NewInt(grantReward).MulRaw(int64(types.SampleSize(16, 4, s.Resources.Fuel, receipt.Outcomes[0].Metrics.Fuel)))
	require.Equal(t, params.AttemptFee(sampled).String(), auditor.Paid.String())
	after := f.grantOf(grant)
	require.Equal(t, "0", after.Classes[0].Minted.String())
	require.Equal(t, deposit.Add(reserved).Sub(auditor.Paid).Sub(receipt.Burned).String(), after.Deposit.String())
	require.Equal(t, job.EncumbranceOf(16).String(), after.Encumbered.String(), "the lot of the chunk is used up")
}

func TestGrantRefusesJobsWhoseResultsTheLotDoesNotVerify(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(6)
	grant := f.makeGrant(types.POLICY_KIND_QUORUM, grantBudget)
	for name, c := range map[string]struct {
		change func(*types.JobSpec)
		want   error
	}{
		"trust": {func(s *types.JobSpec) {
			s.Policy = types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 5}
		}, types.ErrUnsupported},
		"named node": {func(s *types.JobSpec) {
			s.Policy = types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 5, Node: operator(0).String()}
		}, types.ErrUnsupported},
		"own risk":  {func(s *types.JobSpec) { s.Policy.OwnRisk = true }, types.ErrUnsupported},
		"executor":  {func(s *types.JobSpec) { s.Executor = "tensor/1"; s.Resources.DeviceBytes = 1 }, types.ErrUnsupported},
		"placement": {func(s *types.JobSpec) { s.Placement.Denied = []string{operator(0).String()} }, types.ErrInvalidSpec},
		"regions":   {func(s *types.JobSpec) { s.Placement.Regions = []string{"de"} }, types.ErrInvalidSpec},
		"reward":    {func(s *types.JobSpec) { s.Reward = s.Reward.AddAmount(math.OneInt()) }, rewardstypes.ErrNotGranted},
		"program":   {func(s *types.JobSpec) { s.Program.Sha256 = sum("another") }, rewardstypes.ErrNotGranted},
		"budget":    {func(s *types.JobSpec) { s.Tasks = 2_000 }, rewardstypes.ErrGrantSpent},
		"no grant":  {func(s *types.JobSpec) { s.Grant = 9 }, rewardstypes.ErrGrantNotFound},
	} {
		s := granted(grant, types.POLICY_KIND_QUORUM)
		c.change(&s)
		_, err := f.postGranted(s)
		require.ErrorIs(t, err, c.want, name)
	}
	s := granted(grant, types.POLICY_KIND_QUORUM)
	_, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: requester(1).String(), Spec: s})
	require.ErrorIs(t, err, rewardstypes.ErrNotGrantee)
	id, err := f.postGranted(s)
	require.NoError(t, err)
	_, err = f.msgs.TopUpJob(f.ctx, &types.MsgTopUpJob{Requester: requester(0).String(), JobId: id, Tasks: 1})
	require.ErrorIs(t, err, types.ErrInvalidTopUp)
}

// The attempt fees of a job that its grantee cancels come from the deposit, nothing is minted, and
// its encumbrance is used up: the lot has named nodes.
func TestAbandonedWorkOfAGrantCostsItsDepositAndItsBudget(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(6)
	grant := f.makeGrant(types.POLICY_KIND_QUORUM, grantBudget)
	id, err := f.postGranted(granted(grant, types.POLICY_KIND_QUORUM))
	require.NoError(t, err)
	players := f.players(stalls, stalls, stalls, stalls, stalls, stalls)
	for range 5 {
		for _, p := range players {
			p.act()
		}
		f.next()
	}
	_, err = f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
	require.NoError(t, err)
	f.next()
	require.Equal(t, types.JOB_STATUS_CANCELLED, f.job(id).Status)
	after := f.grantOf(grant)
	require.Equal(t, "0", after.Classes[0].Minted.String())
	require.Equal(t, "80000000", after.Encumbered.String())
	earned := math.ZeroInt()
	for n := range 6 {
		earned = earned.Add(f.earned(n).AmountOf(denom))
		require.True(t, f.heldPay(n).IsZero())
	}
	require.Equal(t, "2640000", earned.String(), "three attempt fees, after the fee split")
	require.Equal(t, "3000000", math.NewInt(grantDeposit).Sub(after.Deposit).SubRaw(int64(f.specSize(id))).String(), "which are as much as the fees of the seats")
}

// A job that no node has taken returns all that it has encumbered.
func TestJobOfAGrantThatNoNodeTakesReturnsItsBudget(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(6)
	grant := f.makeGrant(types.POLICY_KIND_QUORUM, grantBudget)
	s := granted(grant, types.POLICY_KIND_QUORUM)
	s.Tasks = 20
	_, err := f.postGranted(s)
	require.NoError(t, err)
	require.Equal(t, "1600000000", f.grantOf(grant).Encumbered.String())
	f.blocks(60)
	after := f.grantOf(grant)
	require.Equal(t, "0", after.Encumbered.String())
	require.Equal(t, "0", after.Outstanding.String())
}

// Seats that nodes leave use up the budget of a seat each, and after some of them the task ends.
func TestVacatedSeatsUseUpTheBudgetOfAGrant(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(12)
	f.setParams(func(p *types.Params) { p.InputReports = 32 })
	grant := f.makeGrant(types.POLICY_KIND_AUDIT, grantBudget)
	s := granted(grant, types.POLICY_KIND_AUDIT)
	s.LifetimeBlocks = 1_000
	id, err := f.postGranted(s)
	require.NoError(t, err)
	does := make([]behaviour, 12)
	for n := range does {
		does[n] = shirks
	}
	f.play(f.players(does...), id, 600)
	receipt := f.receipt(id)
	require.NotEqual(t, types.CHUNK_STATUS_ACCEPTED, receipt.Status)
	require.Len(t, receipt.Outcomes, 3, "one replica, and two spare seats")
	require.Equal(t, "50000000", f.grantOf(grant).Encumbered.String())
	require.Equal(t, "0", f.grantOf(grant).Classes[0].Minted.String())
}

// The challenger pays the judges of a granted job's result, and a conviction does not compensate
// the grantee for a result that the chain has paid for.
func TestChallengesOfAGrantsResultsArePaidByTheirChallengers(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(8)
	grant := f.makeGrant(types.POLICY_KIND_AUDIT, grantBudget)
	players := f.players(liar, honest, honest, honest, honest, honest, honest, honest)
	var id string
	for id == "" {
		s := granted(grant, types.POLICY_KIND_AUDIT)
		s.Policy.ChallengeBlocks = window
		posted, err := f.postGranted(s)
		require.NoError(t, err)
		f.play(players, posted, 120)
		if r := f.receipt(posted); r.Status == types.CHUNK_STATUS_ACCEPTED && r.Outcomes[0].Operator == operator(0).String() {
			id = posted
		}
	}
	minted, before := f.grantOf(grant).Classes[0].Minted, f.net(requester(0))
	f.fund(requester(1), coin(1_000_000_000))
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	require.Nil(t, f.job(judging).Grant)
	f.play(players, judging, 200)
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(judging).Status)
	require.Equal(t, minted.String(), f.grantOf(grant).Classes[0].Minted.String(), "judges are not paid by the grant")
	require.Equal(t, before.String(), f.net(requester(0)).String(), "the grantee has paid nothing")
	require.True(t, f.bond(0).LT(math.NewInt(1_000_000_000_000)), "the liar was slashed")
}

// A grantee that abandons each draw that names nodes of others takes no larger part of a budget
// than its nodes' share of the lot, however often it draws.
func TestDrawingAgainDoesNotRaiseAGroupsShareOfAGrant(t *testing.T) {
	f := newFixture(t)
	const nodes, ring, seats = 10, 3, 40
	f.publicNetwork(nodes)
	grant := f.makeGrant(types.POLICY_KIND_AUDIT, seats*grantPay)
	s := granted(grant, types.POLICY_KIND_AUDIT)
	s.Resources.Fuel, s.Reward = 100, coin(grantPay) // the program uses all the fuel that it may
	players := f.everyone(nodes, honest)
	own, posted := 0, 0
	for ; posted < 4*seats; posted++ {
		id, err := f.postGranted(s)
		if err != nil {
			require.ErrorIs(t, err, rewardstypes.ErrGrantSpent)
			break
		}
		for !f.over(id) {
			if holder := f.holder(id, nodes); holder >= ring { // before it commits
				_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
				require.NoError(t, err)
			} else {
				for _, p := range players {
					p.act()
				}
			}
			f.next()
		}
		if f.job(id).Status == types.JOB_STATUS_COMPLETED {
			own++
		}
	}
	minted, share := f.grantOf(grant).Classes[0].Minted.Int64(), int64(seats*grantPay*ring/nodes)
	t.Logf("%d jobs posted, %d run on own nodes, %d minted of a budget of %d", posted, own, minted, seats*grantPay)
	require.Positive(t, own)
	require.EqualValues(t, own*grantPay, minted)
	require.LessOrEqual(t, minted, share)
	require.True(t, f.grantOf(grant).Encumbered.GT(math.NewInt((seats-5)*grantPay)), "the budget is used up")
}

// holder returns which of n nodes is assigned a task of a job, or -1.
func (f *fixture) holder(id string, n int) int {
	f.t.Helper()
	for i := range n {
		held, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(i).String()})
		require.NoError(f.t, err)
		for _, item := range held.Items {
			if item.Ref.JobId == id && item.Assignment.Status == types.ASSIGNMENT_STATUS_ASSIGNED {
				return i
			}
		}
	}
	return -1
}

// A seat of a chunk that nodes have left uses up the budget of all its tasks, also of those that a
// later node leaves to others. A group whose node cuts a chunk short could otherwise have the rest
// drawn again at the price of a single task.
func TestRestOfAChunkUsesUpTheBudgetOfItsVacatedSeats(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(12)
	grant := f.makeGrant(types.POLICY_KIND_AUDIT, grantBudget)
	s := granted(grant, types.POLICY_KIND_AUDIT)
	s.Policy.AuditBps, s.Policy.Samples = types.BasisPoints, 4
	s.Tasks, s.ChunkTasks, s.CommitBlocks, s.LifetimeBlocks = 64, 64, 100, 1_000
	id, err := f.postGranted(s)
	require.NoError(t, err)
	players := f.everyone(12, honest)
	for range 2 {
		f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) > 0 })
		n := f.drawn(id)[0]
		require.NoError(t, f.release(n, types.ReleaseItem{Ref: ref(id, 0)}))
	}
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) > 0 })
	players[f.drawn(id)[0]].chunk.first = 8
	f.until(players, func() bool { return f.task(id).Count == 8 })
	for n := range players {
		players[n].chunk.first = 0
	}
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, id, 400).Status)
	after := f.grantOf(grant)
	vacated := math.NewInt(grantReward).MulRaw(2 * 64)
	require.Equal(t, after.Classes[0].Minted.Add(vacated).String(), after.Encumbered.String())
}
