package agent

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"github.com/thetaedge/theta/blob"
)

const (
	// verifiedSuffix follows the name of a cached file in the name of its record.
	verifiedSuffix = ".verified"
	// verifiedFor is the time after which the digest of a file is computed again, because a disk
	// may change a bit and nothing else. The owner must not lose a bond for that.
	verifiedFor = 24 * time.Hour
	// markedBefore is how far in the past the modification time of a verified file is set. No
	// system gives this time to a file that is written later.
	markedBefore = time.Hour
)

// verified records that a cached file had its digest, and how the system described it then. The
// record is a file of its own. It was last modified when the content was last used.
//
// A program cannot change the content: its worker may only read inputs (worker.LayerFiles). On a
// machine without that layer, a program that breaks out of its engine can write whatever the daemon
// can, records and keys included.
type verified struct {
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	At       time.Time `json:"at"`
}

// readVerified returns the record of a cached file, if it has one that still describes the file.
func readVerified(path string, now time.Time) (verified, bool) {
	var v verified
	raw, err := os.ReadFile(path + verifiedSuffix)
	if err != nil || json.Unmarshal(raw, &v) != nil {
		return verified{}, false
	}
	info, err := os.Lstat(path)
	same := err == nil && info.Mode().IsRegular() && info.Size() == v.Size && info.ModTime().Equal(v.Modified)
	age := now.Sub(v.At)
	return v, same && age >= 0 && age < verifiedFor
}

// verify computes the digest of a cached file and keeps a record if it is right. It returns the size. It does
// not read on once ctx has ended: a large file takes minutes on a slow disk, and the window in which an assignment can be
// released for free may end meanwhile.
func verify(ctx context.Context, d blob.Digest, path string, now time.Time) (int64, bool) {
	mark, err := markVerified(path, now)
	if err != nil {
		return 0, false
	}
	file, err := os.Open(path)
	if err != nil {
		return 0, false
	}
	defer file.Close() //nolint:errcheck // read only
	found, size, err := blob.DigestReader(blob.During(ctx, file))
	if err != nil || found != d {
		return size, false
	}
	keepVerified(path, mark, now)
	return size, true
}

// markVerified sets the modification time of a cached file to one that no later write gives, and returns
// that time.
func markVerified(path string, now time.Time) (time.Time, error) {
	mark := now.Add(-markedBefore).Truncate(2 * time.Second) // some file systems have even seconds only
	return mark, os.Chtimes(path, mark, mark)
}

// keepVerified records that a cached file has its digest, unless something has been written to it since it was
// marked. Without a record, the digest is computed again before the next use.
func keepVerified(path string, mark, now time.Time) {
	info, err := os.Lstat(path)
	if err != nil || !info.ModTime().Equal(mark) {
		return
	}
	raw, err := json.Marshal(verified{Size: info.Size(), Modified: info.ModTime(), At: now})
	if err != nil {
		return
	}
	if os.WriteFile(path+verifiedSuffix, raw, 0o600) != nil {
		_ = os.Remove(path + verifiedSuffix)
	}
}
