// Package store is the sidecar's journal: every step of an assignment is on disk
// before it is reported anywhere, so that the process may be killed at any instant.
package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

const (
	// FileName is the journal's file in the sidecar's home.
	FileName = "journal.db"
	// schema is the version of the records; a change that older code would misread
	// raises it. Version 2 keeps the exit code that a commitment binds, version 3
	// result manifests beside the outputs.
	schema = 3
	// lockWait covers a predecessor that is just shutting down.
	lockWait = time.Second
)

// buckets of the database.
const (
	assignmentsBucket = "assignments"
	metaBucket        = "meta"
	schemaKey         = "schema"
	chainKey          = "chain"
)

// Journal is the open database. It is safe for concurrent use in one process.
type Journal struct {
	db  *bbolt.DB
	now func() time.Time
}

// Open opens or creates the journal in home. Only one process can hold it. Now is
// the clock for CreatedAt and UpdatedAt; nil is time.Now.
func Open(home string, now func() time.Time) (*Journal, error) {
	if now == nil {
		now = time.Now
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, fmt.Errorf("cannot create the home %s: %w", home, err)
	}
	path := filepath.Join(home, FileName)
	// Only the owner may read it: a salt tells a commitment's content.
	err := whole(path)
	var db *bbolt.DB
	if err == nil {
		db, err = bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait})
	}
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("%w: another thetaedge is running with this home (%s); stop it or choose another --home", ErrLocked, home)
	case err != nil:
		return nil, fmt.Errorf("%w: cannot open %s: %w; if the disk is sound, move the file away (unrevealed commits in it are lost) and start again", ErrDamaged, path, err)
	}
	j := &Journal{db: db, now: now}
	if err := errors.Join(readable(db), db.Update(prepare)); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	return j, nil
}

// prepare creates the buckets of a new journal and checks the version of an old one.
func prepare(tx *bbolt.Tx) error {
	meta, err := tx.CreateBucketIfNotExists([]byte(metaBucket))
	if err != nil {
		return err
	}
	if _, err := tx.CreateBucketIfNotExists([]byte(assignmentsBucket)); err != nil {
		return err
	}
	raw := meta.Get([]byte(schemaKey))
	if raw == nil {
		return meta.Put([]byte(schemaKey), binary.BigEndian.AppendUint64(nil, schema))
	}
	if len(raw) != 8 {
		return fmt.Errorf("%w: expected a schema version of 8 bytes, found %d", ErrDamaged, len(raw))
	}
	found := binary.BigEndian.Uint64(raw)
	if found > schema {
		return fmt.Errorf("%w: expected schema %d or older, found %d; run the newer thetaedge", ErrNewerSchema, schema, found)
	}
	if found == schema {
		return nil
	}
	// From here on an older program must not touch it.
	return meta.Put([]byte(schemaKey), binary.BigEndian.AppendUint64(nil, schema))
}

// Bind ties the journal to a chain. While work of another one is unfinished it fails
// with ErrOtherChain: on this chain all of it would look as if it had ended, and the
// salts that its reveals need would be given up.
func (j *Journal) Bind(chainID string) error {
	return j.db.Update(func(tx *bbolt.Tx) error {
		meta := tx.Bucket([]byte(metaBucket))
		bound := string(meta.Get([]byte(chainKey)))
		if bound == chainID {
			return nil
		}
		if bound != "" {
			open, err := (&Tx{bucket: tx.Bucket([]byte(assignmentsBucket)), now: j.now}).List(Filter{Unfinished: true})
			if err != nil {
				return err
			}
			if len(open) > 0 {
				return fmt.Errorf("%w: this home has %d unfinished assignments of chain %s, and the node serves %s; correct chain.grpc, or use another --home for that chain", ErrOtherChain, len(open), bound, chainID)
			}
		}
		return meta.Put([]byte(chainKey), []byte(chainID))
	})
}

// Close waits for transactions and gives the lock back.
func (j *Journal) Close() error { return j.db.Close() }

// Update runs several changes as one: all of them are on disk when it returns
// nil, and none if it returns an error. One sync serves a whole batch message.
func (j *Journal) Update(change func(*Tx) error) error {
	return j.db.Update(func(tx *bbolt.Tx) error {
		return change(&Tx{bucket: tx.Bucket([]byte(assignmentsBucket)), now: j.now})
	})
}

// View runs reads on one consistent state.
func (j *Journal) View(read func(*Tx) error) error {
	return j.db.View(func(tx *bbolt.Tx) error {
		return read(&Tx{bucket: tx.Bucket([]byte(assignmentsBucket)), now: j.now})
	})
}

// Put writes an assignment; see Tx.Put.
func (j *Journal) Put(a Assignment) error {
	return j.Update(func(tx *Tx) error { return tx.Put(a) })
}

// Get returns an assignment or ErrNotFound.
func (j *Journal) Get(key Key) (a Assignment, err error) {
	err = j.View(func(tx *Tx) error {
		a, err = tx.Get(key)
		return err
	})
	return a, err
}

// Advance moves an assignment on; see Tx.Advance.
func (j *Journal) Advance(key Key, from, to Phase, edit func(*Assignment)) (a Assignment, err error) {
	err = j.Update(func(tx *Tx) error {
		a, err = tx.Advance(key, from, to, edit)
		return err
	})
	return a, err
}

// Edit changes an assignment without moving it on; see Tx.Edit.
func (j *Journal) Edit(key Key, edit func(*Assignment)) (a Assignment, err error) {
	err = j.Update(func(tx *Tx) error {
		a, err = tx.Edit(key, edit)
		return err
	})
	return a, err
}

// Delete forgets an assignment; see Tx.Delete.
func (j *Journal) Delete(key Key) error {
	return j.Update(func(tx *Tx) error { return tx.Delete(key) })
}

// List returns the assignments that match, by job, task and round.
func (j *Journal) List(filter Filter) (list []Assignment, err error) {
	err = j.View(func(tx *Tx) error {
		list, err = tx.List(filter)
		return err
	})
	return list, err
}

// Prune forgets finished assignments that were last updated before t and returns
// them, so that the caller can delete their folders.
func (j *Journal) Prune(t time.Time) (pruned []Assignment, err error) {
	err = j.Update(func(tx *Tx) error {
		finished, err := tx.List(Filter{Phases: []Phase{PhaseSettled, PhaseReleased, PhaseFailed}})
		if err != nil {
			return err
		}
		pruned = nil
		for _, a := range finished {
			if a.UpdatedAt.Before(t) {
				if err := tx.Delete(a.Key); err != nil {
					return err
				}
				pruned = append(pruned, a)
			}
		}
		return nil
	})
	return pruned, err
}
