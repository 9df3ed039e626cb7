package relay

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/internal/osfault"
)

// key names stored content: in a drop box, or public where box is empty.
type key struct {
	box    string
	digest blob.Digest
}

// entry is what the index knows of one file.
type entry struct {
	size    int64
	expires time.Time
	// holders are charged for it; for a blob, the one that brought it first.
	holders map[holder]struct{}
}

// has reports whether a holder is already charged for this entry.
func (e *entry) has(h holder) bool {
	_, ok := e.holders[h]
	return ok
}

// uploader is a holder that adds content, and what it may hold in its box; the quota is nil if
// shares decide.
type uploader struct {
	holder
	quota *tally
}

// vault keeps content-addressed files within limits. The index lives in memory and is
// rebuilt from the folder, whose file times carry the expiry and whose file names say
// which holder is charged. Content is counted by charges: a drop that two holders have brought
// counts twice, because otherwise the sum would tell that both have the same.
type vault struct {
	cfg Config
	now func() time.Time

	mu      sync.Mutex
	entries map[key]*entry
	boxes   map[string]*boxUse
	// blobs and drops are what is held or on its way of each.
	blobs, drops *share
}

const (
	blobFolder = "blobs"
	dropFolder = "drops"
	tempFolder = "tmp"
)

// openVault creates the folders, drops half-written files and indexes the rest.
func openVault(cfg Config) (*vault, error) {
	v := &vault{
		cfg: cfg, now: cfg.Now, entries: map[key]*entry{}, boxes: map[string]*boxUse{},
		blobs: newShare(tally{cfg.MaxFiles, cfg.TotalBytes}.percent(100 - cfg.DropPercent)),
		drops: newShare(tally{cfg.MaxFiles, cfg.TotalBytes}.percent(cfg.DropPercent)),
	}
	if v.now == nil {
		v.now = time.Now
	}
	temp := filepath.Join(cfg.Root, tempFolder)
	if err := os.RemoveAll(temp); err != nil {
		return nil, fmt.Errorf("cannot clear half-written uploads: %w", osfault.Explain(temp, err))
	}
	for _, dir := range []string{temp, filepath.Join(cfg.Root, blobFolder), filepath.Join(cfg.Root, dropFolder)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("cannot create the relay's folder: %w", osfault.Explain(dir, err))
		}
	}
	return v, v.index()
}

// path spreads content over folders by the first byte of its name.
func (v *vault) path(k key) string {
	d := k.digest.String()
	if k.box == "" {
		return filepath.Join(v.cfg.Root, blobFolder, d[:2], d[2:])
	}
	return filepath.Join(v.cfg.Root, dropFolder, k.box[:2], k.box[2:], d)
}

func (v *vault) ttl(k key) time.Duration {
	if k.box == "" {
		return v.cfg.BlobTTL
	}
	return v.cfg.DropTTL
}

// put stores size bytes of body under k if they have its digest. The answer to a
// drop does not depend on whether another holder has added the same content.
func (v *vault) put(k key, by uploader, size int64, body io.Reader) (blob.Drop, error) {
	release, err := v.reserve(k, by, size)
	if err != nil {
		return blob.Drop{}, err
	}
	defer release()
	if v.whole(k, by.holder, size) {
		return v.again(k, size, body)
	}
	temp, err := v.receive(k, size, body)
	if err != nil {
		return blob.Drop{}, err
	}
	defer func() { _ = os.Remove(temp) }()
	expires, err := v.keep(k, by.holder, size, temp)
	if err != nil {
		return blob.Drop{}, err
	}
	return blob.Drop{Digest: k.digest, Size: size, ExpiresAt: expires}, v.syncFolders(k)
}

// receive writes body to a temporary file, synced to disk, and returns its path.
func (v *vault) receive(k key, size int64, body io.Reader) (path string, err error) {
	file, err := os.CreateTemp(filepath.Join(v.cfg.Root, tempFolder), "put-*")
	if err != nil {
		return "", fmt.Errorf("cannot open a temporary file: %w", err)
	}
	defer func() {
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	if err := take(file, k, size, body); err != nil {
		return "", err
	}
	return file.Name(), file.Sync()
}

// take copies an upload of size bytes, if they have the digest of k.
func take(to io.Writer, k key, size int64, body io.Reader) error {
	found, n, readErr, err := blob.Copy(to, io.LimitReader(body, size+1))
	if readErr != nil {
		return refusal(codeCut, "expected %d bytes, received %d before the upload broke (%v); send it again", size, n, readErr)
	}
	if err != nil {
		return fmt.Errorf("cannot store an upload: %w", err)
	}
	if n != size {
		return refusal(codeCut, "expected the announced %d bytes, received %d; send it again", size, n)
	}
	if found != k.digest {
		return refusal(codeWrongDigest, "expected content with sha256 %s, found %s; nothing was kept", k.digest, found)
	}
	return nil
}

// keep moves a received file into place and accounts for it. The charge is on disk before the
// content, so that no restart forgets it.
func (v *vault) keep(k key, by holder, size int64, temp string) (time.Time, error) {
	path := v.path(k)
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return time.Time{}, err
	}
	now := v.now()
	if err := os.Chtimes(temp, now, now); err != nil {
		return time.Time{}, err
	}
	e := v.entries[k]
	charged := e == nil || k.box != "" && !e.has(by)
	if charged {
		if err := os.WriteFile(chargePath(path, by), nil, 0o600); err != nil {
			return time.Time{}, err
		}
	}
	if err := osfault.Replace(temp, path); err != nil {
		if charged {
			_ = os.Remove(chargePath(path, by))
		}
		return time.Time{}, err
	}
	if e == nil {
		e = &entry{size: size, holders: map[holder]struct{}{}}
		v.entries[k] = e
	}
	e.expires = now.Add(v.ttl(k))
	if charged {
		e.holders[by] = struct{}{}
		v.charge(k, by, 1, size)
	}
	return e.expires, nil
}

// refresh extends the life of content that is uploaded again.
func (v *vault) refresh(k key) (blob.Drop, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	e := v.entries[k]
	if e == nil || !e.expires.After(now) {
		return blob.Drop{}, false
	}
	if err := os.Chtimes(v.path(k), now, now); err != nil {
		return blob.Drop{}, false
	}
	e.expires = now.Add(v.ttl(k))
	return blob.Drop{Digest: k.digest, Size: e.size, ExpiresAt: e.expires}, true
}

// open returns the file and what is known of it; the caller closes the file.
func (v *vault) open(k key) (*os.File, blob.Drop, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	e := v.entries[k]
	if e == nil || !e.expires.After(v.now()) {
		return nil, blob.Drop{}, false
	}
	file, err := os.Open(v.path(k))
	if err != nil {
		return nil, blob.Drop{}, false
	}
	return file, blob.Drop{Digest: k.digest, Size: e.size, ExpiresAt: e.expires}, true
}

// list returns the content of a box, by digest: all of it, or only content of nodes that the
// chain showed at work on one job, and content without a charge of a node.
func (v *vault) list(box, job string) ([]blob.Drop, error) {
	drops := []blob.Drop{}
	// The folder, which os.ReadDir sorts, spares an index by box. It is read before the index
	// is locked, because a box may be large.
	files, err := os.ReadDir(filepath.Join(v.cfg.Root, dropFolder, box[:2], box[2:]))
	if errors.Is(err, fs.ErrNotExist) {
		return drops, nil
	}
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	if job != "" {
		job = tag("job", job)
	}
	for _, file := range files {
		digest, err := blob.ParseDigest(file.Name())
		if err != nil {
			continue
		}
		if e := v.entries[key{box, digest}]; e != nil && e.expires.After(now) && e.concerns(job) {
			drops = append(drops, blob.Drop{Digest: digest, Size: e.size, ExpiresAt: e.expires})
		}
	}
	return drops, nil
}

// concerns reports whether an entry may belong to the job of a tag; every one does to none.
func (e *entry) concerns(job string) bool {
	if job == "" {
		return true
	}
	for h := range e.holders {
		if !h.signed() || h.job == job {
			return true
		}
	}
	return false
}
