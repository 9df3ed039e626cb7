package keeper_test

import (
	"fmt"
	gomath "math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardskeeper "github.com/thetaedge/theta/x/rewards/keeper"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// market is a random run of the network: nodes of all behaviours, requesters who post and
// cancel, a beacon that stalls, and epochs that change. The money is compared with the model
// after every block.
type market struct {
	*fixture
	players []player
	jobs    []string
	// spent is the amount that each job took from its requester, without the posting fee.
	spent map[string]math.Int
	// fees is the amount that posting has burned.
	fees math.Int
	// worth contains the rule that each job's denom had when the job was posted.
	worth map[string]types.PaymentDenom
	// liarsWin reports whether there are enough liars to win a vote.
	liarsWin bool
	// vouched reports whether programs are taken to be deterministic.
	vouched bool
	// notes is what nodes have committed to.
	notes *chunkNotes
}

func newMarket(t *rapid.T) *market {
	m := &market{
		fixture: newFixture(t), spent: map[string]math.Int{}, fees: math.ZeroInt(), notes: newChunkNotes(), worth: map[string]types.PaymentDenom{},
	}
	m.model = newEnergyModel()
	m.liarsWin = rapid.Bool().Draw(t, "liars may win")
	m.vouched = rapid.IntRange(0, 2).Draw(t, "vouched") > 0
	m.exit = rapid.SampledFrom([]uint32{0, 3}).Draw(t, "exit code")
	m.fails = rapid.SampledFrom([]func(uint64) bool{nil, func(task uint64) bool { return task%3 == 0 }}).Draw(t, "tasks that fail")
	floor := rapid.SampledFrom([]uint32{0, 3_000}).Draw(t, "audit floor")
	fees := rapid.SampledFrom([]uint32{0, 1_000, types.BasisPoints})
	attempt, missed := fees.Draw(t, "attempt fee"), fees.Draw(t, "missed fault")
	m.setParams(func(p *types.Params) {
		p.AuditFloorBps = floor
		p.AttemptFeeBps, p.MissedFaultBps = attempt, missed
		if !m.vouched {
			p.DeterministicExecutors = nil
		}
	})
	crowd := rapid.SampledFrom([]behaviour{honest, honest, honest, stalls, yields, shirks, closed})
	if m.liarsWin {
		crowd = rapid.SampledFrom([]behaviour{honest, honest, liar, colluder, colluder, silent, stalls, yields, shirks, closed, closedLiar, misreports, gives, gives})
	}
	n := rapid.IntRange(9, 14).Draw(t, "nodes")
	for i := range n {
		does := crowd.Draw(t, "behaviour")
		if !m.liarsWin && i < 2 {
			does = rapid.SampledFrom([]behaviour{liar, colluder, silent, closedLiar, misreports}).Draw(t, "bad")
		}
		if !m.liarsWin && i >= 2 && i < 9 {
			does = rapid.SampledFrom([]behaviour{honest, closed}).Draw(t, "good")
		}
		m.claimed[i] = drawClaims(t)
		m.players = append(m.players, player{f: m.fixture, n: i, does: does, chunk: drawChunkBehaviour(t, m.notes, does)})
		m.register(i, rapid.Int64Range(4_000, 40_000).Draw(t, "bond"), uint32(rapid.IntRange(1, 5).Draw(t, "slots")))
	}
	require.NoError(t, m.nodes.RollEpoch(m.ctx))
	return m
}

// actions returns what may happen in a run, each at random.
func (m *market) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"block": func(t *rapid.T) { m.turn(t) },
		"turns": func(t *rapid.T) {
			for range rapid.IntRange(2, 12).Draw(t, "turns") {
				m.turn(t)
			}
		},
		"post":      m.postOne,
		"cancel":    m.cancelOne,
		"top up":    m.topUpOne,
		"review":    m.reviewOne,
		"redeliver": m.redeliverOne,
		"redraw":    m.redrawOne,
		"challenge": m.challengeOne,
		"explain":   m.explainOne,
		"reprice":   m.reprice,
		"restart":   m.restart,
		"beacon": func(*rapid.T) {
			m.beacon.withheld = !m.beacon.withheld
			m.beacon.since = m.ctx.BlockHeight()
		},
		"epoch": func(t *rapid.T) { require.NoError(t, m.nodes.RollEpoch(m.ctx)) },
		"claim earnings": func(t *rapid.T) {
			n := rapid.IntRange(0, len(m.players)-1).Draw(t, "node")
			_, err := rewardskeeper.NewMsgServer(m.rewards).Claim(m.ctx,
				&rewardstypes.MsgClaim{Operator: operator(n).String()})
			if err != nil {
				require.True(t, m.earned(n).Empty(), "%s", err)
			}
		},
		"move":           m.moveOne,
		"carbon factors": m.refactor,
		"unbond": func(t *rapid.T) {
			n := rapid.IntRange(0, len(m.players)-1).Draw(t, "node")
			// The message is refused if the bond is not free; the invariants check whether it
			// was.
			_, _ = edgenodekeeper.NewMsgServer(m.nodes).Unbond(m.ctx, &edgenodetypes.MsgUnbond{
				Operator: operator(n).String(), Amount: coin(rapid.Int64Range(1, 5_000).Draw(t, "amount")),
			})
		},
		"": func(t *rapid.T) { m.check(t) },
	}
}

// turn lets a random part of the nodes act, in random order. Honest nodes always act, so that
// they never lose anything by their own fault.
func (m *market) turn(t *rapid.T) {
	order := rapid.Permutation(m.players).Draw(t, "order")
	for _, p := range order {
		if p.does == honest || p.does == closed || rapid.IntRange(0, 3).Draw(t, "acts") > 0 {
			p.act()
		}
	}
	m.next()
}

// check compares the run with the model, between messages.
func (m *market) check(t *rapid.T) {
	slashed, slashShares, paid := math.ZeroInt(), math.ZeroInt(), sdk.NewCoins()
	for _, id := range m.jobs {
		job := m.job(id)
		if !job.Ended() {
			continue
		}
		gross, burned := math.ZeroInt(), math.ZeroInt()
		m.checkChunks(t, &job)
		for _, receipt := range m.receipts[id] {
			m.checkBurned(t, &job, receipt)
			m.checkChunkResult(t, &job, receipt)
			burned = burned.Add(receipt.Burned)
			for _, o := range receipt.Outcomes {
				m.checkOutcome(t, &job, receipt, o)
				gross = gross.Add(o.Paid)
				slashed, slashShares = slashed.Add(o.Slashed), slashShares.Add(o.Share)
			}
		}
		require.Equal(t, m.spent[id].String(), gross.Add(burned).Add(job.Refunded).String(), "job %s: reserved = paid + burned + refunded", id)
		if gross.IsPositive() {
			paid = paid.Add(sdk.NewCoin(job.Reward.Denom, gross))
		}
	}
	require.True(t, slashShares.LTE(slashed), "nobody gains more from slashing than was slashed")
	m.checkFailures(t)
	m.checkHonest(t)
	m.checkYields(t)
	m.checkSupply(t)
	m.checkDiscarded(t)
	m.model.check(m.fixture)
}

// checkOutcome checks that nodes that are right are paid, and that no node loses what its
// policy does not stake.
func (m *market) checkOutcome(t *rapid.T, job *types.Job, receipt types.Receipt, o types.Outcome) {
	accepted := receipt.Status == types.CHUNK_STATUS_ACCEPTED
	switch {
	case accepted && o.Status == types.ASSIGNMENT_STATUS_PAID && o.Round > 0:
		least := job.BondValue
		if job.Challenged.Whole() {
			least = job.Value(receipt.Count)
		}
		require.True(t, o.Share.GTE(least), "job %s: judge %s got %s of %s", job.Id, o.Operator, o.Share, least)
	case accepted && o.Status == types.ASSIGNMENT_STATUS_PAID:
		require.Equal(t, m.earns(job, receipt, o).String(), o.Paid.String(), "job %s: replica or auditor %s", job.Id, o.Operator)
	}
	if o.Status == types.ASSIGNMENT_STATUS_YIELDED {
		require.True(t, o.Paid.IsZero() && o.Share.IsZero(), "job %s: %s was paid for what it gave up", job.Id, o.Operator)
		// The chunk may have been cut after the node had given it up as a whole.
		require.True(t, o.Slashed.LTE(m.params().MissedFault(job.Value(max(receipt.Count, job.ChunkTasks)))), "job %s: %s lost more than a missed deadline costs", job.Id, o.Operator)
	}
	require.True(t, o.Slashed.LTE(job.Liability), "job %s: %s lost more than it had locked", job.Id, o.Operator)
	if !job.Slashable {
		require.Zero(t, o.Round, "job %s: no further round", job.Id)
		require.NotEqual(t, types.ASSIGNMENT_STATUS_SLASHED, o.Status, "job %s: %s was slashed over what may differ", job.Id, o.Operator)
	}
	if !accepted && !m.liarsWin && job.Slashable && !judged(job, receipt) {
		require.NotEqual(t, types.ASSIGNMENT_STATUS_SLASHED, o.Status, "job %s: slashed without a verdict", job.Id)
	}
}

// checkHonest checks that honest nodes never lose bond if liars cannot win a vote.
func (m *market) checkHonest(t *rapid.T) {
	if m.liarsWin {
		return
	}
	for _, p := range m.players {
		if p.does != honest {
			continue // a closed node relies on others to open its digest
		}
		node, err := m.nodes.Node(m.ctx, operator(p.n))
		require.NoError(t, err)
		require.Zero(t, node.State.Faults.Silent+node.State.Faults.Missed, "node %d is honest and was faulted", p.n)
		if m.vouched && !m.convictable(p.n) {
			require.Zero(t, node.State.Faults.Wrong, "node %d is honest and was found wrong", p.n)
		}
	}
}

// checkYields checks that a node has as many yields excused as the window allows, which is longer
// than any run, and no point towards jail for these.
func (m *market) checkYields(t *rapid.T) {
	for _, p := range m.players {
		if p.does != yields {
			continue
		}
		node, err := m.nodes.Node(m.ctx, operator(p.n))
		require.NoError(t, err)
		excused := m.seatsOf(p.n, m.excused)
		require.LessOrEqual(t, excused, m.maxYields(), "node %d", p.n)
		require.Equal(t, excused, int(node.State.Yields), "node %d", p.n)
		require.LessOrEqual(t, int(node.State.Jail.Points), int(node.State.Faults.Missed), "node %d has points only for what was not excused", p.n)
	}
}

// convictable reports whether liars may have found a node wrong because the nodes that agree
// with it do not open their results and rely on others to do so: it was judged by a jury
// without any honest node that opens, or its result was challenged, so that it could not open
// for its judges.
func (m *market) convictable(n int) bool {
	if !slices.ContainsFunc(m.players, func(p player) bool { return p.does == closed }) {
		return false
	}
	return slices.ContainsFunc(m.jobs, func(id string) bool {
		if slices.ContainsFunc(m.receipts[id], func(r types.Receipt) bool { return m.deserted(r, n) }) {
			return true
		}
		judging := m.job(id)
		return judging.Challenged != nil && slices.ContainsFunc(m.receipts[judging.Challenged.JobId], func(r types.Receipt) bool {
			return slices.Contains(r.Agreed(), operator(n).String())
		})
	})
}

// deserted reports whether a jury found a node wrong of which no honest node was a member that
// opens its results.
func (m *market) deserted(r types.Receipt, n int) bool {
	wrong := false
	for _, o := range r.Outcomes {
		if o.Round > 0 && slices.ContainsFunc(m.players, func(p player) bool { return p.does == honest && operator(p.n).String() == o.Operator }) {
			return false
		}
		wrong = wrong || o.Operator == operator(n).String() && o.Status == types.ASSIGNMENT_STATUS_SLASHED
	}
	return wrong
}

// checkSupply checks that the balances of all accounts add up to the supply, that the supply
// is what was minted less what was burned, and that only posting, rewards and slashes burn.
func (m *market) checkSupply(t *rapid.T) {
	for _, d := range []string{denom, otherCoin} {
		sum := math.ZeroInt()
		m.bank.IterateAllBalances(m.ctx, func(_ sdk.AccAddress, c sdk.Coin) bool {
			if c.Denom == d {
				sum = sum.Add(c.Amount)
			}
			return false
		})
		supply := m.bank.GetSupply(m.ctx, d).Amount
		require.Equal(t, supply.String(), sum.String(), "supply of %s is in accounts", d)
		burned := m.minted.AmountOf(d).Sub(supply)
		require.False(t, burned.IsNegative(), "nothing is minted but by the test")
		if d == otherCoin {
			require.Equal(t, "0", burned.String(), "only the fee denom is burned")
		} else {
			require.True(t, burned.GTE(m.fees.Add(m.toldBurned(d))), "posting fees are burned, and what receipts tell")
		}
	}
}

// toldBurned returns the amount of a denom that receipts report as burned, including receipts
// of this block.
func (m *market) toldBurned(d string) math.Int {
	var told []types.Receipt
	for _, of := range m.receipts {
		told = append(told, of...)
	}
	for _, change := range changes[*types.ChunkChange_Ended](m.fixture) {
		told = append(told, *change.Ended)
	}
	sum := math.ZeroInt()
	for _, r := range told {
		if r.Reward.Denom == d {
			sum = sum.Add(r.Burned)
		}
	}
	return sum
}

// checkBurned checks that the cost of a task in addition to its pay is at most what it has
// set aside for its draws, unless its result was delivered and not accepted; and that a task
// for which nodes were drawn is never free.
func (m *market) checkBurned(t *rapid.T, job *types.Job, r types.Receipt) {
	seats, paid := job.SeatFeeOf(r.Count).MulRaw(int64(job.Policy.Replicas)), math.ZeroInt()
	for _, o := range r.Outcomes {
		paid = paid.Add(o.Paid)
	}
	switch r.Status {
	case types.CHUNK_STATUS_ACCEPTED:
		require.True(t, r.Burned.LTE(job.DrawReserve(r.Count)), "job %s burned %s for draws", job.Id, r.Burned)
	case types.CHUNK_STATUS_CANCELLED, types.CHUNK_STATUS_EXPIRED, types.CHUNK_STATUS_INPUT_UNAVAILABLE:
		require.True(t, len(r.Outcomes) == 0 || paid.Add(r.Burned).GTE(seats),
			"job %s: nodes were drawn, and it cost %s of pay and %s burned, less than %s for its seats", job.Id, paid, r.Burned, seats)
	}
	require.Equal(t, m.params().ChunkLiability(job, r.Count).String(), r.Liability.String())
	require.Equal(t, job.Reward, r.Reward)
	require.Equal(t, job.Policy.NamesNode(), r.Placed)
	require.False(t, r.ClassWeight.IsNegative())
}

func (m *market) jobEnded(id string) bool {
	job := m.job(id)
	return job.Ended()
}

// settle lets all players act until all jobs have ended. It then checks that nothing is left
// locked and that escrow holds exactly what operators are owed.
func (m *market) settle(t *rapid.T) {
	m.beacon.withheld = false
	m.beacon.since = m.ctx.BlockHeight()
	for range 400 {
		open := false
		for _, id := range m.jobs {
			open = open || !m.jobEnded(id)
		}
		if !open {
			break
		}
		for _, p := range m.players {
			p.act()
		}
		m.next()
	}
	for _, id := range m.jobs {
		require.True(t, m.jobEnded(id), "job %s has ended: %s", id, m.job(id).Status)
	}
	owed := sdk.NewCoins()
	for n := range 4 {
		earned, err := m.rewards.Earnings(m.ctx, requester(n))
		require.NoError(t, err)
		owed = owed.Add(earned...)
	}
	for _, p := range m.players {
		node, err := m.nodes.Node(m.ctx, operator(p.n))
		require.NoError(t, err)
		require.Equal(t, node.State.Held().String(), node.State.Locked.String(), "node %d has more locked than is held", p.n)
		require.Zero(t, node.State.UsedSlots)
		owed = owed.Add(m.earned(p.n)...)
	}
	m.checkEarned(t)
	pending, err := m.rewards.PendingTotal(m.ctx)
	require.NoError(t, err)
	held := m.bank.GetAllBalances(m.ctx, authtypes.NewModuleAddress(types.ModuleName))
	require.Equal(t, owed.Add(pending...).String(), held.String())
}

// checkEarned checks that the earnings of each account by epoch and source add up to what it was paid
// and can claim, and that they come from chunks whose receipts say that the account was paid.
func (m *market) checkEarned(t *rapid.T) {
	accounts := []sdk.AccAddress{requester(0), requester(1), requester(2), requester(3)}
	for _, p := range m.players {
		accounts = append(accounts, operator(p.n))
	}
	state, err := m.rewards.ExportGenesis(m.ctx)
	require.NoError(t, err)
	for _, account := range accounts {
		earned, _, err := m.rewards.EarnedIn(m.ctx, account, gomath.MaxInt64, 1)
		require.NoError(t, err)
		sum := sdk.NewCoins()
		for _, e := range earned {
			sum = sum.Add(rewardstypes.TotalOf(e.Sources)...)
		}
		owed, err := m.rewards.Earnings(m.ctx, account)
		require.NoError(t, err)
		paid, err := m.rewards.Paid(m.ctx, account)
		require.NoError(t, err)
		require.Equal(t, owed.Add(paid...).String(), sum.String(), "%s", account)
	}
	for _, c := range state.Credits {
		for _, s := range c.Sources {
			if s.Source == types.CREDIT_SOURCE_CHALLENGES {
				continue // the receipt of a job that judges names its judges only
			}
			require.True(t, slices.ContainsFunc(m.receipts[c.JobId], func(r types.Receipt) bool {
				return r.Task == c.Task && slices.ContainsFunc(r.Outcomes, func(o types.Outcome) bool {
					return o.Operator == c.Operator && (o.Paid.IsPositive() || o.Share.IsPositive())
				})
			}), "%s was credited for task %d of job %s: %s", c.Operator, c.Task, c.JobId, s.Amount)
		}
	}
}

func TestMoneyAddsUpWhateverNodesAndRequestersDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMarket(t)
		t.Repeat(m.actions())
		m.settle(t)
		m.check(t)
	})
}

// TestPayingYourselfLoses: an account that posts a job, runs every replica and claims all
// rewards has less than before.
func TestPayingYourselfLoses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t)
		f.network(3)
		reward := rapid.Int64Range(10, 2_000).Draw(t, "reward")
		id := f.post(0, spec(coin(reward), 3))
		before := math.NewInt(100_000)
		f.play(f.players(honest, honest, honest), id, 30)
		after := f.bank.GetBalance(f.ctx, requester(0), denom).Amount
		for n := range 3 {
			after = after.Add(f.earned(n).AmountOf(denom))
		}
		require.True(t, after.LT(before), fmt.Sprintf("%s is less than %s", after, before))
	})
}
