package keeper_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

func TestAClaimBeforeTheSeedIsRefused(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.post(0, spec(coin(1_000), 3))
	require.ErrorIs(t, f.unchanged(func() error { return f.claim(0, ref(id, 0)) }), types.ErrSeedUnknown)
	f.blocks(seedDelay)
	require.NoError(t, f.claim(0, ref(id, 0)))
	batches := events[*types.EventBatch](f)
	require.Len(t, batches, 1)
	require.Equal(t, &types.EventBatch{
		Actor: operator(0).String(), Action: "claim", Items: []types.ChunkRef{ref(id, 0)},
		Changes: []types.ChunkChange{},
	}, batches[0])
	require.ErrorIs(t, f.unchanged(func() error { return f.claim(0, ref(id, 0)) }), types.ErrAlreadyClaimed)
}

func TestALosingTicketIsRefused(t *testing.T) {
	f := newFixture(t)
	f.network(60)
	id := f.drawable(spec(coin(1_000), 3))
	won, lost := 0, 0
	for n := range 60 {
		switch err := f.claim(n, ref(id, 0)); {
		case err == nil:
			won++
		default:
			if lost == 0 {
				f.unchanged(func() error { return f.claim(n, ref(id, 0)) })
			}
			if !errors.Is(err, types.ErrOutranked) {
				require.ErrorIs(t, err, types.ErrNotEligible)
				lost++
			}
		}
	}
	require.Positive(t, won)
	require.Greater(t, lost, 30, "twelve of sixty are eligible, about")
}

func TestOnlyTheLowestRanksHoldTheSlots(t *testing.T) {
	f := newFixture(t)
	f.network(10)
	id := f.drawable(spec(coin(1_000), 3))
	outranked := 0
	for n := range 10 {
		if err := f.claim(n, ref(id, 0)); err != nil {
			require.ErrorIs(t, err, types.ErrOutranked)
			outranked++
		}
	}
	require.Len(t, f.round(id).Draw.Candidates, 3)
	require.Positive(t, outranked)
	require.ErrorIs(t, f.claim(f.evicted(id), ref(id, 0)), types.ErrOutranked, "who was moved out cannot come back")
}

// evicted returns a node that is not a candidate of a job's draw.
func (f *fixture) evicted(job string) int {
	for n := range 10 {
		held := false
		for _, c := range f.round(job).Draw.Candidates {
			held = held || c.Operator == operator(n).String()
		}
		if !held {
			return n
		}
	}
	return -1
}

func TestTheOrderOfClaimsDoesNotMatter(t *testing.T) {
	const nodes = 9
	f := newFixture(t)
	f.network(nodes)
	id := f.drawable(spec(coin(1_000), 3))
	begin := f.ctx
	numbers := make([]int, nodes)
	for n := range numbers {
		numbers[n] = n
	}
	var want []types.Assignment
	rapid.Check(t, func(rt *rapid.T) {
		f.t = rt
		f.ctx, _ = begin.CacheContext()
		for _, n := range rapid.Permutation(numbers).Draw(rt, "order") {
			if err := f.claim(n, ref(id, 0)); err != nil {
				require.ErrorIs(rt, err, types.ErrOutranked)
			}
		}
		f.checkInvariants()
		got := f.round(id).Draw.Candidates
		if want == nil {
			want = got
		}
		require.Equal(rt, want, got)
	})
	require.Len(t, want, 3)
}

func TestAWeightFromAfterTheSnapshotDoesNotCount(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.post(0, spec(coin(1_000), 3))
	before := f.ranks(4)

	// After the pin: a new node, a bond that is topped up, and an epoch that counts both.
	f.register(4, 40_000, 16)
	f.fund(operator(0), coin(30_000))
	server := edgenodekeeper.NewMsgServer(f.nodes)
	_, err := server.Bond(f.ctx, &edgenodetypes.MsgBond{Operator: operator(0).String(), Amount: coin(30_000)})
	require.NoError(t, err)
	_, err = server.Update(f.ctx, &edgenodetypes.MsgUpdate{
		Operator: operator(0).String(), Moniker: "node", Region: "de", Class: class,
		Hardware:  edgenodetypes.Hardware{CpuCores: 16, MemoryBytes: 64 << 30},
		Executors: []string{"wasm/1"}, Slots: 16,
	})
	require.NoError(t, err)
	require.NoError(t, f.nodes.RollEpoch(f.ctx))
	now, err := f.nodes.Weight(f.ctx, operator(0), 2)
	require.NoError(t, err)
	require.Equal(t, "16000", now.String(), "the next draws count it")

	require.Equal(t, before, f.ranks(4), "this one does not")
	f.blocks(seedDelay)
	require.ErrorIs(t, f.unchanged(func() error { return f.claim(4, ref(id, 0)) }), types.ErrNoWeight)
}

// ranks returns the ranks that the first nodes would have once the seed is known.
func (f *fixture) ranks(nodes int) (out [][]byte) {
	f.t.Helper()
	later := f.ctx
	defer func() { f.ctx = later }()
	f.ctx, _ = f.ctx.WithBlockHeight(f.ctx.BlockHeight() + seedDelay).CacheContext()
	for n := range nodes {
		resp, err := f.queries.Claimable(f.ctx, &types.QueryClaimableRequest{Operator: operator(n).String()})
		require.NoError(f.t, err)
		require.Len(f.t, resp.Tasks, 1)
		out = append(out, resp.Tasks[0].Rank)
	}
	return out
}

func TestClaimsOfNodesThatDoNotQualifyAreRefused(t *testing.T) {
	server := func(f *fixture) edgenodetypes.MsgServer { return edgenodekeeper.NewMsgServer(f.nodes) }
	for name, c := range map[string]struct {
		prepare func(t *testing.T, f *fixture)
		want    error
		says    string
	}{
		"paused": {func(t *testing.T, f *fixture) {
			_, err := server(f).Pause(f.ctx, &edgenodetypes.MsgPause{Operator: operator(0).String()})
			require.NoError(t, err)
		}, types.ErrNotQualified, "node is live"},
		"insufficient bond": {func(t *testing.T, f *fixture) {
			_, err := server(f).Unbond(f.ctx, &edgenodetypes.MsgUnbond{Operator: operator(0).String(), Amount: coin(8_000)})
			require.NoError(t, err)
		}, types.ErrNotQualified, "free bond of 3000: the node has 2000; bond more or wait"},
		"no free slot": {func(t *testing.T, f *fixture) {
			for range 4 {
				require.NoError(t, f.nodes.Reserve(f.ctx, operator(0), coin(1).Amount))
			}
		}, types.ErrNotQualified, "a free slot: 4 of 4 are used"},
		"another class": {func(t *testing.T, f *fixture) {
			_, err := server(f).Update(f.ctx, &edgenodetypes.MsgUpdate{
				Operator: operator(0).String(), Moniker: "node", Region: "de", Class: "cpu-large",
				Hardware:  edgenodetypes.Hardware{CpuCores: 16, MemoryBytes: 64 << 30},
				Executors: []string{"wasm/1"}, Slots: 4,
			})
			require.NoError(t, err)
		}, types.ErrNotQualified, "class cpu-small: the node's is cpu-large"},
		"another executor": {func(t *testing.T, f *fixture) {
			_, err := server(f).Update(f.ctx, &edgenodetypes.MsgUpdate{
				Operator: operator(0).String(), Moniker: "node", Region: "de", Class: class,
				Hardware:  edgenodetypes.Hardware{CpuCores: 16, MemoryBytes: 64 << 30},
				Executors: []string{"wasm/2"}, Slots: 4,
			})
			require.NoError(t, err)
		}, types.ErrNotQualified, "runs wasm/1: the node runs [wasm/2]"},
		"seed no longer kept": {func(_ *testing.T, f *fixture) { f.beacon.withheld = true }, types.ErrSeedUnknown, "still kept"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.network(4)
			id := f.drawable(spec(coin(1_000), 3))
			require.NoError(t, f.claim(1, ref(id, 0)), "the seed has been seen")
			c.prepare(t, f)
			err := f.claim(0, ref(id, 0))
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestClaimsThatNameNothingAreRefused(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.drawable(spec(coin(1_000), 3))
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"unknown job":         {f.claim(0, ref("7-7-7", 0)), types.ErrJobNotFound},
		"unknown task":        {f.claim(0, types.ChunkRef{JobId: id, Task: 1}), types.ErrTaskNotFound},
		"round to come":       {f.claim(0, ref(id, 1)), types.ErrWrongRound},
		"unregistered worker": {f.claim(9, ref(id, 0)), edgenodetypes.ErrUnknownWorker},
	} {
		require.ErrorIs(t, c.err, c.want, name)
	}
	_, err := f.msgs.Claim(f.ctx, &types.MsgClaim{Worker: operator(0).String(), Items: []types.ChunkRef{ref(id, 0)}})
	require.ErrorIs(t, err, edgenodetypes.ErrUnknownWorker, "the operator's own key does not work")
	_, err = f.msgs.Claim(f.ctx, &types.MsgClaim{Worker: "x", Items: []types.ChunkRef{ref(id, 0)}})
	require.ErrorIs(t, err, types.ErrInvalidBatch)
}

func TestAClaimAfterTheWindowIsRefused(t *testing.T) {
	f := newFixture(t)
	f.network(5)
	id := f.drawable(spec(coin(1_000), 3))
	for n := range 3 {
		require.NoError(t, f.claim(n, ref(id, 0)))
	}
	closes := f.round(id).Draw.CloseHeight
	// The queue does not visit the task in between: the height alone decides.
	f.ctx = f.ctx.WithBlockHeight(closes)
	require.ErrorIs(t, f.claim(4, ref(id, 0)), types.ErrNoDraw)

	f = newFixture(t)
	f.network(5)
	id = f.drawable(spec(coin(1_000), 3))
	require.NoError(t, f.claim(0, ref(id, 0)))
	f.ctx = f.ctx.WithBlockHeight(closes)
	require.ErrorIs(t, f.claim(4, ref(id, 0)), types.ErrNoDraw)
	f.next()
	f.next()
	require.ErrorIs(t, f.claim(4, ref(id, 0)), types.ErrSeedUnknown, "what is left is drawn again, with a seed of its own")
}

func TestWhoHasTakenPartIsNotDrawnAgain(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id, drawn := f.assigned(3)
	require.NoError(t, f.release(drawn[0], types.ReleaseItem{Ref: ref(id, 0)}))
	f.blocks(seedDelay + 1) // the redraw pauses for one block
	require.ErrorIs(t, f.claim(drawn[0], ref(id, 0)), types.ErrAlreadyTookPart, "released")
	require.ErrorIs(t, f.claim(drawn[1], ref(id, 0)), types.ErrAlreadyTookPart, "still holds it")
	require.NoError(t, f.claim(3, ref(id, 0)))
}

func TestAnEndedTaskTakesNoClaims(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.drawable(spec(coin(1_000), 3))
	_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
	require.NoError(t, err)
	require.ErrorIs(t, f.claim(0, ref(id, 0)), types.ErrTaskEnded)
}
