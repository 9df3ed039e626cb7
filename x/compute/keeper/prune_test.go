package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestEndedJobsShrinkToReceiptsAndThenToNothing(t *testing.T) {
	f := newFixture(t)
	f.setParams(func(p *types.Params) { p.RetentionBlocks, p.ReceiptRetentionBlocks = 10, 20 })
	f.network(3)
	before, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	id := f.post(0, spec(coin(1_000), 3))
	job := f.play(f.players(honest, honest, honest), id, 30)
	has := func() (jobs, receipts int) {
		g, err := f.keeper.ExportGenesis(f.ctx)
		require.NoError(t, err)
		require.Len(t, g.Specs, len(g.Jobs))
		return len(g.Jobs), len(g.Receipts)
	}
	until := func(height int64) {
		for f.ctx.BlockHeight() <= height {
			f.next()
		}
	}
	until(job.ClosedHeight + 9)
	jobs, receipts := has()
	require.Equal(t, []int{1, 1}, []int{jobs, receipts})
	until(job.ClosedHeight + 10)
	jobs, receipts = has()
	require.Equal(t, []int{0, 1}, []int{jobs, receipts})
	require.Equal(t, types.CHUNK_STATUS_ACCEPTED, f.receipt(id).Status)
	page, err := f.queries.Jobs(f.ctx, &types.QueryJobsRequest{Requester: requester(0).String()})
	require.NoError(t, err)
	require.Empty(t, page.Jobs)
	until(job.ClosedHeight + 30)
	after, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Len(t, after.Markets, 1, "a class keeps its prices")
	require.Len(t, after.Energy, 1, "an epoch keeps its sums")
	after.Markets, after.Energy = nil, nil
	require.Equal(t, before, after, "nothing of the job is left")
}

// A chain that starts from an export forgets an array at the same height as the exported chain,
// although the array's spec, which was kept for a challenge window, is gone.
func TestAnArrayWithAWindowIsForgottenAtTheSameHeightAfterAnExport(t *testing.T) {
	f := newFixture(t)
	f.network(9)
	f.setParams(func(p *types.Params) {
		p.RetentionBlocks, p.ReceiptRetentionBlocks, p.MaxChallengeBlocks = window, 30, window
	})
	s := contestable()
	s.Tasks = 2
	id := f.post(0, s)
	f.setParams(func(p *types.Params) { p.RetentionBlocks = 5 }) // shorter than the window
	f.play(f.everyone(9, honest), id, 100)
	exists := func(f *fixture) bool {
		_, err := f.queries.Job(f.ctx, &types.QueryJobRequest{JobId: id})
		return err == nil
	}
	for {
		g, err := f.keeper.ExportGenesis(f.ctx)
		require.NoError(t, err)
		if g.Specs[0].Executor == "" { // pruned
			break
		}
		f.next()
	}
	g := restored(f)
	for range 40 {
		require.Equal(t, exists(f), exists(g), "height %d", f.ctx.BlockHeight())
		f.next()
		g.next()
	}
	require.False(t, exists(f))
}

func TestAnArrayIsForgottenInBoundedSteps(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	f.setParams(func(p *types.Params) { p.RetentionBlocks, p.ReceiptRetentionBlocks = 5, 5 })
	id := f.post(0, array(12))
	f.crowd(6, 300, func() bool { return f.over(id) })
	root := f.job(id).ResultsRoot
	f.blocks(6)
	_, err := f.queries.Job(f.ctx, &types.QueryJobRequest{JobId: id})
	require.NoError(t, err, "the record with the root stays with the receipts' retention")
	require.Equal(t, root, f.job(id).ResultsRoot)
	require.NotEmpty(t, f.taskBits(id))
	f.blocks(8)
	_, err = f.queries.Job(f.ctx, &types.QueryJobRequest{JobId: id})
	require.Error(t, err)
	require.NotContains(t, f.export().compute, id)
}

// Cancelling over several blocks leaves the job's cursor at a task. Pruning starts at the
// first record of bits all the same.
func TestACancelledArrayIsForgottenToTheLastBit(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	f.setParams(func(p *types.Params) {
		p.MaxBatch, p.QueueLimit, p.RetentionBlocks, p.ReceiptRetentionBlocks = 2, 2, 5, 5
	})
	id := f.post(0, array(100))
	f.next()
	_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
	require.NoError(t, err)
	f.blocks(8)
	require.True(t, f.over(id))
	require.NotEmpty(t, f.taskBits(id))
	f.blocks(20)
	require.NotContains(t, f.export().compute, id)
}

// A receipt whose job is gone determines by itself how long it is kept.
func TestAReceiptOutlivesAnImportForAsLongAsItWouldHaveWithout(t *testing.T) {
	const window = 60
	f := newFixture(t)
	f.network(6)
	f.setParams(func(p *types.Params) {
		p.RetentionBlocks, p.ReceiptRetentionBlocks, p.MaxChallengeBlocks = window, 30, window
	})
	s := spec(coin(1_000), 3)
	s.Policy.ChallengeBlocks = window
	id := f.post(0, s)
	f.setParams(func(p *types.Params) { p.RetentionBlocks = 5 }) // shorter than the window, for later jobs
	f.play(f.players(honest, honest, honest, honest, honest, honest), id, 60)
	parsed, err := types.ParseJobID(id)
	require.NoError(t, err)
	for {
		if _, err := f.keeper.Job(f.ctx, parsed); err != nil {
			break
		}
		f.next()
	}
	g := restored(f)
	for range 60 {
		require.Equal(t, f.export(), g.export())
		f.next()
		g.next()
	}
	_, err = f.keeper.Receipt(f.ctx, parsed, 0)
	require.ErrorIs(t, err, types.ErrReceiptNotFound)
}

// A long queue delays the removal of specs. Receipts go when they would have gone without it, also after an export.
func TestASpecThatIsRemovedLateDelaysNothingElse(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	f.setParams(func(p *types.Params) { p.RetentionBlocks, p.ReceiptRetentionBlocks = 10, 20 })
	var ids []string
	for range 5 {
		ids = append(ids, f.post(0, spec(coin(1_000), 3)))
	}
	f.next()
	for _, id := range ids {
		_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
		require.NoError(t, err)
	}
	f.next()
	closed := f.job(ids[0]).ClosedHeight
	for _, id := range ids {
		require.True(t, f.over(id))
		require.Equal(t, closed, f.job(id).ClosedHeight)
	}
	f.setParams(func(p *types.Params) { p.QueueLimit = 1 })
	for f.ctx.BlockHeight() <= closed+10+4 { // the last spec goes four blocks late
		f.next()
	}
	f.setParams(func(p *types.Params) { p.QueueLimit = 100 })
	exported, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Empty(t, exported.Jobs)
	require.Len(t, exported.Receipts, 5)
	g := restored(f)
	for f.ctx.BlockHeight() <= closed+30+10 {
		require.Equal(t, f.export(), g.export(), "height %d", f.ctx.BlockHeight())
		f.next()
		g.next()
	}
	require.NotContains(t, f.export().compute, ids[4])
}
