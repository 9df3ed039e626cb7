package osfault

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Keep copies a damaged file into the same folder, so that what is left of it cannot be lost
// by a later action. The name of the copy depends on its content, so that a daemon that is
// started repeatedly makes only one copy. Keep returns the path of the copy.
func Keep(path string) (string, error) {
	source, err := os.Open(path)
	if err != nil {
		return "", Explain(path, err)
	}
	defer source.Close() //nolint:errcheck // read only
	hash := sha256.New()
	if _, err := io.Copy(hash, source); err != nil {
		return "", Explain(path, err)
	}
	kept := fmt.Sprintf("%s.damaged-%x", path, hash.Sum(nil)[:4])
	if _, err := os.Lstat(kept); err == nil {
		return kept, nil
	}
	if _, err := source.Seek(0, io.SeekStart); err != nil {
		return "", Explain(path, err)
	}
	// The copy has another name until it is complete, because a partial copy must not be
	// mistaken for a complete one.
	part, err := os.OpenFile(kept+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", Explain(kept, err)
	}
	_, err = io.Copy(part, source)
	if err = errors.Join(err, part.Sync(), part.Close()); err == nil {
		err = os.Rename(part.Name(), kept)
	}
	if err != nil {
		if removed := os.Remove(part.Name()); !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
		return "", Explain(kept, err)
	}
	return kept, nil
}

// Kept says in words where the copy of a damaged file is, or why there is none.
func Kept(path string) string {
	kept, err := Keep(path)
	if err != nil {
		return fmt.Sprintf("no copy of it could be made (%v): make one before anything else", err)
	}
	return "a copy of it is at " + kept
}
