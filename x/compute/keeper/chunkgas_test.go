package keeper_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// TestAChunkCostsAboutAsMuchGasAsATask plays one audited chunk of each size, without other nodes
// that claim, and adds up the gas of its messages and blocks.
func TestAChunkCostsAboutAsMuchGasAsATask(t *testing.T) {
	gas := map[uint64]uint64{}
	for _, tasks := range []uint64{1, 16, 256, types.MaxChunkTasks} {
		t.Run(fmt.Sprint(tasks), func(t *testing.T) {
			f := chunkNetwork(t, 4)
			f.fund(requester(0), coin(10_000_000))
			s := chunked(tasks, tasks)
			s.Reward = coin(10)
			id, players := f.post(0, s), f.everyone(4, honest)
			f.ctx = f.ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
			for ended := false; !ended; f.free(func() { ended = f.over(id) }) {
				for _, p := range players {
					item := types.WorkItem{}
					f.free(func() { // a node queries its own full node
						claimable, err := f.queries.Claimable(f.ctx, &types.QueryClaimableRequest{Operator: operator(p.n).String()})
						require.NoError(t, err)
						for _, task := range claimable.Tasks {
							item.Ref = task.Ref
						}
					})
					if item.Ref.JobId != "" {
						_ = f.claim(p.n, item.Ref) // others may lead
					}
					f.free(func() { item = f.heldOrNone(p.n) })
					if item.Ref.JobId != "" {
						p.serve(item)
					}
				}
				require.NoError(t, f.keeper.EndBlock(f.ctx))
				f.collect()
				f.ctx = f.ctx.WithBlockHeight(f.ctx.BlockHeight() + 1)
			}
			require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(id).Status)
			gas[tasks] = f.ctx.GasMeter().GasConsumed()
			t.Logf("%d tasks: %d gas, %d per task", tasks, gas[tasks], gas[tasks]/tasks)
		})
	}
	require.Less(t, gas[types.MaxChunkTasks], 3*gas[1])
}

// free runs a function whose gas no account pays.
func (f *fixture) free(run func()) {
	kept := f.ctx
	f.ctx = f.ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
	run()
	f.ctx = kept
}

// heldOrNone returns what a node holds, or an empty item.
func (f *fixture) heldOrNone(n int) types.WorkItem {
	resp, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(n).String()})
	require.NoError(f.t, err)
	if len(resp.Items) == 0 {
		return types.WorkItem{}
	}
	return resp.Items[0]
}
