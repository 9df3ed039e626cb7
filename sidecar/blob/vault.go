package blob

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/thetaedge/theta/internal/osfault"
)

// key names stored content: in a drop box, or public where box is empty.
type key struct {
	box    string
	digest Digest
}

// entry is what the index knows of one file.
type entry struct {
	size    int64
	expires time.Time
	// clients that have added it and are charged for it in the box.
	clients map[string]struct{}
}

// vault keeps content-addressed files within limits. The index lives in memory
// and is rebuilt from the folder, whose file times carry the expiry.
type vault struct {
	cfg Config
	now func() time.Time

	mu       sync.Mutex
	entries  map[key]*entry
	boxes    map[string]*boxUse
	used     int64
	reserved int64
	// arriving counts the uploads that are booked and not kept yet.
	arriving int
}

const (
	blobFolder = "blobs"
	dropFolder = "drops"
	tempFolder = "tmp"
)

// openVault creates the folders, drops half-written files and indexes the rest.
func openVault(cfg Config) (*vault, error) {
	v := &vault{cfg: cfg, now: cfg.Now, entries: map[key]*entry{}, boxes: map[string]*boxUse{}}
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

// index reads the folder; a file whose name is no digest is left alone.
func (v *vault) index() error {
	root := os.DirFS(v.cfg.Root)
	blobs, err := fs.Glob(root, blobFolder+"/??/*")
	if err != nil {
		return err
	}
	for _, name := range blobs {
		parts := strings.Split(name, "/")
		if err := v.indexFile(name, "", parts[1]+parts[2]); err != nil {
			return err
		}
	}
	drops, err := fs.Glob(root, dropFolder+"/??/*/*")
	if err != nil {
		return err
	}
	for _, name := range drops {
		parts := strings.Split(name, "/")
		box := parts[1] + parts[2]
		if _, err := ParseDigest(box); err != nil {
			continue
		}
		if err := v.indexFile(name, box, parts[3]); err != nil {
			return err
		}
	}
	return nil
}

func (v *vault) indexFile(path, box, name string) error {
	digest, err := ParseDigest(name)
	if err != nil {
		return nil
	}
	stat, err := os.Stat(filepath.Join(v.cfg.Root, filepath.FromSlash(path)))
	if err != nil {
		return fmt.Errorf("cannot index %s: %w", path, err)
	}
	k := key{box, digest}
	// Who uploaded it is not kept on disk; the empty client carries the charge.
	e := &entry{size: stat.Size(), expires: stat.ModTime().Add(v.ttl(k)), clients: map[string]struct{}{"": {}}}
	v.entries[k] = e
	v.used += e.size
	if box != "" {
		v.box(box).charge("", e.size)
	}
	return nil
}

// put stores size bytes of body under k if they have its digest. The answer to a
// drop does not depend on whether somebody else has added the same content.
func (v *vault) put(k key, client string, size int64, body io.Reader) (Drop, error) {
	release, err := v.reserve(k, client, size)
	if err != nil {
		return Drop{}, err
	}
	defer release()
	temp, err := v.receive(k, size, body)
	if err != nil {
		return Drop{}, err
	}
	defer func() { _ = os.Remove(temp) }()
	expires, err := v.keep(k, client, size, temp)
	if err != nil {
		return Drop{}, err
	}
	return Drop{Digest: k.digest, Size: size, ExpiresAt: expires}, v.syncFolders(k)
}

// reserve books size bytes until release is called, so that parallel uploads
// cannot exceed a quota together.
func (v *vault) reserve(k key, client string, size int64) (release func(), err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if size > v.cfg.MaxBytes {
		return nil, refusal(codeTooBig, "expected at most %d bytes, found %d; split it or use another relay", v.cfg.MaxBytes, size)
	}
	if free := v.cfg.TotalBytes - v.used - v.reserved; size > free {
		return nil, refusal(codeFull, "expected at most the %d bytes that are free, found %d; retry later or use another relay", max(free, 0), size)
	}
	if len(v.entries)+v.arriving >= v.cfg.MaxFiles {
		return nil, refusal(codeFull, "expected at most %d files in this relay, and all are taken; retry later or use another relay", v.cfg.MaxFiles)
	}
	if k.box != "" {
		if e := v.entries[k]; e == nil || !e.has(client) {
			box := v.box(k.box)
			if err := box.admit(v.cfg, client, size); err != nil {
				v.forgetIdle(k.box)
				return nil, err
			}
			box.book(client, size)
			v.reserved += size
			v.arriving++
			return func() { v.unreserve(k.box, client, size) }, nil
		}
	}
	v.reserved += size
	v.arriving++
	return func() { v.unreserve("", client, size) }, nil
}

func (v *vault) unreserve(box, client string, size int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.reserved -= size
	v.arriving--
	if box != "" {
		v.box(box).unbook(client, size)
		v.forgetIdle(box)
	}
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
	h := sha256.New()
	source := &sourceReader{r: io.LimitReader(body, size+1)}
	n, err := io.Copy(io.MultiWriter(file, h), source)
	if source.err != nil {
		return "", refusal(codeCut, "expected %d bytes, received %d before the upload broke (%v); send it again", size, n, source.err)
	}
	if err != nil {
		return "", fmt.Errorf("cannot store an upload: %w", err)
	}
	if n != size {
		return "", refusal(codeCut, "expected the announced %d bytes, received %d; send it again", size, n)
	}
	var found Digest
	h.Sum(found[:0])
	if found != k.digest {
		return "", refusal(codeWrongDigest, "expected content with sha256 %s, found %s; nothing was kept", k.digest, found)
	}
	return file.Name(), file.Sync()
}

// keep moves a received file into place and accounts for it.
func (v *vault) keep(k key, client string, size int64, temp string) (time.Time, error) {
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
	if err := os.Rename(temp, path); err != nil {
		return time.Time{}, err
	}
	e := v.entries[k]
	if e == nil {
		e = &entry{size: size, clients: map[string]struct{}{}}
		v.entries[k] = e
		v.used += size
	}
	e.expires = now.Add(v.ttl(k))
	if k.box != "" && !e.has(client) {
		e.clients[client] = struct{}{}
		v.box(k.box).charge(client, size)
	}
	return e.expires, nil
}

// refresh extends the life of content that is uploaded again.
func (v *vault) refresh(k key) (Drop, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	e := v.entries[k]
	if e == nil || !e.expires.After(now) {
		return Drop{}, false
	}
	if err := os.Chtimes(v.path(k), now, now); err != nil {
		return Drop{}, false
	}
	e.expires = now.Add(v.ttl(k))
	return Drop{Digest: k.digest, Size: e.size, ExpiresAt: e.expires}, true
}

// open returns the file and what is known of it; the caller closes the file.
func (v *vault) open(k key) (*os.File, Drop, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	e := v.entries[k]
	if e == nil || !e.expires.After(v.now()) {
		return nil, Drop{}, false
	}
	file, err := os.Open(v.path(k))
	if err != nil {
		return nil, Drop{}, false
	}
	return file, Drop{Digest: k.digest, Size: e.size, ExpiresAt: e.expires}, true
}

// list returns what box holds, by digest.
func (v *vault) list(box string) ([]Drop, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	drops := []Drop{}
	// The folder, which os.ReadDir sorts, spares an index by box.
	files, err := os.ReadDir(filepath.Join(v.cfg.Root, dropFolder, box[:2], box[2:]))
	if errors.Is(err, fs.ErrNotExist) {
		return drops, nil
	}
	if err != nil {
		return nil, err
	}
	now := v.now()
	for _, file := range files {
		digest, err := ParseDigest(file.Name())
		if err != nil {
			continue
		}
		if e := v.entries[key{box, digest}]; e != nil && e.expires.After(now) {
			drops = append(drops, Drop{Digest: digest, Size: e.size, ExpiresAt: e.expires})
		}
	}
	return drops, nil
}
