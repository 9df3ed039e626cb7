package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"

	"github.com/thetaedge/theta/x/compute/types"
)

// limitQueue sets how many due tasks a block advances.
func (f *fixture) limitQueue(limit uint32) {
	f.t.Helper()
	p := testParams()
	p.QueueLimit = limit
	_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: p})
	require.NoError(f.t, err)
}

func TestAFullQueueDrainsOverBlocksInOrder(t *testing.T) {
	f := newFixture(t)
	f.limitQueue(2)
	f.network(3)
	f.beacon.withheld = true
	var ids []string
	for range 7 {
		ids = append(ids, f.post(0, spec(coin(10), 3)))
	}
	// Long past the seed's timeout, all seven are due at once.
	f.ctx = f.ctx.WithBlockHeight(f.ctx.BlockHeight() + 100)
	for swept := 2; swept < len(ids)+2; swept += 2 {
		f.next()
		for i, id := range ids {
			job := f.job(id)
			require.Equal(t, i < swept, job.Ended(), "job %d after %d", i, swept)
		}
	}
}

func TestALateCommitDoesNotProfitFromAQueueThatLagsBehind(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id, drawn := f.assigned(4)
	deadline := f.round(id).NextDeadline
	f.ctx = f.ctx.WithBlockHeight(deadline + 1)
	require.Equal(t, "10000", f.bond(drawn[0]).String(), "nothing has swept it yet")
	require.ErrorIs(t, f.commit(drawn[0], ref(id, 0)), types.ErrCommitLate)
	held, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(drawn[0]).String()})
	require.NoError(t, err)
	require.Empty(t, held.Items, "queries show it as the height has advanced it")
	f.blocks(8)
	require.Equal(t, "9900", f.bond(drawn[0]).String())
}

func TestATaskThatFailsIsPutOffAndStopsNobody(t *testing.T) {
	for name, panics := range map[string]bool{"error": false, "panic": true} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.limitQueue(1)
			f.network(3)
			broken := f.post(0, spec(coin(10), 3))
			f.beacon.broken = map[int64]bool{f.ctx.BlockHeight(): panics}
			f.next()
			sound := f.post(0, spec(coin(10), 3))
			for range 20 {
				f.next()
			}
			require.Equal(t, types.JOB_STATUS_OPEN, f.job(broken).Status)
			require.Greater(t, f.round(sound).Draws, uint32(1), "the other one has drawn in vain, and draws again")
			// When the beacon works again, the task continues where it was.
			f.beacon.broken = nil
			f.blocks(120)
			require.Equal(t, types.JOB_STATUS_EXPIRED, f.job(broken).Status)
			require.Equal(t, types.JOB_STATUS_EXPIRED, f.job(sound).Status)
		})
	}
}

func TestAQueueEntryOfNoTaskGoesAway(t *testing.T) {
	f := newFixture(t)
	f.limitQueue(1)
	f.network(3)
	due := collections.NewKeySet(collections.NewSchemaBuilder(f.service), types.DuePrefix, "due",
		collections.TripleKeyCodec(collections.Int64Key, types.JobIDKey, collections.Uint64Key))
	stray := collections.Join3(int64(1), types.JobID{Height: 1}, uint64(0))
	require.NoError(t, due.Set(f.ctx, stray))
	id := f.post(0, spec(coin(10), 3))
	f.next()
	has, err := due.Has(f.ctx, stray)
	require.NoError(t, err)
	require.False(t, has)
	f.blocks(80)
	require.Equal(t, types.JOB_STATUS_EXPIRED, f.job(id).Status)
}
