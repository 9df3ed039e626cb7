package keeper_test

import (
	"errors"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// ref returns the reference to a round of a job's only task.
func ref(job string, round uint32) types.ChunkRef { return types.ChunkRef{JobId: job, Round: round} }

// claim, commit, reveal, open and release send one item of the n-th node's worker, with what
// an honest node would say.
func (f *fixture) claim(n int, refs ...types.ChunkRef) error {
	resp, err := f.msgs.Claim(f.ctx, &types.MsgClaim{Worker: worker(n).String(), Items: refs})
	if err != nil {
		return err
	}
	return noneTaken(resp.Results)
}

// noneTaken returns the error of the first item of a batch if all items failed.
func noneTaken(results []types.ItemResult) error {
	for _, result := range results {
		if result.Code == 0 {
			return nil
		}
	}
	return refusedItem(results[0])
}

// refusedItem is an item's result as an error with the item's text.
type refusedItem types.ItemResult

func (r refusedItem) Error() string { return r.Log }

func (r refusedItem) Unwrap() error { return errorsmod.ABCIError(r.Codespace, r.Code, r.Log) }

func (f *fixture) commit(n int, r types.ChunkRef) error {
	p := player{f: f, n: n}
	_, err := f.msgs.Commit(f.ctx, &types.MsgCommit{Worker: worker(n).String(), Items: []types.CommitItem{{
		Ref: r, Commitment: p.commitment(r),
	}}})
	return err
}

func (f *fixture) reveal(n int, r types.ChunkRef) error {
	p := player{f: f, n: n}
	_, err := f.msgs.Reveal(f.ctx, &types.MsgReveal{Worker: worker(n).String(), Items: []types.RevealItem{{
		Ref: r, Tag: p.tag(r), ExitCode: p.exitCode(), Salt: p.salt(), Metrics: p.metrics(),
	}}})
	return err
}

func (f *fixture) open(n int, r types.ChunkRef) error {
	_, err := f.msgs.Open(f.ctx, &types.MsgOpen{Worker: worker(n).String(), Items: []types.OpenItem{
		types.NewOpenItem(r, player{f: f, n: n}.shown(r)),
	}})
	return err
}

func (f *fixture) release(n int, item types.ReleaseItem) error {
	_, err := f.msgs.Release(f.ctx, &types.MsgRelease{Worker: worker(n).String(), Items: []types.ReleaseItem{item}})
	return err
}

func (f *fixture) yield(n int, refs ...types.ChunkRef) error {
	_, err := f.msgs.Yield(f.ctx, &types.MsgYield{Worker: worker(n).String(), Items: refs})
	return err
}

func (f *fixture) task(job string) types.Chunk {
	f.t.Helper()
	resp, err := f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: job})
	require.NoError(f.t, err)
	return resp.Chunk
}

// round returns the current round of a job's task.
func (f *fixture) round(job string) types.Round {
	f.t.Helper()
	rounds := f.task(job).Rounds
	return rounds[len(rounds)-1]
}

// drawable posts a job among equal nodes and waits for the seed of its draw.
func (f *fixture) drawable(s types.JobSpec) string {
	f.t.Helper()
	id := f.post(0, s)
	f.blocks(seedDelay)
	require.NotZero(f.t, f.round(id).Draw.CloseHeight, "the seed is known")
	return id
}

// assign lets the first nodes claim a drawable job and waits until the draw is closed. It
// returns the drawn nodes, best rank first.
func (f *fixture) assign(job string, nodes int) []int {
	f.t.Helper()
	at := ref(job, uint32(len(f.task(job).Rounds)-1))
	for n := range nodes {
		if err := f.claim(n, at); err != nil {
			require.True(f.t, errors.Is(err, types.ErrOutranked) || errors.Is(err, types.ErrAlreadyTookPart) || errors.Is(err, types.ErrNotEligible), "%s", err)
		}
	}
	for f.round(job).Draw != nil {
		f.next()
	}
	// Queries show that the draw is closed; now it is closed in the store.
	require.NoError(f.t, f.keeper.EndBlock(f.ctx))
	return f.drawn(job)
}

// assigned posts a job among equal nodes. It returns the job and the drawn nodes.
func (f *fixture) assigned(nodes int) (string, []int) {
	f.t.Helper()
	id := f.drawable(spec(coin(1_000), 3))
	return id, f.assign(id, nodes)
}

// drawn returns the nodes of a job's current round.
func (f *fixture) drawn(job string) []int {
	f.t.Helper()
	var out []int
	for _, a := range f.round(job).Replicas {
		for n := range 95 {
			if operator(n).String() == a.Operator {
				out = append(out, n)
			}
		}
	}
	return out
}

// events returns the typed events of one kind since the block began.
func events[E proto.Message](f *fixture) []E {
	f.t.Helper()
	var out []E
	for _, raw := range f.ctx.EventManager().ABCIEvents() {
		parsed, err := sdk.ParseTypedEvent(raw)
		if err != nil {
			continue // an untyped event of the bank
		}
		if e, ok := parsed.(E); ok {
			out = append(out, e)
		}
	}
	return out
}

// changes returns the changes of one kind that the block's events contain.
func changes[C types.ChunkChangeKind](f *fixture) []C {
	f.t.Helper()
	var out []C
	for _, c := range f.changes() {
		if change, ok := c.Change.(C); ok {
			out = append(out, change)
		}
	}
	return out
}

// unchanged runs a refused message and requires that it does not change the state.
func (f *fixture) unchanged(refused func() error) error {
	f.t.Helper()
	before := f.export()
	err := refused()
	require.Error(f.t, err)
	require.Equal(f.t, before, f.export(), "a refused message changes nothing")
	return err
}

// state is everything that the fixture's modules export.
type state struct{ compute, nodes, rewards, bank string }

func (f *fixture) export() state {
	f.t.Helper()
	compute, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(f.t, err)
	nodes, err := f.nodes.ExportGenesis(f.ctx)
	require.NoError(f.t, err)
	rewards, err := f.rewards.ExportGenesis(f.ctx)
	require.NoError(f.t, err)
	return state{
		compute: compute.String(), nodes: nodes.String(), rewards: rewards.String(),
		bank: f.bank.ExportGenesis(f.ctx).String(),
	}
}
