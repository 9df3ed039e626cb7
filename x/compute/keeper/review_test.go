package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// trusted returns a job whose requester judges the result.
func trusted(node string) types.JobSpec {
	s := spec(coin(1_000), 1)
	s.Policy = types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 10, Node: node}
	return s
}

func (f *fixture) review(n int, job string, accept bool) error {
	_, err := f.msgs.Review(f.ctx, &types.MsgReview{
		Requester: requester(n).String(), Items: []types.ReviewItem{{JobId: job, Accept: accept}},
	})
	return err
}

// rebond adds to a node's bond.
func (f *fixture) rebond(n int, amount int64) {
	f.t.Helper()
	_, err := edgenodekeeper.NewMsgServer(f.nodes).Bond(f.ctx, &edgenodetypes.MsgBond{
		Operator: operator(n).String(), Amount: coin(amount),
	})
	require.NoError(f.t, err)
}

// reviewable posts a job for the n-th node and lets it do its work.
func (f *fixture) reviewable(n int, does behaviour) string {
	f.t.Helper()
	id := f.post(0, trusted(operator(n).String()))
	p := player{f: f, n: n, does: does}
	for f.round(id).Phase != types.ROUND_PHASE_REVIEW {
		p.act()
		f.next()
	}
	return id
}

func TestSilenceAcceptsWhatANodeOneTrustsHasDone(t *testing.T) {
	f := newFixture(t)
	f.network(2)
	id := f.reviewable(0, liar)
	require.Equal(t, "1300", f.job(id).Reserved.String(), "one replica and nobody else")
	deadline := f.round(id).ReviewDeadline
	f.ctx = f.ctx.WithBlockHeight(deadline)
	f.next()
	require.False(t, f.over(id), "the last height of the review")
	f.next()
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(id).Status)
	require.Equal(t, "880atfuel", f.earned(0).String())
	require.EqualValues(t, 3, f.receipt(id).ExitCode)
}

func TestTheRequesterAcceptsAtOnce(t *testing.T) {
	f := newFixture(t)
	f.network(2)
	id := f.reviewable(0, honest)
	require.ErrorIs(t, f.unchanged(func() error { return f.review(1, id, true) }), types.ErrNotRequester)
	require.NoError(t, f.review(0, id, true))
	f.next()
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(id).Status)
	require.Equal(t, "880atfuel", f.earned(0).String())
	require.ErrorIs(t, f.review(0, id, false), types.ErrTaskEnded)
}

func TestRejectingPaysTheAttemptFeeAndBurnsTheRest(t *testing.T) {
	f := newFixture(t)
	f.network(2)
	id := f.reviewable(0, honest)
	before, supply := f.balance(0), f.bank.GetSupply(f.ctx, denom).Amount
	require.NoError(t, f.review(0, id, false))
	require.Equal(t, supply.SubRaw(900).String(), f.bank.GetSupply(f.ctx, denom).Amount.String(), "burned at once, the fee split apart")
	f.next()
	require.Equal(t, types.JOB_STATUS_FAILED, f.job(id).Status)
	require.Equal(t, before.AddRaw(300), f.balance(0), "who rejects gains nothing: that was set aside for draws")
	require.Equal(t, "88atfuel", f.earned(0).String())
	require.Equal(t, "10000", f.bond(0).String(), "nobody else has judged it")
	node, err := f.nodes.Node(f.ctx, operator(0))
	require.NoError(t, err)
	require.True(t, node.State.Locked.IsZero())
}

func TestOnlyRevealedResultsUnderTrustAreReviewed(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.post(0, trusted(operator(0).String()))
	require.ErrorIs(t, f.unchanged(func() error { return f.review(0, id, true) }), types.ErrNotReviewing)
	require.NoError(t, f.claim(0, ref(id, 0)))
	require.NoError(t, f.commit(0, ref(id, 0)))
	require.ErrorIs(t, f.unchanged(func() error { return f.review(0, id, false) }), types.ErrNotReviewing, "committed and not revealed")

	id, drawn := f.assigned(4)
	require.NoError(t, f.commit(drawn[0], ref(id, 0)))
	require.ErrorIs(t, f.unchanged(func() error { return f.review(0, id, false) }), types.ErrNotReviewing, "a quorum has its own judges")
}

func TestALateRejectionDoesNotProfitFromAQueueThatLagsBehind(t *testing.T) {
	f := newFixture(t)
	f.network(2)
	id := f.reviewable(0, honest)
	f.ctx = f.ctx.WithBlockHeight(f.round(id).ReviewDeadline + 1)
	require.ErrorIs(t, f.unchanged(func() error { return f.review(0, id, false) }), types.ErrTaskEnded)
}

func TestSilenceUnderTrustCostsTheLiabilityAndTheRequesterNothing(t *testing.T) {
	f := newFixture(t)
	f.network(2)
	id := f.post(0, trusted(operator(0).String()))
	job := f.play(f.players(silent), id, 40)
	require.Equal(t, types.JOB_STATUS_FAILED, job.Status)
	require.Equal(t, "1300", job.Refunded.String())
	require.Equal(t, "100", job.Liability.String(), "a missed deadline, more than min_liability")
	require.Equal(t, "9900", f.bond(0).String())
	require.Len(t, f.receipt(id).Outcomes, 1, "nobody is called to judge")
}

func TestANamedNodeNeedsNoDrawAndNobodyElseMayCome(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	f.beacon.withheld = true
	id := f.post(0, trusted(operator(1).String()))
	err := f.unchanged(func() error { return f.claim(0, ref(id, 0)) })
	require.ErrorIs(t, err, types.ErrNotEligible)
	require.ErrorContains(t, err, "the job names "+operator(1).String())
	require.NoError(t, f.claim(1, ref(id, 0)))
	require.Equal(t, []int{1}, f.drawn(id), "nobody else can come: it is assigned at once")
	require.Nil(t, f.round(id).Draw)
}

func TestANamedNodeThatSleepsIsAskedAgainUntilTheLifetimeEnds(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	f.beacon.withheld = true
	id := f.post(0, trusted(operator(1).String()))
	f.blocks(2)
	require.ErrorIs(t, f.claim(1, ref(id, 0)), types.ErrNoDraw, "between two draws")
	awake := player{f: f, n: 1}
	for range 20 {
		awake.act()
		f.next()
		if f.task(id).Status == types.CHUNK_STATUS_RUNNING {
			break
		}
	}
	require.Equal(t, []int{1}, f.drawn(id))

	id = f.post(0, trusted(operator(1).String()))
	job := f.play(nil, id, 150)
	require.Equal(t, types.JOB_STATUS_EXPIRED, job.Status)
	require.Equal(t, job.TaskReserve.String(), job.Refunded.Add(f.receipt(id).Burned).String())
	require.True(t, f.receipt(id).Burned.LTE(job.DrawReserve(1)), "its draws alone cost")
}

func TestTrustWithoutANameIsDrawn(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.drawable(trusted(""))
	drawn := f.assign(id, 4)
	require.Len(t, drawn, 1)
}

func TestTheLastHeightOfAReviewIsTheRequesters(t *testing.T) {
	f := newFixture(t)
	f.network(2)
	id := f.reviewable(0, liar)
	f.ctx = f.ctx.WithBlockHeight(f.round(id).ReviewDeadline)
	require.NoError(t, f.review(0, id, false))
}

func TestOnlyResultsThatWereAgreedOnMakePrices(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	id := f.reviewable(0, honest)
	require.NoError(t, f.review(0, id, true))
	f.next()
	f.play(f.players(liar, liar, liar), f.post(0, spec(coin(1_000), 3)), 80)
	resp, err := f.queries.Market(f.ctx, &types.QueryMarketRequest{Class: class})
	require.NoError(t, err)
	require.Empty(t, resp.Market.Prices)
}
