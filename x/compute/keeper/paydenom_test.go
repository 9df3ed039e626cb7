package keeper_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// inOther returns an amount of the other denom.
func inOther(amount int64) sdk.Coin { return sdk.NewInt64Coin(otherCoin, amount) }

// reprice changes the rule of the other denom as governance does.
func (f *fixture) reprice(change func(*types.PaymentDenom)) {
	f.t.Helper()
	f.setParams(func(p *types.Params) { change(&p.Denoms[1]) })
}

// tryPost posts a job of the first requester.
func (f *fixture) tryPost(s types.JobSpec) error {
	f.t.Helper()
	f.fund(requester(0), coin(100_000), inOther(100_000))
	before := f.bank.GetAllBalances(f.ctx, requester(0))
	_, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: requester(0).String(), Spec: s})
	if err != nil {
		require.Equal(f.t, before, f.bank.GetAllBalances(f.ctx, requester(0)), "a refused job costs nothing")
	}
	return err
}

func TestAHaircutRaisesTheLiabilityOfAJob(t *testing.T) {
	f := newFixture(t)
	f.network(7)
	f.reprice(func(d *types.PaymentDenom) { d.HaircutBps = 2_500 })
	quote, err := f.queries.Quote(f.ctx, &types.QueryQuoteRequest{Class: class, Replicas: 3, Reward: "500" + otherCoin})
	require.NoError(t, err)
	id := f.post(0, spec(inOther(500), 3))
	job := f.job(id)
	require.Equal(t, "1000", job.BondValue.String(), "500 at three to two, over three quarters")
	require.Equal(t, "3000", job.Liability.String(), "three judges")
	require.Equal(t, quote.Liability.Amount, job.Liability)
}

func TestAJobWhoseWindowsEndAfterTheValueExpiresIsRefused(t *testing.T) {
	f := newFixture(t)
	f.network(7)
	s := contestable()
	s.Reward = inOther(500)
	params, err := f.keeper.Params(f.ctx)
	require.NoError(t, err)
	policy, _ := params.Effective(&s)
	end := f.ctx.BlockHeight() + int64(s.LifetimeBlocks) + params.SpanAfterLifetime(policy, s.CommitBlocks)
	require.Greater(t, params.SpanAfterLifetime(policy, s.CommitBlocks), int64(s.Policy.ChallengeBlocks))

	f.reprice(func(d *types.PaymentDenom) { d.ExpiryHeight = end - 1 })
	err = f.tryPost(s)
	require.ErrorIs(t, err, types.ErrDenomExpired)
	require.ErrorContains(t, err, "ask for shorter windows")
	shorter := s
	shorter.Policy.ChallengeBlocks--
	err = f.tryPost(shorter)
	require.NoError(t, err, "a window that is shorter by a block")

	f.reprice(func(d *types.PaymentDenom) { d.ExpiryHeight = end })
	err = f.tryPost(s)
	require.NoError(t, err)
	err = f.tryPost(spec(coin(1_000), 3))
	require.NoError(t, err, "the bond denom does not expire")

	f.blocks(3)
	f.reprice(func(d *types.PaymentDenom) { d.ExpiryHeight = f.ctx.BlockHeight() - 1 })
	_, err = f.queries.Quote(f.ctx, &types.QueryQuoteRequest{Class: class, Replicas: 3, Reward: "500" + otherCoin})
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
}

// TestJobsSettleAsPostedWhenTheirDenomIsRemoved: jobs that run when governance removes their denom
// end as they would have, and further ones are refused.
func TestJobsSettleAsPostedWhenTheirDenomIsRemoved(t *testing.T) {
	for name, change := range map[string]struct {
		params func(*types.Params)
		want   error
	}{
		"removed":     {func(p *types.Params) { p.Denoms = p.Denoms[:1] }, types.ErrInvalidReward},
		"expired":     {func(p *types.Params) { p.Denoms[1].ExpiryHeight = 1 }, types.ErrDenomExpired},
		"worth more":  {func(p *types.Params) { p.Denoms[1].BondNumerator = 4 }, types.ErrInvalidTopUp},
		"less secure": {func(p *types.Params) { p.Denoms[1].HaircutBps = 1 }, types.ErrInvalidTopUp},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.network(7)
			s := array(3)
			s.Reward = inOther(100)
			id := f.post(0, s)
			before := f.job(id)
			f.setParams(change.params)
			for _, more := range []types.MsgTopUpJob{{Tasks: 1}, {LifetimeBlocks: 500}} {
				more.Requester, more.JobId = requester(0).String(), id
				require.ErrorIs(t, f.unchanged(func() error {
					_, err := f.msgs.TopUpJob(f.ctx, &more)
					return err
				}), change.want)
			}
			if !errors.Is(change.want, types.ErrInvalidTopUp) { // otherwise a new job locks more, and is posted
				err := f.tryPost(s)
				require.ErrorIs(t, err, change.want)
			}
			f.crowd(7, 200, func() bool { return f.over(id) })
			job := f.job(id)
			require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
			require.Equal(t, before.BondValue.String(), job.BondValue.String())
			earned := math.ZeroInt()
			for n := range 7 {
				earned = earned.Add(f.earned(n).AmountOf(otherCoin))
			}
			require.Equal(t, "792", earned.String(), "88% of nine rewards of 100")
		})
	}
}

func TestATopUpThatLocksNoLessIsTaken(t *testing.T) {
	f := newFixture(t)
	f.network(7)
	s := array(3)
	s.Reward = inOther(100)
	id := f.post(0, s)
	f.reprice(func(d *types.PaymentDenom) { d.BondNumerator, d.ExpiryHeight = 2, f.job(id).ExpiresHeight+1_000 })
	resp, err := f.msgs.TopUpJob(f.ctx, &types.MsgTopUpJob{Requester: requester(0).String(), JobId: id, Tasks: 2})
	require.NoError(t, err)
	require.Equal(t, otherCoin, resp.Reserved.Denom)
	f.crowd(7, 200, func() bool { return f.over(id) })
	require.EqualValues(t, 5, f.job(id).TasksAccepted)
}

// TestFeesOfSeatsInOtherDenomsAreNotBurned: burning a voucher would strand the coins behind it.
func TestFeesOfSeatsInOtherDenomsAreNotBurned(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	f.setParams(func(p *types.Params) { p.AttemptFeeBps = 0 }) // attempts do not pay for the seats
	id := f.drawable(spec(inOther(1_000), 3))
	require.NotEmpty(t, f.assign(id, 3))
	supply := f.bank.GetSupply(f.ctx, otherCoin)
	_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
	require.NoError(t, err)
	f.blocks(4)
	receipt := f.receipt(id)
	require.Equal(t, "90", receipt.Burned.String(), "three seats at a hundredth of a liability of 4,500, which is 30 of the denom")
	require.Equal(t, supply, f.bank.GetSupply(f.ctx, otherCoin))
	require.Equal(t, "90", f.bank.GetBalance(f.ctx, authtypes.NewModuleAddress(community), otherCoin).Amount.String())
}
