package relay

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// sweep deletes expired content and returns how many files went. A file that
// cannot be deleted (open on Windows) stays in the index for the next sweep.
func (v *vault) sweep() (gone int, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	var errs []error
	for k, e := range v.entries {
		if e.expires.After(now) {
			continue
		}
		path := v.path(k)
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
			continue
		}
		delete(v.entries, k)
		gone++
		for by := range e.holders {
			// What stays of them is cleared at the next start.
			_ = os.Remove(chargePath(path, by))
			v.charge(k, by, -1, -e.size)
		}
		if k.box != "" {
			// Fails while the box still holds something, which is the wish.
			_ = os.Remove(filepath.Dir(path))
		}
	}
	return gone, errors.Join(errs...)
}

// usage returns the bytes and files held, by charges: a drop that two have brought counts
// twice, so that the sum does not tell whether a guessed result is there.
func (v *vault) usage() (bytes int64, files int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	held := v.held()
	return held.bytes, held.files
}

// syncFolders makes a rename durable, and the folders that it may have needed.
func (v *vault) syncFolders(k key) error {
	root := filepath.Clean(v.cfg.Root)
	for dir := filepath.Dir(v.path(k)); dir != root; dir = filepath.Dir(dir) {
		if err := syncFolder(dir); err != nil {
			return err
		}
	}
	return nil
}

// syncFolder is for systems that can: Windows has no such call and needs none.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := os.Open(path)
	if err != nil {
		// The sweep may have removed an expired box in between.
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
