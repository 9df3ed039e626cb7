package keeper_test

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestACandidateCannotCommit(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.drawable(spec(coin(1_000), 3))
	require.NoError(t, f.claim(0, ref(id, 0)))
	err := f.unchanged(func() error { return f.commit(0, ref(id, 0)) })
	require.ErrorIs(t, err, types.ErrNotAssigned)
	require.ErrorContains(t, err, "the draw closes at height")
	require.ErrorIs(t, f.commit(1, ref(id, 0)), types.ErrNotAssigned, "never claimed")
}

func TestACommitmentIsMadeOnceAndInTime(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id, drawn := f.assigned(4)
	assigned := f.round(id)
	require.NoError(t, f.commit(drawn[0], ref(id, 0)))
	require.ErrorIs(t, f.unchanged(func() error { return f.commit(drawn[0], ref(id, 0)) }), types.ErrAlreadyCommitted)
	require.ErrorIs(t, f.commit(drawn[1], ref(id, 1)), types.ErrWrongRound)
	f.ctx = f.ctx.WithBlockHeight(assigned.NextDeadline)
	require.NoError(t, f.commit(drawn[1], ref(id, 0)), "the last height counts")
	f.ctx = f.ctx.WithBlockHeight(assigned.NextDeadline + 1)
	require.ErrorIs(t, f.unchanged(func() error { return f.commit(drawn[2], ref(id, 0)) }), types.ErrCommitLate,
		"whether the queue has come to the task or not")
	f.next()
	require.ErrorIs(t, f.commit(drawn[2], ref(id, 0)), types.ErrCommitLate)
}

func TestRevealsOpenWhenAllHaveCommittedAndMustMatch(t *testing.T) {
	f := newFixture(t)
	f.network(5)
	id, drawn := f.assigned(5)
	r := ref(id, 0)
	for _, n := range drawn[:2] {
		require.NoError(t, f.commit(n, r))
		require.ErrorIs(t, f.unchanged(func() error { return f.reveal(n, r) }), types.ErrNotRevealing, "others may still copy")
	}
	require.ErrorIs(t, f.reveal(drawn[2], r), types.ErrNotRevealing, "not committed")
	require.NoError(t, f.commit(drawn[2], r))
	opened := changes[*types.ChunkChange_RevealOpened](f)
	require.Len(t, opened, 1)
	require.Equal(t, f.ctx.BlockHeight()+int64(testParams().RevealBlocks), opened[0].RevealOpened.Deadline)

	p, q := player{f: f, n: drawn[0]}, player{f: f, n: drawn[1]}
	other := sha256.Sum256([]byte("another tag"))
	for name, item := range map[string]types.RevealItem{
		"tag":       {Ref: r, Tag: other[:], ExitCode: p.exitCode(), Salt: p.salt()},
		"salt":      {Ref: r, Tag: p.tag(r), ExitCode: p.exitCode(), Salt: q.salt()},
		"exit code": {Ref: r, Tag: p.tag(r), ExitCode: p.exitCode() + 1, Salt: p.salt()},
	} {
		err := f.unchanged(func() error {
			_, err := f.msgs.Reveal(f.ctx, &types.MsgReveal{Worker: worker(p.n).String(), Items: []types.RevealItem{item}})
			return err
		})
		require.ErrorIs(t, err, types.ErrRevealMismatch, name)
	}
	require.NoError(t, f.reveal(p.n, r))
	require.ErrorIs(t, f.reveal(p.n, r), types.ErrAlreadyRevealed)
	require.ErrorIs(t, f.release(q.n, types.ReleaseItem{Ref: r}), types.ErrNotAssigned, "too late to give it back")

	f.ctx = f.ctx.WithBlockHeight(f.round(id).RevealDeadline + 1)
	require.ErrorIs(t, f.unchanged(func() error { return f.reveal(q.n, r) }), types.ErrNotRevealing,
		"the round is over, and a further one draws")
}

func TestACopiedCommitmentCannotBeRevealed(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	id, drawn := f.assigned(3)
	r := ref(id, 0)
	require.NoError(t, f.commit(drawn[0], r))
	require.NoError(t, f.commit(drawn[1], r))
	held, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(drawn[0]).String()})
	require.NoError(t, err)
	_, err = f.msgs.Commit(f.ctx, &types.MsgCommit{Worker: worker(drawn[2]).String(), Items: []types.CommitItem{{
		Ref: r, Commitment: held.Items[0].Assignment.Commitment,
	}}})
	require.NoError(t, err)
	require.NoError(t, f.reveal(drawn[0], r))
	seen := player{f: f, n: drawn[0]}
	_, err = f.msgs.Reveal(f.ctx, &types.MsgReveal{Worker: worker(drawn[2]).String(), Items: []types.RevealItem{{
		Ref: r, Tag: seen.tag(r), ExitCode: seen.exitCode(), Salt: seen.salt(),
	}}})
	require.ErrorIs(t, err, types.ErrRevealMismatch)
}

func TestDigestsOpenOnlyInAnEscalationAndMustMatch(t *testing.T) {
	f := newFixture(t)
	f.network(9)
	id, drawn := f.assigned(3)
	r := ref(id, 0)
	bad := player{f: f, n: drawn[0], does: liar}
	bad.work(r, types.Assignment{})
	require.NoError(t, f.commit(drawn[1], r))
	require.NoError(t, f.commit(drawn[2], r))
	require.ErrorIs(t, f.open(drawn[1], r), types.ErrNotOpening, "a first round needs no digests")
	bad.serve(types.WorkItem{
		Ref: r, Assignment: types.Assignment{Status: types.ASSIGNMENT_STATUS_COMMITTED}, Phase: types.ROUND_PHASE_REVEAL,
	})
	require.NoError(t, f.reveal(drawn[1], r))
	require.NoError(t, f.reveal(drawn[2], r))
	escalated := changes[*types.ChunkChange_Escalated](f)
	require.Len(t, escalated, 1)
	require.EqualValues(t, 3, escalated[0].Escalated.Target)
	require.ErrorIs(t, f.open(drawn[1], r), types.ErrNotOpening, "the judges could copy")

	f.next()
	f.blocks(seedDelay)
	judges := f.assign(id, 9)
	require.Len(t, judges, 3)
	require.NotContains(t, judges, drawn[0])
	for _, n := range judges {
		require.NoError(t, f.commit(n, ref(id, 1)))
	}
	require.ErrorIs(t, f.open(judges[0], ref(id, 1)), types.ErrNotOpening, "reveal first")
	require.ErrorIs(t, f.open(bad.n, r), types.ErrOpenMismatch, "an honest digest is not the liar's")
	require.ErrorIs(t, f.open(drawn[1], ref(id, 1)), types.ErrWrongRound)
	require.NoError(t, f.open(drawn[1], r))
	require.ErrorIs(t, f.unchanged(func() error { return f.open(drawn[2], r) }), types.ErrAlreadyOpened)
	require.ErrorIs(t, f.reveal(drawn[1], r), types.ErrAlreadyRevealed)
	require.ErrorIs(t, f.commit(drawn[1], r), types.ErrAlreadyCommitted)
}

func TestATaskIsGivenBackInsideThePrepareWindow(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id, drawn := f.assigned(4)
	r := ref(id, 0)
	require.ErrorIs(t, f.unchanged(func() error {
		return f.release(drawn[0], types.ReleaseItem{Ref: r, InputUnavailable: true, Input: 2})
	}), types.ErrInvalidBatch, "the spec has a program and one input")
	f.blocks(3)
	require.NoError(t, f.release(drawn[0], types.ReleaseItem{Ref: r}), "the last block of the window")
	require.ErrorIs(t, f.release(drawn[0], types.ReleaseItem{Ref: r}), types.ErrNotAssigned)
	node, err := f.nodes.Node(f.ctx, operator(drawn[0]))
	require.NoError(t, err)
	require.True(t, node.State.Locked.IsZero())
	require.Equal(t, "10000", node.State.Bond.String(), "without fault")
	f.next()
	err = f.unchanged(func() error { return f.release(drawn[1], types.ReleaseItem{Ref: r}) })
	require.ErrorIs(t, err, types.ErrReleaseLate)
	require.ErrorContains(t, err, "commit a result")
	require.NoError(t, f.commit(drawn[1], r))
	require.ErrorIs(t, f.release(drawn[1], types.ReleaseItem{Ref: r}), types.ErrNotAssigned)
}

// TestTheInputThatDiffersFromTaskToTaskCanBeReported: it has the number after those of the
// program and of the inputs that all tasks share.
func TestTheInputThatDiffersFromTaskToTaskCanBeReported(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	s := spec(coin(1_000), 3)
	s.ArrayInput = &types.ArrayInput{
		Path: "each.txt", Root: make([]byte, 32), Count: 1, MaxBytes: 10, Uris: []string{"http://127.0.0.1:1/in"},
	}
	require.EqualValues(t, 2, s.ArrayInputNumber(), "after the program and one input")
	id := f.drawable(s)
	drawn := f.assign(id, 4)
	require.ErrorIs(t, f.unchanged(func() error {
		return f.release(drawn[0], types.ReleaseItem{Ref: ref(id, 0), InputUnavailable: true, Input: 3})
	}), types.ErrInvalidBatch)
	require.NoError(t, f.release(drawn[0], types.ReleaseItem{Ref: ref(id, 0), InputUnavailable: true, Input: s.ArrayInputNumber()}))
}

func TestReportsEndATaskUnlessSomebodyHasShownTheInputIsThere(t *testing.T) {
	f := newFixture(t)
	f.network(5)
	id, drawn := f.assigned(5)
	r := ref(id, 0)
	require.NoError(t, f.commit(drawn[0], r))
	for _, n := range drawn[1:] {
		require.NoError(t, f.release(n, types.ReleaseItem{Ref: r, InputUnavailable: true, Input: 1}))
	}
	require.Equal(t, types.CHUNK_STATUS_RUNNING, f.task(id).Status, "who committed has fetched the inputs")
	require.Len(t, f.task(id).InputReports, 2)
}
