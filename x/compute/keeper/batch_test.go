package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestABadItemFailsAlone(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	s := spec(coin(1_000), 3)
	first, second := f.post(0, s), f.post(0, s)
	f.blocks(seedDelay)
	resp, err := f.msgs.Claim(f.ctx, &types.MsgClaim{Worker: worker(0).String(), Items: []types.ChunkRef{
		ref(first, 0), ref("7-7-7", 0), ref(second, 0),
	}})
	require.NoError(t, err)
	require.Len(t, resp.Results, 3)
	require.Zero(t, resp.Results[0].Code)
	require.Equal(t, types.ErrJobNotFound.ABCICode(), resp.Results[1].Code)
	require.Equal(t, types.ModuleName, resp.Results[1].Codespace)
	require.Contains(t, resp.Results[1].Log, "no job 7-7-7")
	require.Zero(t, resp.Results[2].Code)
	require.Len(t, f.round(first).Draw.Candidates, 1)
	require.Len(t, f.round(second).Draw.Candidates, 1)

	batches := events[*types.EventBatch](f)
	require.Len(t, batches, 1, "one event a batch")
	require.Equal(t, []types.ChunkRef{ref(first, 0), ref(second, 0)}, batches[0].Items)
	f.next()
}

func TestAnItemThatFailsLeavesNoTrace(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id, drawn := f.assigned(4)
	// Past the deadline: loading the task takes it from all three nodes. This is undone with
	// the commitment that fails.
	f.ctx = f.ctx.WithBlockHeight(f.round(id).NextDeadline + 1)
	before, told := f.export(), len(f.changes())
	require.ErrorIs(t, f.commit(drawn[0], ref(id, 0)), types.ErrCommitLate)
	require.Equal(t, before, f.export())
	require.Len(t, f.changes(), told)
}

func TestABatchOfNothingButBadItemsFailsWithItsFirstError(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.post(0, spec(coin(1_000), 3))
	release := func(refs ...types.ChunkRef) func() error {
		msg := &types.MsgRelease{Worker: worker(0).String()}
		for _, r := range refs {
			msg.Items = append(msg.Items, types.ReleaseItem{Ref: r})
		}
		return func() error {
			_, err := f.msgs.Release(f.ctx, msg)
			return err
		}
	}
	require.ErrorIs(t, f.unchanged(release(ref(id, 0), ref("7-7-7", 0))), types.ErrNotAssigned)
	require.ErrorIs(t, f.unchanged(release(ref("7-7-7", 0), ref(id, 0))), types.ErrJobNotFound)
	require.Empty(t, events[*types.EventBatch](f))
}

func TestClaimsThatAllFailDoNotFailTheirMessage(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.post(0, spec(coin(1_000), 3))
	before := f.export()
	resp, err := f.msgs.Claim(f.ctx, &types.MsgClaim{Worker: worker(0).String(), Items: []types.ChunkRef{
		ref(id, 0), ref("7-7-7", 0),
	}})
	require.NoError(t, err)
	require.Len(t, resp.Results, 2)
	require.Equal(t, types.ErrSeedUnknown.ABCICode(), resp.Results[0].Code)
	require.Equal(t, types.ErrJobNotFound.ABCICode(), resp.Results[1].Code)
	require.Equal(t, before, f.export(), "they leave no trace")
	require.Empty(t, events[*types.EventBatch](f), "and no event")
}

func TestAMalformedItemRefusesTheWholeBatchBeforeAnythingIsWritten(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	s := spec(coin(1_000), 3)
	first, second := f.post(0, s), f.post(0, s)
	f.blocks(seedDelay)
	many := make([]types.ChunkRef, testParams().MaxBatch+1)
	for i := range many {
		many[i] = types.ChunkRef{JobId: first, Task: uint64(i)}
	}
	for name, items := range map[string][]types.ChunkRef{
		"empty":     {},
		"malformed": {ref(first, 0), ref(second, 0), ref("x", 0)},
		"duplicate": {ref(first, 0), ref(second, 0), ref(first, 0)},
		"too many":  many,
	} {
		err := f.unchanged(func() error { return f.claim(0, items...) })
		require.ErrorIs(t, err, types.ErrInvalidBatch, name)
	}
}

func TestOneMessageServesManyTasks(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	s := spec(coin(1_000), 3)
	ids := []string{f.post(0, s), f.post(0, s), f.post(1, s)}
	f.blocks(seedDelay)
	for n := range 3 {
		require.NoError(t, f.claim(n, ref(ids[0], 0), ref(ids[1], 0), ref(ids[2], 0)))
	}
	for f.round(ids[0]).Draw != nil {
		f.next()
	}
	var reveals []*types.MsgReveal
	for n := range 3 {
		p := player{f: f, n: n}
		commit, reveal := &types.MsgCommit{Worker: worker(n).String()}, &types.MsgReveal{Worker: worker(n).String()}
		for _, id := range ids {
			r := ref(id, 0)
			commit.Items = append(commit.Items, types.CommitItem{Ref: r, Commitment: p.commitment(r)})
			reveal.Items = append(reveal.Items, types.RevealItem{Ref: r, Tag: p.tag(r), ExitCode: p.exitCode(), Salt: p.salt()})
		}
		_, err := f.msgs.Commit(f.ctx, commit)
		require.NoError(t, err)
		reveals = append(reveals, reveal)
	}
	for _, reveal := range reveals {
		_, err := f.msgs.Reveal(f.ctx, reveal)
		require.NoError(t, err)
	}
	f.next()
}
