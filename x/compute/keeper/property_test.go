package keeper_test

import (
	"fmt"
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

// market is a random run of the network: nodes of all behaviours, requesters
// that post and cancel, a beacon that stalls, epochs that roll. The money is
// checked against the model after every block.
type market struct {
	*fixture
	players []player
	jobs    []string
	// spent is what each job took from its requester, the posting fee apart.
	spent map[string]math.Int
	// fees is what posting has burned.
	fees math.Int
	// liars says whether enough liars are there to win a vote.
	liarsWin bool
}

func newMarket(t *rapid.T) *market {
	m := &market{fixture: newFixture(t), spent: map[string]math.Int{}, fees: math.ZeroInt()}
	m.liarsWin = rapid.Bool().Draw(t, "liars may win")
	crowd := rapid.SampledFrom([]behaviour{honest, honest, honest, stalls, shirks, closed})
	if m.liarsWin {
		crowd = rapid.SampledFrom([]behaviour{honest, honest, liar, colluder, colluder, silent, stalls, shirks, closed, closedLiar})
	}
	n := rapid.IntRange(9, 14).Draw(t, "nodes")
	for i := range n {
		does := crowd.Draw(t, "behaviour")
		if !m.liarsWin && i < 2 {
			does = rapid.SampledFrom([]behaviour{liar, colluder, silent, closedLiar}).Draw(t, "bad")
		}
		if !m.liarsWin && i >= 2 && i < 9 {
			does = rapid.SampledFrom([]behaviour{honest, closed}).Draw(t, "good")
		}
		m.players = append(m.players, player{f: m.fixture, n: i, does: does})
		m.register(i, rapid.Int64Range(4_000, 40_000).Draw(t, "bond"), uint32(rapid.IntRange(1, 5).Draw(t, "slots")))
	}
	require.NoError(t, m.nodes.RollEpoch(m.ctx))
	return m
}

// actions are what may happen in a run, each at random.
func (m *market) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"block": func(t *rapid.T) { m.turn(t) },
		"turns": func(t *rapid.T) {
			for range rapid.IntRange(2, 12).Draw(t, "turns") {
				m.turn(t)
			}
		},
		"post":    m.postOne,
		"cancel":  m.cancelOne,
		"explain": m.explainOne,
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
		"unbond": func(t *rapid.T) {
			n := rapid.IntRange(0, len(m.players)-1).Draw(t, "node")
			// Refused when it is not free; the invariants say whether it was.
			_, _ = edgenodekeeper.NewMsgServer(m.nodes).Unbond(m.ctx, &edgenodetypes.MsgUnbond{
				Operator: operator(n).String(), Amount: coin(rapid.Int64Range(1, 5_000).Draw(t, "amount")),
			})
		},
		"": func(t *rapid.T) { m.check(t) },
	}
}

// turn lets a random part of the nodes act, in random order; honest nodes always
// act, so that what they lose is never their own fault.
func (m *market) turn(t *rapid.T) {
	order := rapid.Permutation(m.players).Draw(t, "order")
	for _, p := range order {
		if p.does == honest || p.does == closed || rapid.IntRange(0, 3).Draw(t, "acts") > 0 {
			p.act()
		}
	}
	m.next()
}

func (m *market) postOne(t *rapid.T) {
	if len(m.jobs) > 30 {
		return
	}
	s := spec(coin(rapid.Int64Range(10, 2_000).Draw(t, "reward")), uint32(rapid.SampledFrom([]int{3, 3, 5, 7}).Draw(t, "replicas")))
	if rapid.Bool().Draw(t, "other denom") {
		s.Reward.Denom = otherCoin
	}
	s.LifetimeBlocks = uint64(rapid.IntRange(5, 60).Draw(t, "lifetime"))
	n := rapid.IntRange(0, 3).Draw(t, "requester")
	m.fund(requester(n), coin(100_000), sdk.NewInt64Coin(otherCoin, 100_000))
	before := m.bank.GetAllBalances(m.ctx, requester(n))
	resp, err := m.msgs.PostJob(m.ctx, &types.MsgPostJob{Requester: requester(n).String(), Spec: s})
	require.NoError(t, err)
	cost := sdk.NewCoins(resp.Reserved).Add(resp.PostingFee)
	require.Equal(t, before.Sub(cost...), m.bank.GetAllBalances(m.ctx, requester(n)))
	m.jobs = append(m.jobs, resp.JobId)
	m.spent[resp.JobId] = resp.Reserved.Amount
	m.fees = m.fees.Add(resp.PostingFee.Amount)
}

func (m *market) cancelOne(t *rapid.T) {
	if len(m.jobs) == 0 {
		return
	}
	id := rapid.SampledFrom(m.jobs).Draw(t, "job")
	_, err := m.msgs.CancelJob(m.ctx, &types.MsgCancelJob{Requester: m.job(id).Requester, JobId: id})
	if err != nil {
		require.ErrorIs(t, err, types.ErrJobEnded)
	}
}

// check holds the run against the model, between messages.
func (m *market) check(t *rapid.T) {
	slashed, slashShares, paid := math.ZeroInt(), math.ZeroInt(), sdk.NewCoins()
	for _, id := range m.jobs {
		job := m.job(id)
		if !job.Ended() {
			continue
		}
		receipt := m.receipt(id)
		gross := math.ZeroInt()
		for _, o := range receipt.Outcomes {
			if receipt.Status == types.TASK_STATUS_ACCEPTED && o.Status == types.ASSIGNMENT_STATUS_PAID && o.Round > 0 {
				require.True(t, o.Share.GTE(job.BondValue), "job %s: judge %s got %s of %s", id, o.Operator, o.Share, job.BondValue)
			}
			gross = gross.Add(o.Paid)
			slashed, slashShares = slashed.Add(o.Slashed), slashShares.Add(o.Share)
		}
		require.Equal(t, m.spent[id].String(), gross.Add(job.Refunded).String(),
			"job %s: reserved = paid + refunded", id)
		if gross.IsPositive() {
			paid = paid.Add(sdk.NewCoin(job.Reward.Denom, gross))
		}
	}
	require.True(t, slashShares.LTE(slashed), "nobody gains more from slashing than was slashed")
	m.checkHonest(t)
	m.checkSupply(t)
}

// checkHonest: where liars cannot win a vote, honest nodes never lose bond.
func (m *market) checkHonest(t *rapid.T) {
	if m.liarsWin {
		return
	}
	for _, p := range m.players {
		if p.does != honest {
			continue // a closed node counts on others to open its digest
		}
		node, err := m.nodes.Node(m.ctx, operator(p.n))
		require.NoError(t, err)
		require.Zero(t, node.State.Faults.Wrong+node.State.Faults.Silent+node.State.Faults.Missed,
			"node %d is honest and was faulted", p.n)
	}
}

// checkSupply: coins are somewhere. Every account's balance sums to the supply,
// and the supply is what was minted less what was burned, and nothing but
// posting, rewards and slashes burns.
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
			require.True(t, burned.IsZero(), "only the bond denom is burned")
		} else {
			require.True(t, burned.GTE(m.fees), "posting fees are burned")
		}
	}
}

func (m *market) jobEnded(id string) bool {
	job := m.job(id)
	return job.Ended()
}

// settle lets everybody act until all jobs have ended, and checks that nothing
// is left locked and that escrow holds exactly what is owed to operators.
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
	for _, p := range m.players {
		node, err := m.nodes.Node(m.ctx, operator(p.n))
		require.NoError(t, err)
		require.True(t, node.State.Locked.IsZero(), "node %d has %s locked", p.n, node.State.Locked)
		require.Zero(t, node.State.UsedSlots)
		owed = owed.Add(m.earned(p.n)...)
	}
	pending, err := m.rewards.PendingTotal(m.ctx)
	require.NoError(t, err)
	held := m.bank.GetAllBalances(m.ctx, authtypes.NewModuleAddress(types.ModuleName))
	require.Equal(t, owed.Add(pending...).String(), held.String())
}

func TestMoneyAddsUpWhateverNodesAndRequestersDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMarket(t)
		t.Repeat(m.actions())
		m.settle(t)
		m.check(t)
	})
}

// TestPayingYourselfLoses: whoever posts a job, runs every replica and claims
// all rewards has less than before.
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
