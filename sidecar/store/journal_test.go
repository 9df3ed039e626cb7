package store

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/thetaedge/theta/internal/private"
)

func openJournal(t *testing.T) *Journal {
	t.Helper()
	j, err := Open(t.TempDir(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.Close()) })
	return j
}

// complete sets all the fields that a commitment fixes.
func complete(a *Assignment) {
	a.Salt, a.ResultDigest, a.Tag = []byte("salt"), []byte("digest"), []byte("tag")
	a.Trace, a.OwnTrace = []byte("trace"), []byte("own trace")
	a.Commitment, a.Manifest = []byte("commitment"), []byte("manifest")
}

// road returns a shortest path of phases to a phase.
func road(to Phase) []Phase {
	straight := []Phase{PhaseAssigned, PhasePreparing, PhaseRunning, PhaseExecuted, PhaseCommitSent, PhaseCommitted, PhaseRevealed, PhaseOpened, PhaseSettled}
	switch to {
	case PhaseClaimed:
		return nil
	case PhaseReleased, PhaseFailed:
		return []Phase{to}
	case PhaseYielding:
		return []Phase{PhaseAssigned, to}
	default:
		for i, p := range straight {
			if p == to {
				return straight[:i+1]
			}
		}
	}
	return nil
}

// bring adds an assignment to the journal and moves it to a phase.
func bring(t *testing.T, j *Journal, key Key, to Phase) Assignment {
	t.Helper()
	require.NoError(t, j.Put(Assignment{Key: key, Phase: PhaseClaimed}))
	at := PhaseClaimed
	for _, next := range road(to) {
		_, err := j.Advance(key, at, next, func(a *Assignment) {
			if next == PhaseExecuted {
				complete(a)
			}
		})
		require.NoError(t, err)
		at = next
	}
	a, err := j.Get(key)
	require.NoError(t, err)
	require.Equal(t, to, a.Phase)
	return a
}

func TestAssignmentSurvivesReopening(t *testing.T) {
	home := t.TempDir()
	j, err := Open(home, nil)
	require.NoError(t, err)
	energy := uint64(1234)
	key := Key{"12-0-1", 1 << 40, 3}
	want := Assignment{
		Key: key, Phase: PhaseAssigned, Attempt: 2, Folder: "tasks/1", Deadlines: Deadlines{Commit: 50, Reveal: 60},
		Metrics: Metrics{Fuel: 9, EnergyMillijoules: &energy, EnergySource: "rapl"}, LastError: "input was slow", Tries: 2, TxHash: "AB",
	}
	complete(&want)
	require.NoError(t, j.Put(want))
	require.NoError(t, j.Close())

	j, err = Open(home, nil)
	require.NoError(t, err)
	defer j.Close()
	got, err := j.Get(key)
	require.NoError(t, err)
	require.False(t, got.CreatedAt.IsZero())
	want.CreatedAt, want.UpdatedAt = got.CreatedAt, got.UpdatedAt
	require.Equal(t, want, got)
}

// TestAdvanceHoldsTheTable tries every pair of phases through the journal itself.
func TestAdvanceHoldsTheTable(t *testing.T) {
	j := openJournal(t)
	task := uint64(0)
	for _, from := range Phases() {
		for _, to := range Phases() {
			task++
			key := Key{"job", task, 0}
			before := bring(t, j, key, from)
			got, err := j.Advance(key, from, to, func(a *Assignment) {
				if len(a.Salt) == 0 {
					complete(a)
				}
			})
			if from.CanBecome(to) {
				require.NoError(t, err, "%s → %s", from, to)
				require.Equal(t, to, got.Phase)
				continue
			}
			require.ErrorIs(t, err, ErrTransition, "%s → %s", from, to)
			before.Phase = to
			if from != to {
				require.ErrorIs(t, j.Put(before), ErrTransition, "put %s → %s", from, to)
			}
		}
	}
}

func TestAdvanceFromAnotherPhaseIsRefused(t *testing.T) {
	j := openJournal(t)
	key := Key{"job", 0, 0}
	bring(t, j, key, PhaseRunning)
	_, err := j.Advance(key, PhaseAssigned, PhasePreparing, nil)
	require.ErrorIs(t, err, ErrTransition)
	require.ErrorContains(t, err, "found running")
	_, err = j.Advance(Key{"job", 1, 0}, PhaseAssigned, PhasePreparing, nil)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestReleasedAssignmentMayBeDrawnAgain(t *testing.T) {
	j := openJournal(t)
	key := Key{"job", 0, 0}
	bring(t, j, key, PhaseExecuted)
	_, err := j.Advance(key, PhaseExecuted, PhaseReleased, nil)
	require.NoError(t, err)
	got, err := j.Advance(key, PhaseReleased, PhaseClaimed, func(a *Assignment) { a.Attempt, a.Salt = 1, []byte("fresh") })
	require.NoError(t, err)
	require.Equal(t, "fresh", string(got.Salt))
}

func TestNewAssignmentStartsAtTheBeginning(t *testing.T) {
	j := openJournal(t)
	for i, phase := range Phases() {
		a := Assignment{Key: Key{"job", uint64(i), 0}, Phase: phase}
		if phase == PhaseClaimed || phase == PhaseAssigned {
			require.NoError(t, j.Put(a))
			continue
		}
		require.ErrorIs(t, j.Put(a), ErrTransition)
	}
	for _, id := range []string{"", "a\x00b", strings.Repeat("x", maxJobID+1)} {
		require.ErrorContains(t, j.Put(Assignment{Key: Key{JobID: id}, Phase: PhaseClaimed}), "job id")
	}
}

func TestListFiltersInOrder(t *testing.T) {
	j := openJournal(t)
	for _, key := range []Key{{"b", 0, 0}, {"a", 300, 0}, {"a", 2, 1}, {"a", 2, 0}, {"aa", 1, 0}} {
		require.NoError(t, j.Put(Assignment{Key: key, Phase: PhaseClaimed}))
	}
	_, err := j.Advance(Key{"b", 0, 0}, PhaseClaimed, PhaseFailed, nil)
	require.NoError(t, err)
	keys := func(f Filter) []Key {
		list, err := j.List(f)
		require.NoError(t, err)
		found := []Key{}
		for _, a := range list {
			found = append(found, a.Key)
		}
		return found
	}
	require.Equal(t, []Key{{"a", 2, 0}, {"a", 2, 1}, {"a", 300, 0}, {"aa", 1, 0}, {"b", 0, 0}}, keys(Filter{}))
	require.Equal(t, []Key{{"a", 2, 0}, {"a", 2, 1}, {"a", 300, 0}}, keys(Filter{JobID: "a"}))
	require.Equal(t, []Key{{"b", 0, 0}}, keys(Filter{Phases: []Phase{PhaseFailed, PhaseSettled}}))
	require.Equal(t, []Key{{"aa", 1, 0}}, keys(Filter{JobID: "aa", Unfinished: true}))
	require.Empty(t, keys(Filter{JobID: "c"}))
}

func TestPruneForgetsOnlyWhatIsFinishedAndOld(t *testing.T) {
	now := time.Unix(1000, 0)
	j, err := Open(t.TempDir(), func() time.Time { return now })
	require.NoError(t, err)
	defer j.Close()
	bring(t, j, Key{"old", 0, 0}, PhaseSettled)
	bring(t, j, Key{"old", 1, 0}, PhaseCommitted)
	bring(t, j, Key{"old", 2, 0}, PhaseReleased)
	now = now.Add(time.Hour)
	bring(t, j, Key{"new", 0, 0}, PhaseSettled)
	pruned, err := j.Prune(now, now)
	require.NoError(t, err)
	require.Len(t, pruned, 2)
	left, err := j.List(Filter{})
	require.NoError(t, err)
	require.Len(t, left, 2)
	require.Equal(t, Key{"new", 0, 0}, left[0].Key)
	require.Equal(t, Key{"old", 1, 0}, left[1].Key)
}

func TestBatchIsAllOrNothing(t *testing.T) {
	j := openJournal(t)
	require.NoError(t, j.Put(Assignment{Key: Key{"job", 0, 0}, Phase: PhaseClaimed}))
	stop := errors.New("stop")
	err := j.Update(func(tx *Tx) error {
		if _, err := tx.Advance(Key{"job", 0, 0}, PhaseClaimed, PhaseAssigned, nil); err != nil {
			return err
		}
		if err := tx.Put(Assignment{Key: Key{"job", 1, 0}, Phase: PhaseClaimed}); err != nil {
			return err
		}
		return stop
	})
	require.ErrorIs(t, err, stop)
	list, err := j.List(Filter{})
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, PhaseClaimed, list[0].Phase)
}

func TestEditCannotMoveOrRename(t *testing.T) {
	j := openJournal(t)
	key := Key{"job", 0, 0}
	require.NoError(t, j.Put(Assignment{Key: key, Phase: PhaseClaimed}))
	got, err := j.Edit(key, func(a *Assignment) { a.Phase, a.JobID, a.Tries = PhaseSettled, "other", 7 })
	require.NoError(t, err)
	require.Equal(t, key, got.Key)
	require.Equal(t, PhaseClaimed, got.Phase)
	require.EqualValues(t, 7, got.Tries)
	got, err = j.Advance(key, PhaseClaimed, PhaseAssigned, nil)
	require.NoError(t, err)
	require.Zero(t, got.Tries)
}

func TestSecondProcessIsTurnedAway(t *testing.T) {
	home := t.TempDir()
	j, err := Open(home, nil)
	require.NoError(t, err)
	_, err = Open(home, nil)
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, "works with this home")
	require.NoError(t, j.Close())
	j, err = Open(home, nil)
	require.NoError(t, err)
	require.NoError(t, j.Close())
}

func TestNewerSchemaIsLeftAlone(t *testing.T) {
	home := t.TempDir()
	j, err := Open(home, nil)
	require.NoError(t, err)
	require.NoError(t, j.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(metaBucket)).Put([]byte(schemaKey), binary.BigEndian.AppendUint64(nil, schema+1))
	}))
	require.NoError(t, j.Close())
	_, err = Open(home, nil)
	require.ErrorIs(t, err, ErrNewerSchema)
	require.ErrorContains(t, err, "run the newer thetaedge")
	_, err = Open(home, nil)
	require.ErrorIs(t, err, ErrNewerSchema, "the lock was given back")
}

func TestDamagedJournalIsNamed(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, FileName), []byte(strings.Repeat("garbage ", 4096)), 0o600))
	_, err := Open(home, nil)
	require.ErrorIs(t, err, ErrDamaged)

	j := openJournal(t)
	raw, err := Key{"job", 0, 0}.bytes()
	require.NoError(t, err)
	require.NoError(t, j.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(assignmentsBucket)).Put(raw, []byte("{"))
	}))
	_, err = j.Get(Key{"job", 0, 0})
	require.ErrorIs(t, err, ErrDamaged)
	_, err = j.List(Filter{})
	require.ErrorIs(t, err, ErrDamaged)
}

func TestOnlyTheOwnerReadsTheJournal(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	j, err := Open(home, nil)
	require.NoError(t, err)
	defer j.Close()
	require.NoError(t, private.Check(filepath.Join(home, FileName)))
}

func TestParallelAdvancesHaveOneWinner(t *testing.T) {
	j := openJournal(t)
	key := Key{"job", 0, 0}
	require.NoError(t, j.Put(Assignment{Key: key, Phase: PhaseClaimed}))
	var group sync.WaitGroup
	wins := make(chan error, 8)
	for range cap(wins) {
		group.Go(func() {
			_, err := j.Advance(key, PhaseClaimed, PhaseAssigned, nil)
			wins <- err
		})
	}
	group.Wait()
	close(wins)
	won := 0
	for err := range wins {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, ErrTransition)
	}
	require.Equal(t, 1, won)
}

func TestOlderJournalIsTakenOverAndClosedToOlderPrograms(t *testing.T) {
	home := t.TempDir()
	version := func(set uint64) (found uint64) {
		db, err := bbolt.Open(filepath.Join(home, FileName), 0o600, nil)
		require.NoError(t, err)
		require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
			bucket := tx.Bucket([]byte(metaBucket))
			found = binary.BigEndian.Uint64(bucket.Get([]byte(schemaKey)))
			if set == 0 {
				return nil
			}
			return bucket.Put([]byte(schemaKey), binary.BigEndian.AppendUint64(nil, set))
		}))
		require.NoError(t, db.Close())
		return found
	}
	reopen := func() {
		j, err := Open(home, nil)
		require.NoError(t, err)
		require.NoError(t, j.Close())
	}
	reopen()
	require.Equal(t, uint64(schema), version(schema-1))
	reopen()
	require.Equal(t, uint64(schema), version(0))
}

func TestRetentionCountsFromTheEndWhateverIsNotedAfterIt(t *testing.T) {
	now := time.Unix(1000, 0)
	j, err := Open(t.TempDir(), func() time.Time { return now })
	require.NoError(t, err)
	defer j.Close()
	key := Key{"old", 0, 0}
	bring(t, j, key, PhaseSettled)
	ended := now
	for range 3 {
		now = now.Add(time.Hour)
		_, err := j.Edit(key, func(a *Assignment) { a.DeliveryError += "." })
		require.NoError(t, err)
	}
	pruned, err := j.Prune(ended, now)
	require.NoError(t, err)
	require.Empty(t, pruned, "not before its time")
	pruned, err = j.Prune(ended.Add(time.Second), now)
	require.NoError(t, err)
	require.Len(t, pruned, 1)
	require.True(t, ended.Equal(pruned[0].FinishedAt))
}

// TestWhatWasFinishedUnderAClockThatWasAheadIsKeptForItsTimeAndNotForYears counts its time from the moment at
// which the clock is right.
func TestWhatWasFinishedUnderAClockThatWasAheadIsKeptForItsTimeAndNotForYears(t *testing.T) {
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	j, err := Open(t.TempDir(), func() time.Time { return now })
	require.NoError(t, err)
	defer func() { require.NoError(t, j.Close()) }()
	bring(t, j, Key{"job", 0, 0}, PhaseSettled)
	now = now.AddDate(-1, 0, 0)
	const retention = 24 * time.Hour
	prune := func() int {
		gone, err := j.Prune(now.Add(-retention), now)
		require.NoError(t, err)
		return len(gone)
	}
	require.Zero(t, prune())
	now = now.Add(retention - time.Minute)
	require.Zero(t, prune())
	now = now.Add(2 * time.Minute)
	require.Equal(t, 1, prune())
}

// TestAClockThatBeginsIn1970DoesNotPruneWhatHasJustEnded once it is set: the machine has no battery for its clock.
func TestAClockThatBeginsIn1970DoesNotPruneWhatHasJustEnded(t *testing.T) {
	actual := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	now := actual
	j, err := Open(t.TempDir(), func() time.Time { return now })
	require.NoError(t, err)
	defer func() { require.NoError(t, j.Close()) }()
	bring(t, j, Key{"job", 0, 0}, PhaseSettled)
	const retention = 24 * time.Hour
	now = time.Unix(60, 0)
	for _, newest := range []time.Time{{}, actual.Add(time.Minute)} { // before and after the first block is known
		gone, err := j.Prune(now.Add(-retention), newest)
		require.NoError(t, err)
		require.Empty(t, gone)
	}
	now = actual.Add(5 * time.Minute)
	gone, err := j.Prune(now.Add(-retention), now)
	require.NoError(t, err)
	require.Empty(t, gone)
}
