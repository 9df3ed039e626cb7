package keeper_test

import (
	"cmp"
	"context"
	"errors"
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// array returns a valid job of n equal tasks.
func array(n uint64) types.JobSpec {
	s := spec(coin(100), 3)
	s.Tasks, s.Args = n, []string{"--index", "{task}"}
	s.LifetimeBlocks, s.CommitBlocks = 400, 20
	return s
}

// crowd lets honest nodes act, block by block, until done reports true. It fails after too
// many blocks.
func (f *fixture) crowd(nodes, blocks int, done func() bool) {
	f.t.Helper()
	for range blocks {
		for n := range nodes {
			player{f: f, n: n}.act()
		}
		f.next()
		if done() {
			return
		}
	}
	require.Fail(f.t, "not done", "after %d blocks", blocks)
}

// balance returns the balance of the n-th requester, in the bond denom.
func (f *fixture) balance(n int) math.Int {
	return f.bank.GetBalance(f.ctx, requester(n), denom).Amount
}

func (f *fixture) taskBits(id string) []types.TaskBitsEntry {
	f.t.Helper()
	resp, err := f.queries.TaskBits(f.ctx, &types.QueryTaskBitsRequest{JobId: id})
	require.NoError(f.t, err)
	return resp.TaskBits
}

func (f *fixture) over(id string) bool {
	job := f.job(id)
	return job.Ended()
}

// count returns how many tasks of a job have ended, and how many were accepted.
func count(records []types.TaskBitsEntry) (ended, accepted int) {
	for _, c := range records {
		for i := range c.Bits.Ended {
			ended += bits.OnesCount8(c.Bits.Ended[i])
			accepted += bits.OnesCount8(c.Bits.Accepted[i])
		}
	}
	return ended, accepted
}

func TestPostingCostsTheSameWhateverTheNumberOfTasks(t *testing.T) {
	gas := func(tasks uint64) uint64 {
		f := newFixture(t)
		f.network(4)
		s := array(tasks)
		s.Reward = coin(10)
		f.fund(requester(0), coin(1_000_000_000_000))
		before := f.ctx.GasMeter().GasConsumed()
		_, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: requester(0).String(), Spec: s})
		require.NoError(t, err)
		return f.ctx.GasMeter().GasConsumed() - before
	}
	few, many := gas(2), gas(1_000_000)
	require.InEpsilon(t, few, many, 0.01, "%d gas for 2 tasks, %d for a million", few, many)
}

func TestAnArrayIsDoneTaskByTask(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	id := f.post(0, array(25))
	paid := f.balance(0)
	most := uint64(0)
	f.crowd(6, 300, func() bool {
		job := f.job(id)
		most = max(most, job.Active())
		return job.Status == types.JOB_STATUS_COMPLETED
	})
	job := f.job(id)
	require.EqualValues(t, 25, job.TasksAccepted)
	require.EqualValues(t, 25, job.TasksOpened)
	require.LessOrEqual(t, most, f.window(), "never more open than the window")
	require.Greater(t, most, uint64(1), "several at once")
	unspent := job.DrawReserve(1).MulRaw(25)
	for _, r := range f.receipts[id] {
		unspent = unspent.Sub(r.Burned)
	}
	require.Equal(t, paid.Add(unspent), f.balance(0), "all of it was spent, but for draws in vain that there were not")
	ended, accepted := count(f.taskBits(id))
	require.Equal(t, []int{25, 25}, []int{ended, accepted})
	f.requireReceiptsUnder(job)
}

// window returns how many tasks of an array with three replicas may be open.
func (f *fixture) window() uint64 {
	f.t.Helper()
	params, err := f.keeper.Params(f.ctx)
	require.NoError(f.t, err)
	epoch, err := f.nodes.Epoch(f.ctx)
	require.NoError(f.t, err)
	snapshot, err := f.nodes.ClassSnapshot(f.ctx, class, epoch)
	require.NoError(f.t, err)
	return params.UnrollWindow(types.Policy{Replicas: 3}, snapshot.Slots)
}

// collect keeps the receipts that the block's events contain, in the order in which the
// block's end appends them to their jobs' trees, which is the order of tasks.
func (f *fixture) collect() {
	var of []types.Receipt
	for _, changes := range f.changes() {
		if ended, ok := changes.Change.(*types.ChunkChange_Ended); ok {
			of = append(of, *ended.Ended)
		}
	}
	slices.SortStableFunc(of, func(a, b types.Receipt) int { return cmp.Compare(a.Task, b.Task) })
	for _, r := range of {
		f.receipts[r.JobId] = append(f.receipts[r.JobId], r)
	}
}

// changes returns the changes of tasks that the block's events contain.
func (f *fixture) changes() []types.ChunkChange {
	var out []types.ChunkChange
	for _, e := range events[*types.EventBatch](f) {
		out = append(out, e.Changes...)
	}
	for _, e := range events[*types.EventSweep](f) {
		out = append(out, e.Changes...)
	}
	return out
}

// requireReceiptsUnder proves every receipt that events have contained under the root of the
// job's record.
func (f *fixture) requireReceiptsUnder(job types.Job) {
	f.t.Helper()
	var leaves [][]byte
	receipts := f.receipts[job.Id]
	require.Len(f.t, receipts, int(job.ChunksEnded))
	for _, r := range receipts {
		leaf, err := types.ReceiptLeaf(r)
		require.NoError(f.t, err)
		leaves = append(leaves, leaf)
	}
	require.Equal(f.t, job.ResultsRoot, types.MerkleRoot(leaves))
	for i, leaf := range leaves {
		path := types.MerklePath(leaves, uint64(i))
		require.True(f.t, types.VerifyMerklePath(job.ResultsRoot, uint64(len(leaves)), uint64(i), leaf, path))
	}
}

func TestCancellingAnArrayReturnsEveryUnitThatNobodyEarned(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	f.fund(requester(0), coin(10_000_000))
	before := f.balance(0)
	posted, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: requester(0).String(), Spec: array(1_000)})
	require.NoError(t, err)
	f.crowd(6, 300, func() bool { return f.job(posted.JobId).TasksAccepted >= 10 })
	resp, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: posted.JobId})
	require.NoError(t, err)
	require.True(t, resp.Refund.Amount.GTE(math.NewInt(300*900)), "unopened tasks return at once, found %s", resp.Refund)
	f.crowd(6, 300, func() bool { return f.over(posted.JobId) })

	job := f.job(posted.JobId)
	require.Equal(t, types.JOB_STATUS_CANCELLED, job.Status)
	require.GreaterOrEqual(t, job.TasksAccepted, uint64(10))
	spent := math.ZeroInt()
	for _, r := range f.receipts[job.Id] {
		for _, o := range r.Outcomes {
			spent = spent.Add(o.Paid)
		}
		spent = spent.Add(r.Burned)
	}
	require.Equal(t, before.Sub(posted.PostingFee.Amount).Sub(spent), f.balance(0))
	require.Equal(t, posted.Reserved.Amount, spent.Add(job.Refunded))
	f.requireReceiptsUnder(job)
}

func TestTasksThatWereNeverOpenedEndWithTheLifetime(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	s := array(50)
	s.LifetimeBlocks = 25
	id := f.post(0, s)
	f.blocks(60) // no node works
	job := f.job(id)
	require.Equal(t, types.JOB_STATUS_EXPIRED, job.Status)
	require.Equal(t, job.Tasks, job.TasksEnded)
	require.Equal(t, job.Tasks-job.TasksOpened, job.TasksDropped)
	burned := math.ZeroInt()
	for _, r := range f.receipts[id] {
		burned = burned.Add(r.Burned)
		require.True(t, r.Burned.IsPositive() && r.Burned.LTE(job.DrawReserve(1)), "draws that found nobody cost a fee: %s", r.Burned)
	}
	require.Equal(t, job.TaskReserve.MulRaw(50), job.Refunded.Add(burned))
}

func TestOnlyOpenTasksCanBeClaimedAndEndedOnesNeverAgain(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	id := f.post(0, array(100))
	f.blocks(seedDelay)
	require.ErrorIs(t, f.claim(0, types.ChunkRef{JobId: id, Task: 99}), types.ErrTaskNotOpen)
	require.ErrorIs(t, f.claim(0, types.ChunkRef{JobId: id, Task: 100}), types.ErrTaskNotFound)
	f.crowd(6, 100, func() bool { return f.job(id).TasksAccepted > 0 })
	entry := f.taskBits(id)[0]
	for task := range uint64(100) {
		if entry.Bits.HasEnded(task) {
			require.ErrorIs(t, f.claim(0, types.ChunkRef{JobId: id, Task: task}), types.ErrTaskEnded)
		}
	}
}

func TestCancellingGoesOnOverBlocksWhenMoreIsOpenThanABatch(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	id := f.post(0, array(100))
	f.next()
	job := f.job(id)
	require.EqualValues(t, 4, job.Active())
	f.setParams(func(p *types.Params) { p.MaxBatch, p.QueueLimit = 2, 2 })
	_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
	require.NoError(t, err)
	f.next()
	require.False(t, f.over(id), "two tasks a block")
	require.ErrorIs(t, f.unchanged(func() error {
		_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
		return err
	}), types.ErrJobEnded)
	f.blocks(20)
	job = f.job(id)
	require.Equal(t, types.JOB_STATUS_CANCELLED, job.Status)
	require.Equal(t, job.TaskReserve.MulRaw(100), job.Refunded.Add(job.SeatFee.MulRaw(4*3)), "the seats of four draws that were pinned")
}

func TestMarketsTellWhatIsOpenHeldAndPaid(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	id := f.post(0, array(10))
	f.next()
	resp, err := f.queries.Market(f.ctx, &types.QueryMarketRequest{Class: class})
	require.NoError(t, err)
	require.EqualValues(t, 10, resp.Market.OpenTasks)
	require.EqualValues(t, []uint64{6, 24, 24}, []uint64{resp.LiveNodes, resp.FundedSlots, resp.FreeSlots})
	f.crowd(6, 200, func() bool { return f.over(id) })
	resp, err = f.queries.Market(f.ctx, &types.QueryMarketRequest{Class: class})
	require.NoError(t, err)
	require.Zero(t, resp.Market.OpenTasks)
	require.Zero(t, resp.Market.Held)
	require.Equal(t, []types.Price{{Denom: denom, Last: math.NewInt(100), Recent: math.NewInt(100), Settled: 10}}, resp.Market.Prices)
	_, err = f.queries.Market(f.ctx, &types.QueryMarketRequest{Class: "no-such-class"})
	require.Error(t, err)
}

func TestArraysSurviveAnExportAtAnyPoint(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	id := f.post(0, array(12))
	for range 12 {
		for n := range 6 {
			player{f: f, n: n}.act()
		}
		f.next()
		g := restored(f)
		require.Equal(t, f.export(), g.export())
		f = g
	}
	f.crowd(6, 300, func() bool { return f.over(id) })
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(id).Status)
}

func TestAnArrayThatNobodyTakesUpStaysSmall(t *testing.T) {
	f := newFixture(t)
	f.network(8)
	f.fund(requester(0), coin(50_000))
	id := f.post(0, array(300))
	for range 100 {
		f.next()
		job := f.job(id)
		require.LessOrEqual(t, job.Active(), uint64(4))
	}
}

func TestARefundThatFailsLosesNothingOfWhatTheBlockHasCounted(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	id := f.post(0, array(4))
	f.blocks(seedDelay)
	drawn := f.assign(id, 6)
	require.NoError(t, f.commit(drawn[0], ref(id, 0)))
	broken := true
	f.bank.AppendSendRestriction(func(_ context.Context, _, to sdk.AccAddress, _ sdk.Coins) (sdk.AccAddress, error) {
		if broken && to.Equals(requester(0)) {
			return nil, errors.New("the requester's account is frozen")
		}
		return to, nil
	})
	_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
	require.NoError(t, err)
	f.next()
	job := f.job(id)
	require.EqualValues(t, 3, job.TasksEnded, "what is committed goes on")
	require.True(t, job.Refunded.IsZero())

	broken = false
	f.crowd(6, 60, func() bool { return f.over(id) })
	job = f.job(id)
	require.True(t, job.Refunded.IsPositive())
	require.True(t, job.Reserved.IsZero())
}
