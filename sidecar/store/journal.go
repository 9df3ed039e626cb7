// Package store is the sidecar's journal. Every step of an assignment is on disk before the
// daemon reports it to any other party. Therefore the process may be killed at any time.
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

	"github.com/thetaedge/theta/internal/osfault"
)

const (
	// FileName is the name of the journal file in the sidecar's home folder.
	FileName = "journal.db"
	// schema is the version of the records. It is raised by each change that older code would
	// misread. Version 2 added the exit code that a commitment binds. Version 3 stores result
	// manifests next to the outputs.
	schema = 3
	// Schema is that version for programs that are about to be replaced by another one.
	Schema = schema
	// lockWait is long enough for a previous process that is just shutting down.
	lockWait = time.Second
)

// These are the buckets of the database.
const (
	assignmentsBucket = "assignments"
	metaBucket        = "meta"
	schemaKey         = "schema"
	chainKey          = "chain"
)

// Journal is the open database. It is safe for concurrent use in one process.
type Journal struct {
	db   *bbolt.DB
	now  func() time.Time
	path string
	// reserve keeps room on the disk.
	reserve reserve
	// uncounted contains the fees of the day while the disk does not take them.
	uncounted uncounted
}

// Open opens or creates the journal in a home folder. Only one process can have it open;
// others get ErrLocked. now is the clock for CreatedAt and UpdatedAt; nil means time.Now.
// Errors of the operating system are returned as such. ErrDamaged means that the file was read
// but is damaged; in this case Open has made a copy of it.
func Open(home string, now func() time.Time) (*Journal, error) {
	if now == nil {
		now = time.Now
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, fmt.Errorf("cannot create the home %s: %w", home, osfault.Explain(home, err))
	}
	path := filepath.Join(home, FileName)
	err := whole(path)
	if err != nil {
		return nil, refused(home, path, err)
	}
	// Only the owner may read the file, because a salt reveals the content of a commitment.
	j := &Journal{now: now, path: path, reserve: reserve{path: filepath.Join(home, ReserveName)}}
	j.db, err = open(path)
	if full(err) && j.reserve.release() {
		j.db, err = open(path)
	}
	if err != nil {
		return nil, refused(home, path, err)
	}
	return j, nil
}

// open opens the database, checks it, and brings it up to date.
func open(path string) (*bbolt.DB, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait})
	if err != nil {
		return nil, err
	}
	if err = sound(db); err == nil && !prepared(db) {
		err = db.Update(prepare)
	}
	if err != nil {
		// The database is closed first, because the same database reads the copy of a damaged
		// file.
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// prepared reports whether prepare would change nothing. A journal that is up to date opens on a full
// disk, so that what it holds can still be revealed.
func prepared(db *bbolt.DB) bool {
	done := false
	err := db.View(func(tx *bbolt.Tx) error {
		meta := tx.Bucket([]byte(metaBucket))
		if meta == nil {
			return nil
		}
		found, err := version(meta.Get([]byte(schemaKey)))
		done = err == nil && found == schema
		for _, name := range []string{assignmentsBucket, shunsBucket} {
			done = done && tx.Bucket([]byte(name)) != nil
		}
		return nil
	})
	return done && err == nil
}

// refused explains why the journal cannot be opened, and what to do.
func refused(home, path string, err error) error {
	_, system := osfault.Of(err)
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		holder := osfault.Holder(path)
		if holder == "" {
			holder = "another process"
		}
		return fmt.Errorf("%w: %s works with this home (%s): stop it, or choose another --home", ErrLocked, holder, home)
	case system:
		return fmt.Errorf("cannot open the journal %s: %w", path, osfault.Explain(path, err))
	case errors.Is(err, ErrNewerSchema):
		return fmt.Errorf("%s: %w", path, err)
	case errors.Is(err, bolterrors.ErrVersionMismatch):
		return fmt.Errorf("%w: %s: %w: another version of thetaedge wrote it; run that one", ErrNewerSchema, path, err)
	default:
		return damaged(path, err)
	}
}

// prepare creates the buckets of a new journal, and checks the version of an existing one.
func prepare(tx *bbolt.Tx) error {
	meta, err := tx.CreateBucketIfNotExists([]byte(metaBucket))
	if err != nil {
		return err
	}
	for _, name := range []string{assignmentsBucket, shunsBucket} {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	raw := meta.Get([]byte(schemaKey))
	if raw == nil {
		return meta.Put([]byte(schemaKey), binary.BigEndian.AppendUint64(nil, schema))
	}
	found, err := version(raw)
	if err != nil {
		return err
	}
	if found == schema {
		return nil
	}
	// After this write, an older program must not use the journal.
	return meta.Put([]byte(schemaKey), binary.BigEndian.AppendUint64(nil, schema))
}

// version returns the version of the records, or ErrNewerSchema if it is not known.
func version(raw []byte) (uint64, error) {
	if len(raw) != 8 {
		return 0, fmt.Errorf("%w: expected a schema version of 8 bytes, found %d", ErrDamaged, len(raw))
	}
	found := binary.BigEndian.Uint64(raw)
	if found > schema {
		return 0, fmt.Errorf("%w: expected schema %d or older, found %d; run the newer thetaedge", ErrNewerSchema, schema, found)
	}
	return found, nil
}

// Bind ties the journal to a chain. It fails with ErrOtherChain while the journal contains
// unfinished work of another chain. On this chain, all of that work would look as if it had
// ended, and the salts that its reveals need would be deleted.
func (j *Journal) Bind(chainID string) error {
	bound := ""
	if err := j.db.View(func(tx *bbolt.Tx) error {
		bound = string(tx.Bucket([]byte(metaBucket)).Get([]byte(chainKey)))
		return nil
	}); err != nil || bound == chainID {
		return err
	}
	return j.write(func(tx *bbolt.Tx) error {
		meta := tx.Bucket([]byte(metaBucket))
		if bound != "" {
			open, err := j.newTx(tx).List(Filter{Unfinished: true})
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

// Chain returns the id of the chain that the journal belongs to; empty for a new one.
func (j *Journal) Chain() (string, error) {
	var bound string
	err := j.db.View(func(tx *bbolt.Tx) error {
		bound = string(tx.Bucket([]byte(metaBucket)).Get([]byte(chainKey)))
		return nil
	})
	return bound, err
}

// Close waits for transactions and releases the lock. It writes the fees that the disk has not taken before, if it does
// now.
func (j *Journal) Close() error {
	j.uncounted.mu.Lock()
	defer j.uncounted.mu.Unlock()
	var err error
	if raw := j.uncounted.raw; raw != nil {
		err = j.putFees(raw)
	}
	return errors.Join(err, j.db.Close())
}

// Update applies several changes as one. If it returns nil, all of them are on disk; if it
// returns an error, none of them is. A whole batch message needs only one sync.
func (j *Journal) Update(change func(*Tx) error) error {
	return j.write(func(tx *bbolt.Tx) error {
		return change(j.newTx(tx))
	})
}

// write applies a change to the database. If the disk is full, it gives the room that is kept for the
// journal free and tries again. It explains errors of the operating system.
func (j *Journal) write(change func(*bbolt.Tx) error) error {
	err := j.db.Update(change)
	if full(err) && j.reserve.release() {
		err = j.db.Update(change)
	}
	if err == nil {
		// If the room cannot be kept, it is tried again later; the change is on the disk.
		_ = j.reserve.keep(j.now())
	}
	if _, system := osfault.Of(err); system {
		return fmt.Errorf("cannot write the journal %s: %w", j.path, osfault.Explain(j.path, err))
	}
	return err
}

// View reads from one consistent state.
func (j *Journal) View(read func(*Tx) error) error {
	return j.db.View(func(tx *bbolt.Tx) error {
		return read(j.newTx(tx))
	})
}

// Put stores an assignment; see Tx.Put.
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

// Advance moves an assignment to another phase; see Tx.Advance.
func (j *Journal) Advance(key Key, from, to Phase, edit func(*Assignment)) (a Assignment, err error) {
	err = j.Update(func(tx *Tx) error {
		a, err = tx.Advance(key, from, to, edit)
		return err
	})
	return a, err
}

// Edit changes an assignment without changing its phase; see Tx.Edit.
func (j *Journal) Edit(key Key, edit func(*Assignment)) (a Assignment, err error) {
	err = j.Update(func(tx *Tx) error {
		a, err = tx.Edit(key, edit)
		return err
	})
	return a, err
}

// Delete removes an assignment; see Tx.Delete.
func (j *Journal) Delete(key Key) error {
	return j.Update(func(tx *Tx) error { return tx.Delete(key) })
}

// List returns the assignments that a filter selects, ordered by job, task and round.
func (j *Journal) List(filter Filter) (list []Assignment, err error) {
	err = j.View(func(tx *Tx) error {
		list, err = tx.List(filter)
		return err
	})
	return list, err
}

// aheadOfClock is how far the time at which an assignment was finished may be ahead of the newest time that is known
// before the clock must have been wrong then.
const aheadOfClock = time.Hour

// Prune removes the assignments that were finished before t. It returns them, so that the
// caller can delete their folders. newest is the newest time that is known, by the clock and by the chain; zero if the
// chain is not known yet. An assignment that was finished after it, under a clock that was ahead, counts from then on,
// so that it is not kept until that time. A clock that is behind says nothing about that.
func (j *Journal) Prune(t, newest time.Time) (pruned []Assignment, err error) {
	err = j.Update(func(tx *Tx) error {
		finished, err := tx.List(Filter{Phases: []Phase{PhaseSettled, PhaseReleased, PhaseFailed}})
		if err != nil {
			return err
		}
		pruned = nil
		for _, a := range finished {
			if !newest.IsZero() && a.ended().After(newest.Add(aheadOfClock)) {
				if err := tx.restamp(a, newest); err != nil {
					return err
				}
			}
			if a.ended().Before(t) {
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
