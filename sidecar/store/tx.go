package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// Tx is one atomic change or one consistent view. Callers must not keep it.
type Tx struct {
	bucket, shuns *bbolt.Bucket
	now           func() time.Time
}

// Filter selects assignments. Its zero value selects all of them.
type Filter struct {
	// JobID selects the assignments of one job.
	JobID string
	// Phases selects the assignments in any of these phases.
	Phases []Phase
	// Unfinished selects the assignments on which work is left.
	Unfinished bool
}

func (f Filter) matches(a *Assignment) bool {
	return (f.JobID == "" || f.JobID == a.JobID) &&
		(len(f.Phases) == 0 || slices.Contains(f.Phases, a.Phase)) &&
		(!f.Unfinished || !a.Phase.Finished())
}

// Get returns an assignment or ErrNotFound.
func (tx *Tx) Get(key Key) (Assignment, error) {
	raw, err := key.bytes()
	if err != nil {
		return Assignment{}, err
	}
	value := tx.bucket.Get(raw)
	if value == nil {
		return Assignment{}, fmt.Errorf("%w: %s", ErrNotFound, key)
	}
	return decode(key.String(), value)
}

func decode(name string, value []byte) (Assignment, error) {
	var a Assignment
	if err := json.Unmarshal(value, &a); err != nil {
		return a, fmt.Errorf("%w: assignment %s: %w", ErrDamaged, name, err)
	}
	return a, nil
}

// Put stores an assignment. A new assignment must be claimed or assigned. An existing one may
// keep its phase or take one that follows it (else ErrTransition), cannot change what it has
// committed to (ErrFixed), and cannot commit while a value is missing (ErrIncomplete).
func (tx *Tx) Put(a Assignment) error {
	raw, err := a.bytes()
	if err != nil {
		return err
	}
	now := tx.now().UTC()
	old, err := tx.Get(a.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		if a.Phase != PhaseClaimed && a.Phase != PhaseAssigned {
			return fmt.Errorf("%w: expected a new assignment %s to be %s or %s, found %s", ErrTransition, a.Key, PhaseClaimed, PhaseAssigned, a.Phase)
		}
		a.CreatedAt = now
	case err != nil:
		return err
	default:
		if err := checkChange(&a, &old); err != nil {
			return err
		}
		a.CreatedAt = old.CreatedAt
	}
	a.UpdatedAt = now
	a.FinishedAt = finishedAt(&a, &old, now)
	value, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("cannot encode assignment %s: %w", a.Key, err)
	}
	return tx.bucket.Put(raw, value)
}

// finishedAt returns the time at which an assignment was finished. Records of older programs
// do not contain it.
func finishedAt(a, old *Assignment, now time.Time) time.Time {
	switch {
	case !a.Phase.Finished():
		return time.Time{}
	case old.Phase != a.Phase:
		return now
	default:
		return old.ended()
	}
}

// ended returns the time at which a finished assignment was finished.
func (a *Assignment) ended() time.Time {
	if a.FinishedAt.IsZero() {
		return a.UpdatedAt
	}
	return a.FinishedAt
}

// restamp changes the time at which an assignment was finished.
func (tx *Tx) restamp(a Assignment, at time.Time) error {
	raw, err := a.bytes()
	if err != nil {
		return err
	}
	a.FinishedAt = at.UTC()
	value, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("cannot encode assignment %s: %w", a.Key, err)
	}
	return tx.bucket.Put(raw, value)
}

func checkChange(a, old *Assignment) error {
	if a.Phase != old.Phase && !old.Phase.CanBecome(a.Phase) {
		return fmt.Errorf("%w: assignment %s is %s: expected one of %v to follow, found %s", ErrTransition, a.Key, old.Phase, old.Phase.next(), a.Phase)
	}
	if err := a.checkFixed(old); err != nil {
		return err
	}
	return a.checkComplete()
}

// Advance moves an assignment from one phase to another and applies edit, which may be nil, in
// the same step. It returns ErrTransition if the assignment is not in phase from, or if phase
// to cannot follow.
func (tx *Tx) Advance(key Key, from, to Phase, edit func(*Assignment)) (Assignment, error) {
	a, err := tx.Get(key)
	if err != nil {
		return a, err
	}
	if a.Phase != from || !from.CanBecome(to) {
		return a, fmt.Errorf("%w: assignment %s: expected %s with one of %v to follow, found %s with %s to follow", ErrTransition, key, from, from.next(), a.Phase, to)
	}
	a.Tries = 0
	return tx.edited(a, to, edit)
}

// Edit changes an assignment but not its phase.
func (tx *Tx) Edit(key Key, edit func(*Assignment)) (Assignment, error) {
	a, err := tx.Get(key)
	if err != nil {
		return a, err
	}
	return tx.edited(a, a.Phase, edit)
}

// edited applies edit to a and writes it. edit can change neither the key nor the phase.
func (tx *Tx) edited(a Assignment, to Phase, edit func(*Assignment)) (Assignment, error) {
	key := a.Key
	if edit != nil {
		edit(&a)
	}
	a.Key, a.Phase = key, to
	if err := tx.Put(a); err != nil {
		return Assignment{}, err
	}
	return tx.Get(key)
}

// Delete removes an assignment. It returns ErrFixed if the assignment is committed and not
// finished, because its reveal would be lost.
func (tx *Tx) Delete(key Key) error {
	a, err := tx.Get(key)
	if err != nil {
		return err
	}
	if a.committed() && !a.Phase.Finished() {
		return fmt.Errorf("%w: assignment %s is %s; reveal it and wait for the verdict", ErrFixed, key, a.Phase)
	}
	raw, err := key.bytes()
	if err != nil {
		return err
	}
	return tx.bucket.Delete(raw)
}

// List returns the assignments that a filter selects, ordered by job, task and round.
func (tx *Tx) List(filter Filter) ([]Assignment, error) {
	var prefix []byte
	if filter.JobID != "" {
		prefix = jobPrefix(filter.JobID)
	}
	list := []Assignment{}
	cursor := tx.bucket.Cursor()
	for raw, value := cursor.Seek(prefix); raw != nil && bytes.HasPrefix(raw, prefix); raw, value = cursor.Next() {
		a, err := decode(fmt.Sprintf("%q", raw), value)
		if err != nil {
			return nil, err
		}
		if filter.matches(&a) {
			list = append(list, a)
		}
	}
	return list, nil
}
