package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"

	"go.etcd.io/bbolt"
)

// whole tells whether the file has all the pages that it says it has. The database
// maps it into memory, where a missing page ends the process without a word.
func whole(path string) error {
	stat, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && stat.Size() == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	// Read only, it looks at no more than the first two pages.
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

// readable reads everything once. The database trusts its pages: what a bad disk has
// left of one would otherwise end the daemon in the middle of its work.
func readable(db *bbolt.DB) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: a page cannot be read: %v; if the disk is sound, move the file away (unrevealed commits in it are lost) and start again", ErrDamaged, p)
		}
	}()
	return db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(_ []byte, bucket *bbolt.Bucket) error {
			return bucket.ForEach(func(_, _ []byte) error { return nil })
		})
	})
}
