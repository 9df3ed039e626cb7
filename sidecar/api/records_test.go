package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/agent"
	"github.com/thetaedge/theta/sidecar/store"
)

func TestASingleRecordHidesWhatOthersMayStillCopy(t *testing.T) {
	journal, err := store.Open(t.TempDir(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, journal.Close()) }()
	key := store.Key{JobID: "7-0-0", Task: 2, Round: 1}
	require.NoError(t, journal.Put(store.Assignment{Key: key, Phase: store.PhaseAssigned}))
	path := []store.Phase{store.PhasePreparing, store.PhaseRunning, store.PhaseExecuted, store.PhaseCommitSent, store.PhaseCommitted, store.PhaseRevealed, store.PhaseSettled}
	service := NewService(Identity{}, func() agent.Status { return agent.Status{} }, journal, nil)
	from := store.PhaseAssigned
	for _, to := range path {
		_, err := journal.Advance(key, from, to, func(a *store.Assignment) {
			if to == store.PhaseExecuted {
				a.Salt, a.ResultDigest, a.Trace, a.Tag, a.Commitment = []byte{1}, []byte{2}, []byte{3}, []byte{4}, []byte{5}
				a.ExitCode, a.Detail, a.Tasks, a.Metrics.Fuel = 3, "trapped", 1, 9
			}
		})
		require.NoError(t, err)
		from = to
		shown, record, err := service.Job(key)
		require.NoError(t, err)
		require.Empty(t, record.Salt, "a salt is never shown")
		if to != store.PhaseSettled {
			require.Empty(t, shown.Digest, to)
			require.Empty(t, record.ResultDigest, to)
			require.Empty(t, record.Tag, to)
			require.Empty(t, record.Trace, to)
			require.Empty(t, record.Detail, to)
			require.Zero(t, record.ExitCode, to)
		} else {
			require.Equal(t, "02", shown.Digest)
			require.Equal(t, "trapped", record.Detail)
		}
	}
	_, _, err = service.Job(store.Key{JobID: "7-0-0", Task: 3})
	require.ErrorIs(t, err, store.ErrNotFound)
	_, _, err = service.Job(store.Key{JobID: "../../etc/passwd"})
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestWhatRunsIsListedBeforeWhatWaits(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	journal, err := store.Open(t.TempDir(), func() time.Time { now = now.Add(time.Second); return now })
	require.NoError(t, err)
	defer func() { require.NoError(t, journal.Close()) }()
	require.NoError(t, journal.Put(store.Assignment{Key: store.Key{JobID: "1-0-0"}, Phase: store.PhaseClaimed}))
	require.NoError(t, journal.Put(store.Assignment{Key: store.Key{JobID: "2-0-0"}, Phase: store.PhaseAssigned}))
	require.NoError(t, journal.Put(store.Assignment{Key: store.Key{JobID: "3-0-0"}, Phase: store.PhaseAssigned}))
	require.NoError(t, journal.Put(store.Assignment{Key: store.Key{JobID: "4-0-0"}, Phase: store.PhaseClaimed}))
	_, err = journal.Advance(store.Key{JobID: "3-0-0"}, store.PhaseAssigned, store.PhasePreparing, func(*store.Assignment) {})
	require.NoError(t, err)
	_, err = journal.Advance(store.Key{JobID: "3-0-0"}, store.PhasePreparing, store.PhaseRunning, func(*store.Assignment) {})
	require.NoError(t, err)
	_, err = journal.Advance(store.Key{JobID: "4-0-0"}, store.PhaseClaimed, store.PhaseReleased, func(*store.Assignment) {})
	require.NoError(t, err)
	list, err := NewService(Identity{}, func() agent.Status { return agent.Status{} }, journal, nil).Unfinished()
	require.NoError(t, err)
	var jobs []string
	for _, a := range list {
		jobs = append(jobs, a.JobId)
	}
	require.Equal(t, []string{"3-0-0", "2-0-0", "1-0-0"}, jobs)
}
