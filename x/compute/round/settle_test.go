package round_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// said is what the nodes of a round have said: "x" is a result, "" silence.
type said map[string]string

// voted returns a round of replicas that all have committed, and spoken as said, in
// order of operator.
func voted(number uint32, operators []string, by said) types.Round {
	r := types.Round{
		Target: uint32(len(operators)), Committed: uint32(len(operators)), Phase: types.ROUND_PHASE_CLOSED, RevealDeadline: 9,
		Asked: uint32(len(operators)),
	}
	for _, operator := range operators {
		node := work{operator: operator, result: by[operator], fuel: 100}
		if by[operator] == "" {
			r.Replicas = append(r.Replicas, node.replica(number, types.ASSIGNMENT_STATUS_COMMITTED))
			continue
		}
		r.Revealed++
		r.Replicas = append(r.Replicas, node.replica(number, types.ASSIGNMENT_STATUS_REVEALED))
	}
	return r
}

// settled returns the record of a task whose last round waits for its verdict, with every
// result open.
func settled(rounds ...types.Round) types.Chunk {
	rounds[len(rounds)-1].Phase = types.ROUND_PHASE_REVEAL
	record := one(rounds...)
	if len(rounds) > 1 {
		for of := uint32(1); int(of) < len(rounds); of++ {
			record.Opened = append(record.Opened, work{result: "x", fuel: 100}.opening(of), work{result: "y", fuel: 100}.opening(of))
		}
	}
	return record
}

// failing lets the programs of some nodes of a first round exit with 1.
func failing(record types.Chunk, operators ...string) types.Chunk {
	for i := range record.Rounds[0].Replicas {
		if a := &record.Rounds[0].Replicas[i]; slices.Contains(operators, a.Operator) {
			a.ExitCode = 1
		}
	}
	return record
}

// TestEachVerdictMovesItsMoney: the payments, slashes and burns of a verdict, in the
// order in which it happens.
func TestEachVerdictMovesItsMoney(t *testing.T) {
	abc, def := []string{"a", "b", "c"}, []string{"d", "e", "f"}
	for name, c := range map[string]struct {
		record types.Chunk
		change func(*world)
		status types.ChunkStatus
		said   []string
	}{
		"all agree": {
			record: settled(voted(0, abc, said{"a": "x", "b": "x", "c": "x"})),
			status: types.CHUNK_STATUS_ACCEPTED,
			said:   []string{"release a", "reward a 100", "release b", "reward b 100", "release c", "reward c 100"},
		},
		"all agree, and others may challenge": {
			record: settled(voted(0, abc, said{"a": "x", "b": "x", "c": "x"})),
			change: func(w *world) { w.job.Policy.ChallengeBlocks = 30 },
			status: types.CHUNK_STATUS_ACCEPTED,
			said: []string{
				"hold a until 40", "reward a 100", "hold b until 40", "reward b 100", "hold c until 40", "reward c 100",
			},
		},
		"a liar pays for the round that it has caused": {
			record: settled(
				voted(0, abc, said{"a": "x", "b": "x", "c": "y"}), voted(1, def, said{"d": "x", "e": "x", "f": "x"})),
			status: types.CHUNK_STATUS_ACCEPTED,
			said: []string{
				"slash c wrong_result: cost 300, honest 100",
				"release a", "reward a 100", "release b", "reward b 100", "release d", "release e", "release f",
				"reward d 100", "reward e 100", "reward f 100",
				"share a 20", "share b 20", "share d 20", "share e 20", "share f 20",
			},
		},
		"silence loses as a lie does": {
			record: settled(
				voted(0, abc, said{"a": "x", "b": "x", "c": ""}), voted(1, def, said{"d": "x", "e": "x", "f": "x"})),
			status: types.CHUNK_STATUS_ACCEPTED,
			said: []string{
				"slash c no_reveal: cost 300, honest 100",
				"release a", "reward a 100", "release b", "reward b 100", "release d", "release e", "release f",
				"reward d 100", "reward e 100", "reward f 100",
				"share a 20", "share b 20", "share d 20", "share e 20", "share f 20",
			},
		},
		"a tie after the last round fails": {
			record: settled(
				voted(0, abc, said{"a": "x", "b": "x", "c": "x"}), voted(1, def, said{"d": "y", "e": "y", "f": "y"})),
			change: func(w *world) { w.params.Escalation = []uint32{3} },
			status: types.CHUNK_STATUS_FAILED,
			said: []string{
				"release a", "reward a 10", "release b", "reward b 10", "release c", "reward c 10",
				"release d", "reward d 10", "release e", "reward e 10", "release f", "reward f 10",
			},
		},
		"nobody speaks": {
			record: settled(voted(0, abc, said{})),
			change: func(w *world) { w.params.Escalation = nil },
			status: types.CHUNK_STATUS_FAILED,
			said: []string{
				"slash a no_reveal: cost 0, honest 0", "slash b no_reveal: cost 0, honest 0", "slash c no_reveal: cost 0, honest 0",
			},
		},
		"where nobody vouches a minority is outvoted": {
			record: settled(voted(0, abc, said{"a": "x", "b": "x", "c": "y"})),
			change: func(w *world) { w.job.Slashable = false },
			status: types.CHUNK_STATUS_ACCEPTED,
			said:   []string{"penalize c wrong_result 0", "release a", "reward a 100", "release b", "reward b 100"},
		},
		"where nobody vouches a majority that fails earns attempts": {
			record: failing(settled(voted(0, abc, said{"a": "x", "b": "x", "c": "y"})), "a", "b"),
			change: func(w *world) { w.job.Slashable = false },
			status: types.CHUNK_STATUS_ACCEPTED,
			said: []string{
				"release c", "reward c 10", "release a", "reward a 10", "release b", "reward b 10", "burn 30atfuel",
			},
		},
		"where nobody vouches those that fail gain nothing by silence": {
			record: failing(settled(voted(0, abc, said{"a": "x", "b": "x", "c": ""})), "a", "b"),
			change: func(w *world) { w.job.Slashable = false },
			status: types.CHUNK_STATUS_ACCEPTED,
			said: []string{
				"slash c no_reveal: cost 0, honest 0", "release a", "reward a 10", "release b", "reward b 10", "burn 40atfuel",
			},
		},
		"where lies are slashed failures are paid": {
			record: failing(settled(voted(0, abc, said{"a": "x", "b": "x", "c": "x"})), "a", "b", "c"),
			status: types.CHUNK_STATUS_ACCEPTED,
			said:   []string{"release a", "reward a 100", "release b", "reward b 100", "release c", "reward c 100"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			if c.change != nil {
				c.change(w)
			}
			task := w.load(t, c.record)
			require.NoError(t, task.Advance())
			require.Equal(t, c.status, task.Record().Status)
			require.Equal(t, c.said, w.said)
			require.Len(t, w.receipts, 1)
			require.Equal(t, c.status, w.receipts[0].Status)
			require.Len(t, w.receipts[0].Outcomes, len(c.record.Rounds)*3)
			require.Equal(t, c.status, task.Update().Note.Ended)
		})
	}
}

// TestATaskOfAnArrayLeavesALeafAndNoReceipt.
func TestATaskOfAnArrayLeavesALeafAndNoReceipt(t *testing.T) {
	w := newWorld()
	w.job.Tasks = 2
	task := w.load(t, settled(voted(0, []string{"a", "b", "c"}, said{"a": "x", "b": "x", "c": "x"})))
	require.NoError(t, task.Advance())
	require.Empty(t, w.receipts)
	require.Len(t, task.Update().Note.Leaf, types.HashSize)
	changes := task.Changes()
	require.NotNil(t, changes[len(changes)-1].GetEnded(), "the event has the receipt")
}

// TestARequesterRejectsAtACostAndSilenceAccepts.
func TestARequesterRejectsAtACostAndSilenceAccepts(t *testing.T) {
	for name, c := range map[string]struct {
		act    func(t *testing.T, w *world) types.ChunkStatus
		status types.ChunkStatus
		said   []string
	}{
		"rejected": {
			act:    func(t *testing.T, w *world) types.ChunkStatus { return reviewed(t, w, 40, false) },
			status: types.CHUNK_STATUS_FAILED, said: []string{"release a", "reward a 10", "burn 90atfuel"},
		},
		"accepted": {
			act:    func(t *testing.T, w *world) types.ChunkStatus { return reviewed(t, w, 40, true) },
			status: types.CHUNK_STATUS_ACCEPTED, said: []string{"release a", "reward a 100"},
		},
		"silence": {
			act: func(t *testing.T, w *world) types.ChunkStatus {
				w.height = 41
				task := w.load(t, underReview())
				require.NoError(t, task.Advance())
				return task.Record().Status
			},
			status: types.CHUNK_STATUS_ACCEPTED, said: []string{"release a", "reward a 100"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.job.Policy = types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 5}
			w.job.Slashable = false
			require.Equal(t, c.status, c.act(t, w))
			require.Equal(t, c.said, w.said)
		})
	}
}

func underReview() types.Chunk {
	record := settled(voted(0, []string{"a"}, said{"a": "x"}))
	record.Rounds[0].Phase, record.Rounds[0].ReviewDeadline = types.ROUND_PHASE_REVIEW, 40
	return record
}

func reviewed(t *testing.T, w *world, height int64, accept bool) types.ChunkStatus {
	t.Helper()
	w.height = height
	task := w.load(t, underReview())
	require.NoError(t, task.Advance())
	require.Equal(t, types.CHUNK_STATUS_RUNNING, task.Record().Status, "the requester has the last height")
	require.NoError(t, task.Review(accept))
	return task.Record().Status
}

// TestAVerdictOnAChallengeReachesWhoAgreed: a result that judges find wrong takes the
// defendants' liability, one that they confirm gives it back.
func TestAVerdictOnAChallengeReachesWhoAgreed(t *testing.T) {
	judges := []string{"d", "e", "f"}
	for name, c := range map[string]struct {
		contested string
		said      []string
	}{
		"confirmed": {contested: "x", said: []string{
			"release d", "reward d 100", "release e", "reward e 100", "release f", "reward f 100",
			"hold again a until 60", "challenge removed",
		}},
		"found wrong": {contested: "y", said: []string{
			"release d", "reward d 100", "release e", "reward e 100", "release f", "reward f 100",
			"slash a wrong_result: cost 400, honest 100", "share requester 400", "share wronged 100",
			"challenge kept, convicted: true",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			contested := work{result: c.contested, fuel: 100}.tag(0)
			w.job.Challenged = &types.ChallengedTask{JobId: jobID, Tag: contested, Fuel: 100, Count: 1}
			w.challenge = &types.Challenge{
				JobId: jobID, Count: 1, Tag: contested, Fuel: 100, Requester: "wronged", Until: 60, Judging: 1, JudgedTasks: 1,
				Liability: math.NewInt(liability), Pledged: math.ZeroInt(),
				Defendants: []types.Defendant{{Operator: "a", Locked: math.NewInt(liability)}},
			}
			record := settled(voted(0, judges, said{}))
			for i, operator := range judges {
				node := work{operator: operator, result: "x", fuel: 100}
				shown := node.opening(0)
				shown.OwnTrace = make([]byte, types.HashSize)
				part := node.replica(0, types.ASSIGNMENT_STATUS_REVEALED)
				part.Tag = types.Tag(chainID, jobID, 0, shown)
				record.Rounds[0].Replicas[i], record.Opened = part, []types.Opening{shown}
			}
			record.Rounds[0].Revealed = 3
			task := w.load(t, record)
			require.NoError(t, task.Advance())
			require.Equal(t, types.CHUNK_STATUS_ACCEPTED, task.Record().Status)
			require.Equal(t, c.said, w.said)
		})
	}
}
