package round_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

// work is what a node has found, under the keys of a round.
type work struct {
	operator string
	// result names it: nodes with the same have the same digest and traces.
	result string
	fuel   uint64
}

func (w work) opening(of uint32) types.Opening {
	hash := func(what string) []byte {
		sum := sha256.Sum256([]byte(what + " " + w.result))
		return sum[:]
	}
	shown := types.Opening{Round: of, Digest: hash("digest"), Fuel: w.fuel, Trace: hash("trace")}
	if of > 0 {
		shown.OwnTrace = hash("own trace")
	}
	return shown
}

func (w work) tag(of uint32) []byte { return types.Tag(chainID, jobID, 0, w.opening(of)) }

func (w work) salt() []byte { return bytes.Repeat([]byte{7}, types.HashSize) }

func (w work) ref(of uint32) types.ChunkRef { return types.ChunkRef{JobId: jobID, Round: of} }

func (w work) commit(of uint32) types.CommitItem {
	return types.CommitItem{Ref: w.ref(of), Commitment: types.Commitment(sdk.AccAddress(w.operator), w.tag(of), 0, w.salt())}
}

func (w work) reveal(of uint32) types.RevealItem {
	return types.RevealItem{Ref: w.ref(of), Tag: w.tag(of), Salt: w.salt(), Metrics: types.Metrics{Fuel: w.fuel}}
}

func (w work) open(of uint32) types.OpenItem {
	shown := w.opening(of)
	return types.OpenItem{Ref: w.ref(of), Digest: shown.Digest, Fuel: shown.Fuel, Trace: shown.Trace, OwnTrace: shown.OwnTrace}
}

// replica is the node's part once it stands in a status.
func (w work) replica(of uint32, status types.AssignmentStatus) types.Assignment {
	a := replica(w.operator, status)
	switch status {
	case types.ASSIGNMENT_STATUS_COMMITTED:
		a.Commitment = w.commit(of).Commitment
	case types.ASSIGNMENT_STATUS_REVEALED:
		a.Tag, a.Metrics = w.tag(of), types.Metrics{Fuel: w.fuel}
	default:
	}
	return a
}

// TestWhatANodeMaySendFollowsFromItsPartAndThePhase: in each state that a node's part may
// be in, one message is taken, and the others are refused with their reasons.
func TestWhatANodeMaySendFollowsFromItsPartAndThePhase(t *testing.T) {
	me := work{operator: "n", result: "x", fuel: 100}
	const (
		assigned  = types.ASSIGNMENT_STATUS_ASSIGNED
		committed = types.ASSIGNMENT_STATUS_COMMITTED
		revealed  = types.ASSIGNMENT_STATUS_REVEALED
	)
	// in returns the record of a task in whose round of that number the node has a part.
	in := func(number uint32, phase types.RoundPhase, status types.AssignmentStatus) types.Chunk {
		rounds := make([]types.Round, number)
		for i := range rounds {
			rounds[i].Phase = types.ROUND_PHASE_CLOSED
		}
		return one(append(rounds, types.Round{
			Target: 3, Phase: phase, RevealDeadline: 14, Replicas: []types.Assignment{me.replica(number, status)},
		})...)
	}
	for name, c := range map[string]struct {
		record                        types.Chunk
		round                         uint32
		commit, reveal, open, release error
		// owed says which of them the task waits for, in the order above.
		owed [4]bool
	}{
		"a candidate": {
			record: one(types.Round{Phase: types.ROUND_PHASE_COMMIT, Draw: &types.Draw{
				CloseHeight: 12, Candidates: replicas(types.ASSIGNMENT_STATUS_CANDIDATE, "n"),
			}}),
			commit: types.ErrNotAssigned, reveal: types.ErrNotRevealing, open: types.ErrNotOpening, release: types.ErrNotAssigned,
		},
		"assigned": {
			record: in(0, types.ROUND_PHASE_COMMIT, assigned),
			reveal: types.ErrNotRevealing, open: types.ErrNotOpening, release: types.ErrReleaseLate, owed: [4]bool{true, false, false, false},
		},
		"committed, others have not": {
			record: in(0, types.ROUND_PHASE_COMMIT, committed),
			commit: types.ErrAlreadyCommitted, reveal: types.ErrNotRevealing, open: types.ErrNotOpening, release: types.ErrNotAssigned,
		},
		"committed, as all": {
			record: in(0, types.ROUND_PHASE_REVEAL, committed),
			commit: types.ErrAlreadyCommitted, open: types.ErrNotOpening, release: types.ErrNotAssigned, owed: [4]bool{false, true, false, false},
		},
		"revealed in a first round": {
			record: in(0, types.ROUND_PHASE_REVEAL, revealed),
			commit: types.ErrAlreadyCommitted, reveal: types.ErrAlreadyRevealed, open: types.ErrNotOpening, release: types.ErrNotAssigned,
		},
		"committed in a further round": {
			record: in(1, types.ROUND_PHASE_REVEAL, committed), round: 1,
			commit: types.ErrAlreadyCommitted, open: types.ErrNotOpening, release: types.ErrNotAssigned, owed: [4]bool{false, true, true, false},
		},
		"revealed in a further round": {
			record: in(1, types.ROUND_PHASE_REVEAL, revealed), round: 1,
			commit: types.ErrAlreadyCommitted, reveal: types.ErrAlreadyRevealed, release: types.ErrNotAssigned, owed: [4]bool{false, false, true, false},
		},
		"named with the wrong round": {
			record: in(1, types.ROUND_PHASE_COMMIT, assigned), round: 0,
			commit: types.ErrWrongRound, reveal: types.ErrWrongRound, open: types.ErrWrongRound, release: types.ErrWrongRound,
		},
		"no part of the task": {
			record: one(types.Round{Phase: types.ROUND_PHASE_COMMIT}),
			commit: types.ErrNotAssigned, reveal: types.ErrNotAssigned, open: types.ErrNotAssigned, release: types.ErrNotAssigned,
		},
		"taken away at its deadline": {
			record: types.Chunk{
				Count:  1,
				Status: types.CHUNK_STATUS_RUNNING, Rounds: []types.Round{{Phase: types.ROUND_PHASE_COMMIT}},
				Departed: []types.Outcome{{Operator: "n", Status: types.ASSIGNMENT_STATUS_MISSED}},
			},
			commit: types.ErrCommitLate, reveal: types.ErrCommitLate, open: types.ErrCommitLate, release: types.ErrCommitLate,
		},
	} {
		t.Run(name, func(t *testing.T) {
			fresh := func() *round.Chunk {
				record := c.record
				record.Rounds = clone(t, c.record.Rounds)
				return newWorld().load(t, record)
			}
			operator := sdk.AccAddress("n")
			release := types.ReleaseItem{Ref: me.ref(c.round)}
			require.ErrorIs(t, fresh().Commit(operator, me.commit(c.round)), c.commit)
			require.ErrorIs(t, fresh().Reveal(operator, me.reveal(c.round)), c.reveal)
			require.ErrorIs(t, fresh().Open(operator, me.open(c.round)), c.open)
			require.ErrorIs(t, fresh().Release(operator, release), c.release)

			var owed [4]bool
			_, owed[0], _ = fresh().OwesCommit(operator, me.commit(c.round))
			_, owed[1], _ = fresh().OwesReveal(operator, me.reveal(c.round))
			_, owed[2], _ = fresh().OwesOpen(operator, me.open(c.round))
			_, owed[3], _ = fresh().MayRelease(operator, release)
			require.Equal(t, c.owed, owed)
		})
	}
}

// TestOnlyWhatWasCommittedToIsRevealed.
func TestOnlyWhatWasCommittedToIsRevealed(t *testing.T) {
	me := work{operator: "n", result: "x", fuel: 100}
	for name, c := range map[string]struct {
		change func(*types.RevealItem)
		want   error
	}{
		"as committed":        {change: func(*types.RevealItem) {}},
		"another tag":         {change: func(i *types.RevealItem) { i.Tag = work{result: "y"}.tag(0) }, want: types.ErrRevealMismatch},
		"another exit code":   {change: func(i *types.RevealItem) { i.ExitCode = 1 }, want: types.ErrRevealMismatch},
		"another salt":        {change: func(i *types.RevealItem) { i.Salt = bytes.Repeat([]byte{8}, 32) }, want: types.ErrRevealMismatch},
		"more fuel than spec": {change: func(i *types.RevealItem) { i.Metrics.Fuel = 1_001 }, want: types.ErrFuelOverSpec},
	} {
		t.Run(name, func(t *testing.T) {
			task := newWorld().load(t, one(types.Round{
				Phase: types.ROUND_PHASE_REVEAL, Replicas: []types.Assignment{me.replica(0, types.ASSIGNMENT_STATUS_COMMITTED)},
			}))
			item := me.reveal(0)
			c.change(&item)
			require.ErrorIs(t, task.Reveal(sdk.AccAddress("n"), item), c.want)
		})
	}
}

// TestATaskIsGivenBackAsItsWindowAndReasonSay.
func TestATaskIsGivenBackAsItsWindowAndReasonSay(t *testing.T) {
	for name, c := range map[string]struct {
		height int64
		item   types.ReleaseItem
		want   error
		said   []string
		status types.ChunkStatus
	}{
		"in its window":     {height: 8, said: []string{"give back n"}, status: types.CHUNK_STATUS_RUNNING},
		"after it":          {height: 9, want: types.ErrReleaseLate, status: types.CHUNK_STATUS_RUNNING},
		"an input too many": {height: 8, item: types.ReleaseItem{InputUnavailable: true, Input: 2}, want: types.ErrInvalidBatch, status: types.CHUNK_STATUS_RUNNING},
		"one report is not enough": {
			height: 8, item: types.ReleaseItem{InputUnavailable: true}, said: []string{"pledge n 10"}, status: types.CHUNK_STATUS_RUNNING,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.height = c.height
			task := w.load(t, one(types.Round{
				Target: 2, Phase: types.ROUND_PHASE_COMMIT, Replicas: replicas(types.ASSIGNMENT_STATUS_ASSIGNED, "n", "o"),
			}))
			c.item.Ref = types.ChunkRef{JobId: jobID}
			require.ErrorIs(t, task.Release(sdk.AccAddress("n"), c.item), c.want)
			require.Equal(t, c.said, w.said)
			require.Equal(t, c.status, task.Record().Status)
			if c.want == nil {
				require.Len(t, task.Record().Rounds[0].Replicas, 1)
				require.Equal(t, w.job.SeatFee, task.Record().DrawFees, "the seat has to be drawn again")
			}
		})
	}
}

// TestReportsOfMostEndATask: fewer nodes still hold it, and none has shown by committing that
// the inputs are there.
func TestReportsOfMostEndATask(t *testing.T) {
	for name, c := range map[string]struct {
		others    []types.Assignment
		committed uint32
		status    types.ChunkStatus
	}{
		"one still works on it": {others: replicas(types.ASSIGNMENT_STATUS_ASSIGNED, "a"), status: types.CHUNK_STATUS_INPUT_UNAVAILABLE},
		"as many as report do":  {others: replicas(types.ASSIGNMENT_STATUS_ASSIGNED, "a", "b"), status: types.CHUNK_STATUS_RUNNING},
		"one has committed":     {others: replicas(types.ASSIGNMENT_STATUS_COMMITTED, "a"), committed: 1, status: types.CHUNK_STATUS_RUNNING},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.height = 8
			task := w.load(t, one(types.Round{
				Target: uint32(len(c.others)) + 2, Phase: types.ROUND_PHASE_COMMIT, Committed: c.committed,
				Replicas: append(replicas(types.ASSIGNMENT_STATUS_ASSIGNED, "n", "o"), c.others...),
			}))
			for _, operator := range []string{"n", "o"} {
				item := types.ReleaseItem{Ref: types.ChunkRef{JobId: jobID}, InputUnavailable: true}
				require.NoError(t, task.Release(sdk.AccAddress(operator), item))
			}
			require.Equal(t, c.status, task.Record().Status)
		})
	}
}
