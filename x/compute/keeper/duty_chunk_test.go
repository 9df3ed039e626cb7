package keeper_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

// dueItems returns the duties of a message.
func (f *fixture) dueItems(msg sdk.Msg) []types.Duty {
	f.t.Helper()
	due, err := f.keeper.Duties(f.ctx, msg)
	require.NoError(f.t, err)
	return due
}

// TestACommitmentToAChunkThatIsRefusedIsNotDue: otherwise a node could fill the lane again in
// every block up to its deadline.
func TestACommitmentToAChunkThatIsRefusedIsNotDue(t *testing.T) {
	f := chunkNetwork(t, 6)
	players := f.everyone(6, honest)
	id := f.post(0, chunked(100, 100))
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) > 0 })
	p := player{f: f, n: f.drawn(id)[0]}
	good := p.commitChunk(f.held(p.n))
	due := func(change func(*types.CommitItem)) int {
		item := good
		change(&item)
		return len(f.dueItems(&types.MsgCommit{Worker: worker(p.n).String(), Items: []types.CommitItem{item}}))
	}
	require.Equal(t, 1, due(func(*types.CommitItem) {}))
	require.Equal(t, 1, due(func(c *types.CommitItem) { c.Tasks, c.Fuel = 7, 7_000_000 }))
	require.Zero(t, due(func(c *types.CommitItem) { c.Tasks = 101 }))
	require.Zero(t, due(func(c *types.CommitItem) { c.Fuel = 100*1_000_000 + 1 }))
	require.Zero(t, due(func(c *types.CommitItem) { c.Fuel = 4_000_000 }))
}

// TestOpeningsOfAChunkAreDueByTask: a node that reveals and opens several tasks sends all of it
// in one transaction of the lane, and nothing that no task waits for.
func TestOpeningsOfAChunkAreDueByTask(t *testing.T) {
	f := chunkNetwork(t, 12)
	players := f.everyone(12, honest)
	s := chunked(16, 16)
	s.Policy.Auditors, s.Policy.Samples = 2, 8
	id := f.post(0, s)
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) == 3 })
	samples, drawn := f.round(id).Samples, f.drawn(id)
	for i, auditor := range drawn[1:] { // each lies about another task
		lie := uint64(samples[i])
		players[auditor].chunk.skips = func(task uint64) bool { return task == lie }
	}
	f.until(players, func() bool { return len(f.task(id).Rounds) == 2 })
	for n := range players { // nothing is revealed and opened except by this test
		players[n].does = silent
	}
	for _, n := range drawn {
		players[n].does = closed
	}
	f.until(players, func() bool {
		task := f.task(id)
		return len(task.Rounds) == 2 && task.Rounds[1].Phase == types.ROUND_PHASE_REVEAL
	})
	require.Equal(t, samples[:2], f.round(id).Samples)
	for n, status := range map[int]types.AssignmentStatus{drawn[0]: types.ASSIGNMENT_STATUS_REVEALED, f.drawn(id)[0]: types.ASSIGNMENT_STATUS_COMMITTED} {
		item := f.held(n)
		require.Equal(t, status, item.Assignment.Status)
		var items []types.OpenItem
		for _, position := range samples[:3] {
			items = append(items, types.NewOpenItem(item.Ref, players[n].result(item.Ref, position)))
		}
		due := f.dueItems(&types.MsgOpen{Worker: worker(n).String(), Items: items})
		require.Len(t, due, 2, "%s: the third is not judged", status)
		require.NotEqual(t, due[0].Key(), due[1].Key())
	}
}

// TestARevealOfALargeChunkFitsTheLane: the lane has room for a transaction that reveals the most
// samples of the largest chunk, or of one with the most auditors, and settles it.
func TestARevealOfALargeChunkFitsTheLane(t *testing.T) {
	for auditors, tasks := range map[uint32]uint64{1: types.MaxChunkTasks, 7: types.MaxSamples} {
		t.Run(fmt.Sprintf("%d auditors", auditors), func(t *testing.T) { revealInLane(t, tasks, auditors) })
	}
}

func revealInLane(t *testing.T, tasks uint64, auditors uint32) {
	f := chunkNetwork(t, 12)
	players := f.everyone(12, silent)
	s := chunked(tasks, tasks)
	s.Reward, s.Policy.Auditors, s.Policy.Samples = coin(10), auditors, 58
	f.fund(requester(0), coin(1_000_000))
	id := f.post(0, s)
	f.until(players, func() bool { return f.round(id).Phase == types.ROUND_PHASE_REVEAL })
	require.Len(t, f.round(id).Samples, types.MaxSamples)
	drawn := f.drawn(id)
	require.Len(t, drawn, 1+int(auditors))
	lane := feemarkettypes.DefaultParams().LaneTx(1)
	for _, n := range append(drawn[1:], drawn[0]) { // the replica reveals last, and settles
		p, item := player{f: f, n: n}, f.held(n)
		msg := &types.MsgReveal{Worker: worker(n).String(), Items: []types.RevealItem{p.revealChunk(item)}}
		require.Len(t, f.dueItems(msg), 1)
		f.ctx = f.ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
		_, err := f.msgs.Reveal(f.ctx, msg)
		require.NoError(t, err)
		const perByte, signature = 10, 2_000 // of the SDK's default parameters
		used := f.ctx.GasMeter().GasConsumed() + uint64(msg.Size())*perByte + signature
		t.Logf("node %d: %d bytes, %d gas of %d", n, msg.Size(), used, lane)
		require.Less(t, used, lane)
	}
	f.next()
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(id).Status)
}
