package keeper_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/x/compute/types"
)

const otherSink = "https://other.example/v1/drops/{task}"

func (f *fixture) redeliver(by int, id, sink string) (*types.MsgRedeliverResponse, error) {
	return f.msgs.Redeliver(f.ctx, &types.MsgRedeliver{Requester: requester(by).String(), JobId: id, Sink: sink})
}

// redeliveries returns the requests that nodes read from a height on.
func (f *fixture) redeliveries(from int64) []types.JobRedelivery {
	f.t.Helper()
	page, err := f.queries.Redeliveries(f.ctx, &types.QueryRedeliveriesRequest{FromHeight: from})
	require.NoError(f.t, err)
	return page.Redeliveries
}

func TestARequesterAsksForResultsAgainAndNodesReadWhereTo(t *testing.T) {
	f := newFixture(t)
	f.setParams(func(p *types.Params) { p.PostingFeePerByte = math.NewInt(3) })
	f.network(3)
	id := f.post(0, spec(coin(1_000), 3))
	f.play(f.players(honest, honest, honest), id, 30)
	before := f.bank.GetBalance(f.ctx, requester(0), denom)
	supply := f.bank.GetSupply(f.ctx, denom)

	resp, err := f.redeliver(0, id, otherSink)
	require.NoError(t, err)
	fee := sdk.NewInt64Coin(denom, 3*int64(len(otherSink)))
	require.Equal(t, fee, resp.PostingFee)
	require.Equal(t, before.Sub(fee), f.bank.GetBalance(f.ctx, requester(0), denom))
	require.Equal(t, supply.Sub(fee), f.bank.GetSupply(f.ctx, denom), "the fee is burned")
	asked := types.Redelivery{Sink: otherSink, Height: f.ctx.BlockHeight(), Count: 1}
	require.Equal(t, asked, resp.Redelivery)
	require.Equal(t, []types.JobRedelivery{{JobId: id, Redelivery: asked}}, f.redeliveries(0))
	require.Empty(t, f.redeliveries(f.ctx.BlockHeight()+1))
	f.checkInvariants()

	f.blocks(types.RedeliveryPause)
	again, err := f.redeliver(0, id, "")
	require.NoError(t, err)
	require.Equal(t, types.Redelivery{Sink: otherSink, Height: f.ctx.BlockHeight(), Count: 2}, again.Redelivery, "no sink is the one in use")
	require.Len(t, f.redeliveries(0), 1, "the newest of each job")
	require.Len(t, f.redeliveries(f.ctx.BlockHeight()), 1)
	f.checkInvariants()
}

// Results of a grant stay the grantee's when it is revoked. The grantee then pays for their delivery.
func TestAGranteePaysTheRedeliveryOfARevokedGrant(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(3)
	grant := f.makeGrant(types.POLICY_KIND_QUORUM, grantBudget)
	id, err := f.postGranted(granted(grant, types.POLICY_KIND_QUORUM))
	require.NoError(t, err)
	f.play(f.players(honest, honest, honest), id, 30)
	deposit := f.grantOf(grant).Deposit
	paid, err := f.redeliver(0, id, otherSink)
	require.NoError(t, err)
	require.Equal(t, deposit.Sub(paid.PostingFee.Amount), f.grantOf(grant).Deposit, "the deposit pays while the grant is in force")

	f.revoke(grant)
	f.blocks(types.RedeliveryPause)
	_, err = f.redeliver(0, id, "")
	require.ErrorContains(t, err, "insufficient funds")
	f.fund(requester(0), coin(1_000))
	again, err := f.redeliver(0, id, "")
	require.NoError(t, err)
	require.Equal(t, coin(1_000).Sub(again.PostingFee), f.bank.GetBalance(f.ctx, requester(0), denom))
	f.next()
}

func TestRefusedRedeliveriesChangeNothing(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	id := f.post(0, spec(coin(1_000), 3))
	cancelled := f.post(0, spec(coin(1_000), 3))
	_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: cancelled})
	require.NoError(t, err)
	f.play(f.players(honest, honest, honest), id, 30)
	refused := func(want error, by int, job, sink string) {
		t.Helper()
		require.ErrorIs(t, f.unchanged(func() error {
			_, err := f.redeliver(by, job, sink)
			return err
		}), want)
	}
	refused(types.ErrNotRequester, 1, id, "")
	refused(types.ErrJobNotFound, 0, "9-9-9", "")
	refused(types.ErrInvalidJobID, 0, "nine", "")
	refused(types.ErrRedelivery, 0, cancelled, "")
	refused(types.ErrInvalidSpec, 0, id, "ftp://other.example/x")
	refused(types.ErrInvalidSpec, 0, id, "https://user:secret@other.example/x")
	refused(types.ErrInvalidSpec, 0, id, "https://other.example/"+strings.Repeat("x", 256))
	for range types.MaxRedeliveries {
		_, err := f.redeliver(0, id, "")
		require.NoError(t, err)
		refused(types.ErrRedelivery, 0, id, "")
		f.blocks(types.RedeliveryPause)
	}
	refused(types.ErrRedelivery, 0, id, "")
}

// TestJudgesDeliverOnRequestAfterTheirVerdict: a requester to whom the node of a result has
// delivered nothing has it from the judges.
func TestJudgesDeliverOnRequestAfterTheirVerdict(t *testing.T) {
	job := types.Job{Id: "1-0-0", Tasks: 1, Challenged: &types.ChallengedTask{JobId: "0-0-0"}, Status: types.JOB_STATUS_RUNNING}
	redeliver := func() error {
		_, err := job.Redeliver(&types.JobSpec{}, otherSink, 10)
		return err
	}
	require.ErrorIs(t, redeliver(), types.ErrRedelivery, "another judge could still commit to what it sees")
	job.Status = types.JOB_STATUS_FAILED
	require.ErrorIs(t, redeliver(), types.ErrRedelivery, "there is no verdict")
	job.Status, job.TasksAccepted = types.JOB_STATUS_COMPLETED, 1
	require.NoError(t, redeliver())
	_, err := job.Redeliver(&types.JobSpec{}, "", 10)
	require.ErrorIs(t, err, types.ErrInvalidSpec, "their spec has no sink")
}

func TestARedeliveryGoesWithTheSpecOfItsJob(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	f.setParams(func(p *types.Params) { p.RetentionBlocks, p.ReceiptRetentionBlocks = 5, 50 })
	id := f.post(0, array(12))
	_, err := f.redeliver(0, id, otherSink)
	require.NoError(t, err, "what is still to be delivered may go elsewhere")
	require.Equal(t, otherSink, ptr(f.job(id)).SinkOf(&types.JobSpec{Sink: "http://127.0.0.1:1/"}))
	f.crowd(6, 300, func() bool { return f.over(id) })
	f.blocks(6)
	require.Nil(t, f.job(id).Redelivery, "the record of an array outlives its spec")
	require.Empty(t, f.redeliveries(0))
	f.checkInvariants()
	require.ErrorIs(t, f.unchanged(func() error {
		_, err := f.redeliver(0, id, "")
		return err
	}), types.ErrJobEnded)
}

func TestRedeliveriesOutliveAnExport(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	for range 3 {
		_, err := f.redeliver(0, f.post(0, spec(coin(1_000), 3)), otherSink)
		require.NoError(t, err)
		f.next()
	}
	g := restored(f)
	require.Equal(t, f.export(), g.export())
	require.Equal(t, f.redeliveries(0), g.redeliveries(0))
	require.Len(t, g.redeliveries(0), 3)
	g.checkInvariants()
	exported, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	exported.Jobs[0].Redelivery.Sink = "nowhere"
	require.ErrorIs(t, exported.Validate(), types.ErrInvalidGenesis)
}

func TestRedeliveriesAreReadInBoundedPages(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	for range 3 {
		_, err := f.redeliver(0, f.post(0, spec(coin(1_000), 3)), otherSink)
		require.NoError(t, err)
		f.next()
	}
	all := f.redeliveries(0)
	var read []types.JobRedelivery
	for key := []byte(nil); ; {
		page, err := f.queries.Redeliveries(f.ctx, &types.QueryRedeliveriesRequest{
			FromHeight: all[1].Redelivery.Height, Pagination: &query.PageRequest{Key: key, Limit: 1},
		})
		require.NoError(t, err)
		require.Len(t, page.Redeliveries, 1)
		read = append(read, page.Redeliveries...)
		if key = page.Pagination.NextKey; key == nil {
			break
		}
	}
	require.Equal(t, all[1:], read)
	_, err := f.queries.Redeliveries(f.ctx, &types.QueryRedeliveriesRequest{Pagination: &query.PageRequest{Limit: 1_001}})
	require.ErrorContains(t, err, "at most 1000")
	_, err = f.queries.Redeliveries(f.ctx, &types.QueryRedeliveriesRequest{Pagination: &query.PageRequest{Offset: 1}})
	require.ErrorContains(t, err, "without offset")
}

func ptr[T any](v T) *T { return &v }
