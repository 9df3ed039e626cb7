package keeper_test

import (
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// reprice lets governance change the worth of the other denom, let it expire, or take it off the
// list.
func (m *market) reprice(t *rapid.T) {
	d := types.PaymentDenom{
		Denom: otherCoin, MinReward: math.NewInt(7), BondNumerator: rapid.Uint64Range(1, 5).Draw(t, "numerator"),
		BondDenominator: rapid.Uint64Range(1, 3).Draw(t, "denominator"), HaircutBps: rapid.Uint32Range(0, 2).Draw(t, "haircut") * 2_500,
	}
	if rapid.Bool().Draw(t, "expires") {
		d.ExpiryHeight = max(1, m.ctx.BlockHeight()+rapid.Int64Range(-5, 200).Draw(t, "expiry"))
	}
	listed := rapid.IntRange(0, 3).Draw(t, "listed") > 0
	m.setParams(func(p *types.Params) {
		p.Denoms = p.Denoms[:1]
		if listed {
			p.Denoms = append(p.Denoms, d)
		}
	})
}

// refusesDenom returns the error with which a job must be refused for its denom, or nil.
func (m *market) refusesDenom(s *types.JobSpec) error {
	p := m.params()
	d, listed := p.PaymentDenom(s.Reward.Denom)
	policy, _ := p.Effective(s)
	end := m.ctx.BlockHeight() + int64(s.LifetimeBlocks) + p.SpanAfterLifetime(policy, s.CommitBlocks)
	switch {
	case !listed:
		return types.ErrInvalidReward
	case d.ExpiryHeight > 0 && end > d.ExpiryHeight:
		return types.ErrDenomExpired
	default:
		return nil
	}
}

// notePosted remembers the rule of the denom of a job that was posted.
func (m *market) notePosted(s *types.JobSpec, id string) {
	d, _ := m.params().PaymentDenom(s.Reward.Denom)
	m.worth[id] = d
}

// checkToppedUp checks that a job that was topped up locks no less than a new one would.
func (m *market) checkToppedUp(t *rapid.T, id string) {
	job := m.job(id)
	d, listed := m.params().PaymentDenom(job.Reward.Denom)
	require.True(t, listed && d.BondValue(job.Reward.Amount).LTE(job.BondValue), "job %s was topped up, and locks %s for %s", id, job.BondValue, job.Reward)
	require.True(t, d.ExpiryHeight == 0 || d.ExpiryHeight >= job.ExpiresHeight, "job %s ends at %d, its denom at %d", id, job.ExpiresHeight, d.ExpiryHeight)
}

// checkDiscarded checks that the worth of a job is that of its posting, that a liability covers the
// pay of a chunk after the haircut if results are slashed, and that what no node has earned in the
// other denom has reached the community pool, or waits for it.
func (m *market) checkDiscarded(t *rapid.T) {
	for id, was := range m.worth {
		job := m.job(id)
		require.Equal(t, was.BondValue(job.Reward.Amount).String(), job.BondValue.String(), "job %s: worth as posted", id)
		if !job.Slashable {
			continue
		}
		left := job.Liability.MulRaw(types.BasisPoints - int64(was.HaircutBps)).Mul(math.NewIntFromUint64(was.BondDenominator))
		pay := job.Pay(max(1, job.ChunkTasks)).MulRaw(types.BasisPoints).Mul(math.NewIntFromUint64(was.BondNumerator))
		require.True(t, left.GTE(pay), "job %s: a liability of %s does not cover the pay of a chunk after the haircut", id, job.Liability)
	}
	pending, err := m.rewards.PendingTotal(m.ctx)
	require.NoError(t, err)
	reached := m.bank.GetBalance(m.ctx, authtypes.NewModuleAddress(community), otherCoin).Amount.Add(pending.AmountOf(otherCoin))
	require.True(t, reached.GTE(m.toldBurned(otherCoin)), "receipts tell of %s%s that nobody has earned, the community pool has or awaits %s",
		m.toldBurned(otherCoin), otherCoin, reached)
}
