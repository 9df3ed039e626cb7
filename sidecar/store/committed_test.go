package store

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCommittedValuesNeverChange(t *testing.T) {
	changes := map[string]func(*Assignment){
		"salt":          func(a *Assignment) { a.Salt = []byte("other") },
		"result digest": func(a *Assignment) { a.ResultDigest = nil },
		"trace":         func(a *Assignment) { a.Trace = []byte("other") },
		"own trace":     func(a *Assignment) { a.OwnTrace = nil },
		"fuel":          func(a *Assignment) { a.Metrics.Fuel++ },
		"tag":           func(a *Assignment) { a.Tag = append([]byte{}, "other"...) },
		"exit code":     func(a *Assignment) { a.ExitCode++ },
		"failed tasks":  func(a *Assignment) { a.FailedTasks++ },
		"commitment":    func(a *Assignment) { a.Commitment = []byte("other") },
		"manifest":      func(a *Assignment) { a.Manifest = []byte("other") },
	}
	j := openJournal(t)
	task := uint64(0)
	for name, change := range changes {
		for _, phase := range []Phase{PhaseExecuted, PhaseCommitSent, PhaseCommitted, PhaseRevealed, PhaseOpened, PhaseSettled} {
			task++
			key := Key{"job", task, 0}
			before := bring(t, j, key, phase)
			_, err := j.Edit(key, change)
			if phase == PhaseExecuted {
				require.NoError(t, err)
				continue
			}
			require.ErrorIs(t, err, ErrFixed, "%s in %s", name, phase)
			require.ErrorContains(t, err, name)
			for _, next := range phase.next() {
				_, err := j.Advance(key, phase, next, change)
				require.ErrorIs(t, err, ErrFixed, "%s from %s to %s", name, phase, next)
			}
			after, err := j.Get(key)
			require.NoError(t, err)
			require.Equal(t, before, after)
		}
	}
}

// TestCommitSurvivesFailure: a machine that gave up can still be asked by the chain for its
// commitment.
func TestCommitSurvivesFailure(t *testing.T) {
	j := openJournal(t)
	key := Key{"job", 0, 0}
	bring(t, j, key, PhaseCommitted)
	_, err := j.Advance(key, PhaseCommitted, PhaseFailed, nil)
	require.NoError(t, err)
	_, err = j.Edit(key, func(a *Assignment) { a.Salt = []byte("other") })
	require.ErrorIs(t, err, ErrFixed)
}

func TestNothingIncompleteIsCommitted(t *testing.T) {
	j := openJournal(t)
	for i, strip := range []func(*Assignment){
		func(a *Assignment) { a.Salt = nil },
		func(a *Assignment) { a.ResultDigest = nil },
		func(a *Assignment) { a.Trace = nil },
		func(a *Assignment) { a.Tag = nil },
		func(a *Assignment) { a.Commitment = nil },
	} {
		key := Key{"job", uint64(i), 0}
		bring(t, j, key, PhaseExecuted)
		_, err := j.Advance(key, PhaseExecuted, PhaseCommitSent, strip)
		require.ErrorIs(t, err, ErrIncomplete)
		_, err = j.Advance(key, PhaseExecuted, PhaseCommitSent, nil)
		require.NoError(t, err)
	}
}

func TestOpenCommitmentsAreNotDeleted(t *testing.T) {
	j := openJournal(t)
	for i, phase := range Phases() {
		key := Key{"job", uint64(i), 0}
		bring(t, j, key, phase)
		err := j.Delete(key)
		switch phase {
		case PhaseCommitSent, PhaseCommitted, PhaseRevealed, PhaseOpened:
			require.ErrorIs(t, err, ErrFixed, phase)
		default:
			require.NoError(t, err, phase)
			_, err = j.Get(key)
			require.ErrorIs(t, err, ErrNotFound)
		}
	}
	require.ErrorIs(t, j.Delete(Key{"none", 0, 0}), ErrNotFound)
}

// TestRandomStepsKeepWhatWasCommitted applies random edits and transitions. No sequence of
// them changes a committed value or makes a transition that the table does not contain.
func TestRandomStepsKeepWhatWasCommitted(t *testing.T) {
	j := openJournal(t)
	task := uint64(0)
	rapid.Check(t, func(t *rapid.T) {
		task++
		key := Key{"job", task, 0}
		if err := j.Put(Assignment{Key: key, Phase: PhaseClaimed}); err != nil {
			t.Fatal(err)
		}
		var committed *Assignment
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			before, err := j.Get(key)
			if err != nil {
				t.Fatal(err)
			}
			change := func(a *Assignment) {
				value := []byte(rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "value"))
				a.Salt, a.ResultDigest, a.Trace, a.Tag, a.Commitment, a.Manifest = value, value, value, value, value, value
			}
			if rapid.Bool().Draw(t, "keep") {
				change = nil
			}
			to := rapid.SampledFrom(Phases()).Draw(t, "to")
			after, err := j.Advance(key, before.Phase, to, change)
			if err != nil {
				continue
			}
			if !before.Phase.CanBecome(to) {
				t.Fatalf("%s became %s", before.Phase, to)
			}
			if committed != nil && (!bytes.Equal(after.Salt, committed.Salt) || !bytes.Equal(after.Tag, committed.Tag)) {
				t.Fatalf("committed %x, now %x", committed.Salt, after.Salt)
			}
			if to == PhaseCommitSent {
				committed = &after
			}
		}
	})
}
