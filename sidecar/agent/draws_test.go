package agent

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestCommittedWorkFreesTheMachineForTheNext(t *testing.T) {
	w := newWorld(t)
	w.chain.othersCommit = false
	w.config.Policy = bid.Policy{MaxJobs: 1, FuelPerBlock: 1000}
	for n := range 6 {
		w.chain.post(w.web, n, under(quorum))
	}
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	committed := func() (n int) {
		for _, task := range w.chain.tasks {
			if part := w.chain.part(task); part != nil && part.Status == computetypes.ASSIGNMENT_STATUS_COMMITTED {
				n++
			}
		}
		return n
	}
	w.until("all slots of the node are committed", func() bool { return committed() == int(w.chain.slots) })
	w.chain.read(func() { w.chain.othersCommit = true })
	w.until("all are settled", func() bool {
		return !slices.ContainsFunc(w.chain.tasks, func(t *fakeTask) bool { return t.receipt == nil })
	})
}

func TestNodeClaimsNoMoreThanItCanRunInTime(t *testing.T) {
	w := newWorld(t)
	w.config.Policy = bid.Policy{MaxJobs: 1, FuelPerBlock: 10}
	w.engine.hold = make(chan struct{})
	for n := range 4 {
		// Each task needs a thousand blocks of work, in a window of 2,500 blocks.
		task := w.chain.post(w.web, n)
		task.spec.Resources.Fuel, task.spec.PrepareBlocks, task.spec.CommitBlocks = 10_000, 300, 2500
	}
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return len(a.Status().Passed) > 0 }, patience, time.Millisecond)
	require.Contains(t, a.Status().Passed[0].Reason, "2 programs are before it at 10 fuel a block")
	w.until("two claims", func() bool { return w.chain.claims == 2 })
	height := a.Status().Height
	require.Eventually(t, func() bool { return a.Status().Height > height+20 }, patience, time.Millisecond)
	w.chain.read(func() { require.Equal(t, 2, w.chain.claims) })
	close(w.engine.hold)
}

// TestAClaimThatNeverReachedTheChainTakesNoRoom: otherwise a task that needs more than half of
// its window would block itself.
func TestAClaimThatNeverReachedTheChainTakesNoRoom(t *testing.T) {
	w := newWorld(t)
	w.config.Policy = bid.Policy{MaxJobs: 1, FuelPerBlock: 10}
	task := w.chain.post(w.web, 1)
	task.spec.Resources.Fuel, task.spec.PrepareBlocks, task.spec.CommitBlocks = 10_000, 300, 1_500
	lost := &claimLosingChain{fakeChain: w.chain}
	w.config.Chain = lost
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseSettled)
	require.Equal(t, 1, lost.lost)
}

// claimLosingChain loses the first transaction that contains a claim.
type claimLosingChain struct {
	*fakeChain
	lost int
}

func (c *claimLosingChain) Submit(ctx context.Context, batch chain.Batch, limit int) (chain.Submission, error) {
	if len(batch.Claims) > 0 && c.lost == 0 {
		c.lost++
		return chain.Submission{}, chain.ErrNotIncluded
	}
	return c.fakeChain.Submit(ctx, batch, limit)
}

func TestLowestRanksAreClaimedFirst(t *testing.T) {
	w := newWorld(t)
	w.config.Policy.MaxJobs = 2
	w.chain.params.ClaimBlocks = ages
	for n := range 5 {
		w.chain.post(w.web, n, under(audited))
	}
	tasks := slices.Clone(w.chain.tasks)
	lost := tasks[2]
	lost.outranked = true
	// The seeds become known in one block, before the node looks for draws.
	w.chain.skip(2)
	slices.SortFunc(tasks, func(x, y *fakeTask) int {
		return bytes.Compare(w.chain.rank(x, w.chain.operator), w.chain.rank(y, w.chain.operator))
	})
	tasks = slices.DeleteFunc(tasks, func(t *fakeTask) bool { return t == lost })
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.until("a batch", func() bool { return len(w.chain.batches) > 0 })
	w.chain.read(func() {
		require.Equal(t, []computetypes.ChunkRef{tasks[0].ref, tasks[1].ref}, w.chain.batches[0].Claims)
	})
	require.Eventually(t, func() bool { return len(a.Status().Passed) == 3 }, patience, time.Millisecond)
	reasons := map[string]string{}
	for _, p := range a.Status().Passed {
		reasons[p.JobID] = p.Reason
	}
	require.Contains(t, reasons[lost.ref.JobId], "lower ranks")
	require.Contains(t, reasons[tasks[2].ref.JobId], "no slot is free")
}

func TestAllOpenDrawsAreLookedThroughInTurn(t *testing.T) {
	w := newWorld(t)
	w.chain.page = 5
	w.config.Policy.MinRewards = sdk.NewCoins(sdk.NewInt64Coin("atfuel", 1000))
	oldest := w.chain.post(w.web, 0)
	for n := range 60 {
		w.chain.post(w.web, n+1).spec.Reward.Amount = sdk.NewInt64Coin("atfuel", 1).Amount
	}
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(oldest, store.PhaseSettled)
	newest := w.chain.post(w.web, 1000)
	w.untilPhase(newest, store.PhaseSettled)
	w.chain.read(func() { require.Equal(t, 2, w.chain.claims, "only those that pay enough") })
	require.NotEmpty(t, a.Status().Passed)
	require.Contains(t, a.Status().Passed[0].Reason, "pays 1atfuel, less than 1000atfuel")
}
