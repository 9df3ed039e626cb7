package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"syscall"

	"go.etcd.io/bbolt"

	"github.com/thetaedge/theta/internal/osfault"
)

// whole returns an error if the file does not contain all the pages that it claims to have.
// The database maps the file into memory, where a missing page ends the process without an
// error message.
func whole(path string) error {
	stat, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && stat.Size() == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if stat.IsDir() {
		return &fs.PathError{Op: "open", Path: path, Err: syscall.EISDIR}
	}
	// When it opens read-only, the database reads only the first two pages.
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, ReadOnly: true})
	if err != nil {
		return err
	}
	err = db.View(func(tx *bbolt.Tx) error {
		if tx.Size() > stat.Size() {
			return fmt.Errorf("expected %d bytes, found %d: it was cut short", tx.Size(), stat.Size())
		}
		return nil
	})
	return errors.Join(err, db.Close())
}

// sound reads the whole journal once. The database does not check its pages. Without this
// check, a page that a bad disk has damaged would end the daemon in the middle of its work.
func sound(db *bbolt.DB) error {
	return db.View(func(tx *bbolt.Tx) error {
		return guarded(func() error {
			if meta := tx.Bucket([]byte(metaBucket)); meta != nil {
				if raw := meta.Get([]byte(schemaKey)); raw != nil {
					if _, err := version(raw); err != nil {
						return err
					}
				}
			}
			return tx.ForEach(func(name []byte, bucket *bbolt.Bucket) error {
				return bucket.ForEach(func(key, value []byte) error {
					if string(name) != assignmentsBucket {
						return nil
					}
					_, err := decode(fmt.Sprintf("%q", key), value)
					return err
				})
			})
		})
	})
}

// guarded converts the panic or fault of a page that cannot be read into an error.
func guarded(read func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a page cannot be read: %v", p)
		}
	}()
	return read()
}

// damaged returns the error for a journal that failed a check. It makes a copy of the file.
// The error says where the copy is and what is lost together with the file.
func damaged(path string, cause error) error {
	return fmt.Errorf("%w: %s: %w; %s. The file holds the salts that open what this node has committed to: each assignment that has committed and is not revealed in time costs a part of the bond, and %s. Check the disk (dmesg tells), and put a backup of the file back if there is one. Only to go on without it, move the file away and start again", ErrDamaged, path, cause, osfault.Kept(path), atStake(path))
}

// atStake says how many commitments can still be read in a damaged journal.
func atStake(path string) string {
	committed := 0
	count := func(db *bbolt.DB) error {
		return db.View(func(tx *bbolt.Tx) error {
			return guarded(func() error {
				bucket := tx.Bucket([]byte(assignmentsBucket))
				if bucket == nil {
					return nil
				}
				return bucket.ForEach(func(key, value []byte) error {
					if a, err := decode(string(key), value); err == nil && a.committed() && !a.Phase.Finished() {
						committed++
					}
					return nil
				})
			})
		})
	}
	if whole(path) == nil {
		if db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, ReadOnly: true}); err == nil {
			// If an error stops the count, it stops at the damage.
			_ = errors.Join(count(db), db.Close())
		}
	}
	if committed == 0 {
		return "nothing in it can be read that tells how many there are"
	}
	return fmt.Sprintf("%d such assignments can still be read in it, and there may be more", committed)
}
