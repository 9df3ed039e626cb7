package api

import (
	"cmp"
	"slices"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/store"
)

// Unfinished returns the assignments on which work is left, as Jobs shows them: those whose program
// runs first, then by how far they have come.
func (s *Service) Unfinished() ([]*sidecarv1.Assignment, error) {
	list, err := s.journal.List(store.Filter{Unfinished: true})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(x, y store.Assignment) int {
		return cmp.Or(cmp.Compare(urgency(x.Phase), urgency(y.Phase)), x.CreatedAt.Compare(y.CreatedAt))
	})
	now := s.status()
	out := make([]*sidecarv1.Assignment, len(list))
	for i := range list {
		out[i] = showWith(&list[i], &now)
	}
	return out, nil
}

// urgency orders phases for people: what this machine works on, what waits for others, and draws.
func urgency(p store.Phase) int {
	switch p {
	case store.PhaseRunning:
		return 0
	case store.PhasePreparing, store.PhaseAssigned, store.PhaseYielding, store.PhaseExecuted, store.PhaseCommitSent:
		return 1
	case store.PhaseCommitted, store.PhaseRevealed, store.PhaseOpened:
		return 2
	case store.PhaseClaimed, store.PhaseSettled, store.PhaseReleased, store.PhaseFailed:
	}
	return 3
}

// Job returns an assignment as Jobs shows it and as the journal contains it, or
// store.ErrNotFound. The record is without the parts that may not be shown yet.
func (s *Service) Job(key store.Key) (*sidecarv1.Assignment, store.Assignment, error) {
	list, err := s.journal.List(store.Filter{JobID: key.JobID})
	if err != nil {
		return nil, store.Assignment{}, err
	}
	index := slices.IndexFunc(list, func(a store.Assignment) bool { return a.Key == key })
	if index < 0 {
		return nil, store.Assignment{}, store.ErrNotFound
	}
	record, now := list[index], s.status()
	shownRecord := showWith(&record, &now)
	record.Salt, record.TraceKeys = nil, nil
	if !shown(record.Phase) {
		record.ResultDigest, record.Trace, record.OwnTrace, record.Tag, record.Manifest = nil, nil, nil, nil, nil
		record.ExitCode, record.Detail = 0, ""
	}
	return shownRecord, record, nil
}

// Records returns everything in the journal.
func (s *Service) Records() ([]store.Assignment, error) { return s.journal.List(store.Filter{}) }
