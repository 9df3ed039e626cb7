package keeper_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// attempt is one item of a worker's message, with a function that sends it.
type attempt struct {
	name string
	msg  sdk.Msg
	send func() error
}

// attempts returns all items that a node may send about a round of a job.
func (f *fixture) attempts(n int, r types.ChunkRef) []attempt {
	p, text := player{f: f, n: n}, worker(n).String()
	return []attempt{
		{"claim", &types.MsgClaim{Worker: text, Items: []types.ChunkRef{r}}, func() error { return f.claim(n, r) }},
		{"commit", &types.MsgCommit{Worker: text, Items: []types.CommitItem{{Ref: r, Commitment: p.commitment(r)}}}, func() error { return f.commit(n, r) }},
		{"reveal", &types.MsgReveal{Worker: text, Items: []types.RevealItem{
			{Ref: r, Tag: p.tag(r), ExitCode: p.exitCode(), Salt: p.salt(), Metrics: p.metrics()},
		}}, func() error { return f.reveal(n, r) }},
		{"open", &types.MsgOpen{Worker: text, Items: []types.OpenItem{types.NewOpenItem(r, p.shown(r))}}, func() error { return f.open(n, r) }},
		{"yield", &types.MsgYield{Worker: text, Items: []types.ChunkRef{r}}, func() error { return f.yield(n, r) }},
		{"release", &types.MsgRelease{Worker: text, Items: []types.ReleaseItem{{Ref: r}}}, func() error { return f.release(n, types.ReleaseItem{Ref: r}) }},
	}
}

// sameAsTaken requires that, of all items that nodes may send about a job, those that are due
// are the ones that would be taken. It returns the items that are due.
func (f *fixture) sameAsTaken(job string, nodes int) map[string]bool {
	f.t.Helper()
	seen := map[string]bool{}
	for n := range nodes {
		for round := range uint32(3) {
			for _, a := range f.attempts(n, ref(job, round)) {
				duties, err := f.keeper.Duties(f.ctx, a.msg)
				require.NoError(f.t, err)
				kept := f.ctx
				f.ctx, _ = kept.CacheContext()
				taken := a.send()
				f.ctx = kept
				if errors.Is(taken, types.ErrNotOpening) && len(duties) > 0 && a.name == "open" {
					continue // its reveal may precede it in the same transaction
				}
				require.Equal(f.t, taken == nil, len(duties) == 1, "%s of node %d in round %d: %v", a.name, n, round, taken)
				seen[a.name] = seen[a.name] || taken == nil
				for _, duty := range duties {
					require.Equal(f.t, operator(n).String(), duty.Operator)
					require.GreaterOrEqual(f.t, duty.Deadline, f.ctx.BlockHeight())
				}
			}
		}
	}
	return seen
}

// TestADutyIsDueWhereItWouldBeTaken takes a task through draws, commitments, reveals, a lie,
// judges and openings.
func TestADutyIsDueWhereItWouldBeTaken(t *testing.T) {
	const nodes = 9
	f := newFixture(t)
	f.network(nodes)
	seen := map[string]bool{}
	look := func(id string) {
		for name, found := range f.sameAsTaken(id, nodes+1) {
			seen[name] = seen[name] || found
		}
	}
	id := f.post(0, spec(coin(1_000), 3))
	look(id)
	f.blocks(seedDelay)
	look(id)
	drawn := f.assign(id, 3)
	look(id)
	r := ref(id, 0)
	bad := player{f: f, n: drawn[0], does: liar}
	bad.work(r, types.Assignment{})
	look(id)
	require.NoError(t, f.commit(drawn[1], r))
	f.blocks(4) // past the prepare window
	look(id)
	require.NoError(t, f.commit(drawn[2], r))
	look(id)
	bad.serve(types.WorkItem{Ref: r, Assignment: types.Assignment{Status: types.ASSIGNMENT_STATUS_COMMITTED}, Phase: types.ROUND_PHASE_REVEAL})
	require.NoError(t, f.reveal(drawn[1], r))
	look(id)
	require.NoError(t, f.reveal(drawn[2], r))
	look(id)
	f.next()
	f.blocks(seedDelay)
	look(id)
	for _, n := range f.assign(id, nodes) {
		look(id)
		require.NoError(t, f.commit(n, ref(id, 1)))
	}
	look(id)
	require.NoError(t, f.open(drawn[1], r))
	look(id)
	for _, name := range []string{"claim", "commit", "reveal", "open", "release", "yield"} {
		require.True(t, seen[name], "%s was due at some time", name)
	}
}

func TestABatchIsLookedAtAsLongAsHalfOfItIsDue(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id, drawn := f.assigned(4)
	live, dead := types.CommitItem{Ref: ref(id, 0), Commitment: make([]byte, 32)}, func(task uint64) types.CommitItem {
		return types.CommitItem{Ref: types.ChunkRef{JobId: id, Task: task}, Commitment: make([]byte, 32)}
	}
	most := int(testParams().MaxBatch)
	tooMany := []types.CommitItem{live}
	for i := range most {
		tooMany = append(tooMany, dead(uint64(i+1)))
	}
	for name, c := range map[string]struct {
		worker string
		items  []types.CommitItem
		due    int
	}{
		"one":                    {worker(drawn[0]).String(), []types.CommitItem{live}, 1},
		"half":                   {worker(drawn[0]).String(), []types.CommitItem{live, dead(1), dead(2)}, 1},
		"the dead first":         {worker(drawn[0]).String(), []types.CommitItem{dead(1), live}, 0},
		"none":                   {worker(drawn[0]).String(), nil, 0},
		"the same twice":         {worker(drawn[0]).String(), []types.CommitItem{live, live}, 0},
		"more than a batch":      {worker(drawn[0]).String(), tooMany, 0},
		"a stranger":             {requester(0).String(), []types.CommitItem{live}, 0},
		"an address out of form": {"theta1nobody", []types.CommitItem{live}, 0},
		"an operator, no worker": {operator(drawn[0]).String(), []types.CommitItem{live}, 0},
	} {
		duties, err := f.keeper.Duties(f.ctx, &types.MsgCommit{Worker: c.worker, Items: c.items})
		require.NoError(t, err, name)
		require.Len(t, duties, c.due, name)
	}
	duties, err := f.keeper.Duties(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
	require.NoError(t, err)
	require.Empty(t, duties, fmt.Sprintf("%T is no duty", &types.MsgCancelJob{}))
}

// TestAStoreThatFailsIsNoMissingDuty: a machine that cannot read what others can must not
// continue.
func TestAStoreThatFailsIsNoMissingDuty(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.drawable(spec(coin(1_000), 3))
	f.registry.torn = true
	_, err := f.keeper.Duties(f.ctx, &types.MsgClaim{Worker: worker(0).String(), Items: []types.ChunkRef{ref(id, 0)}})
	require.ErrorIs(t, err, errTorn)
}
