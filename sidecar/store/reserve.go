package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/thetaedge/theta/internal/osfault"
)

const (
	// ReserveName is the name of the file that keeps room for the journal on the disk of the home.
	ReserveName = "reserve"
	// ReserveBytes is the size of that file. A node needs much less to finish what it holds.
	ReserveBytes = 8 << 20
	// reserveRoom is the number of bytes that have to be free before the file is written, so that it
	// does not take the last space of other programs.
	reserveRoom = 8 * ReserveBytes
	// reservePause is the time between two tries to write the file.
	reservePause = 10 * time.Minute
)

// reserve is a file that is deleted when the disk is full, so that the journal can still be written. It
// is safe for concurrent use.
type reserve struct {
	path string
	// free returns the number of free bytes on the disk of a folder. It is nil if no room is kept.
	free func(path string) (uint64, error)

	mu   sync.Mutex
	kept bool
	next time.Time
}

// KeepReserve keeps room on the disk for the journal from now on. free returns the number of free bytes
// on the disk of a folder. Without enough free space, the room is kept later, as soon as there is.
func (j *Journal) KeepReserve(free func(path string) (uint64, error)) error {
	j.reserve.free = free
	return j.reserve.keep(j.now())
}

// GiveReserve deletes the file that keeps room, so that others can write to the disk. It reports whether there was one.
func (j *Journal) GiveReserve() bool { return j.reserve.release() }

// keep writes the file unless it exists, or there is not enough room for it.
func (r *reserve) keep(now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.free == nil || r.kept || now.Before(r.next) && now.After(r.next.Add(-2*reservePause)) {
		return nil
	}
	r.next = now.Add(reservePause)
	if stat, err := os.Stat(r.path); err == nil && stat.Size() == ReserveBytes {
		r.kept = true
		return nil
	}
	room, err := r.free(filepath.Dir(r.path))
	if err != nil || room < reserveRoom {
		return nil
	}
	if err := writeReserve(r.path); err != nil {
		return fmt.Errorf("cannot keep room for the journal: %w", errors.Join(osfault.Explain(r.path, err), remove(r.path)))
	}
	r.kept = true
	return nil
}

// writeReserve writes bytes that no file system can compress, so that they take the space that they are
// to keep.
func writeReserve(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyN(file, rand.Reader, ReserveBytes)
	return errors.Join(err, file.Sync(), file.Close())
}

// release deletes the file. It reports whether there was one.
func (r *reserve) release() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = false
	return os.Remove(r.path) == nil
}

// remove deletes a file that may not exist.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// full reports whether an error means that the disk has no space left.
func full(err error) bool {
	class, known := osfault.Of(err)
	return known && class == osfault.NoSpace
}
