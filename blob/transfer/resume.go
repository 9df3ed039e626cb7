package transfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/internal/osfault"
)

// partialPrefix begins the names of files that are not finished. The digest of the content follows
// if a fetch can continue the file.
const partialPrefix = ".fetch-"

// PartialOf returns the content of which the file of a name is a part, and whether a fetch would
// continue it.
func PartialOf(name string) (blob.Digest, bool) {
	text, found := strings.CutPrefix(name, partialPrefix)
	d, err := blob.ParseDigest(text)
	return d, found && err == nil
}

// partials are the files that fetches write now, by path. Two fetches of one content to one folder
// may run at the same time, and only the first one continues what is there.
type partials struct {
	mu    sync.Mutex
	taken map[string]bool
}

// take reports whether a fetch may write a file.
func (p *partials) take(path string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[path] {
		return false
	}
	if p.taken == nil {
		p.taken = map[string]bool{}
	}
	p.taken[path] = true
	return true
}

func (p *partials) give(path string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, path)
}

// resumeFile is FetchFile that continues what an earlier fetch has left.
func (c *Client) resumeFile(ctx context.Context, address string, want blob.Digest, maxBytes int64, path string) (int64, error) {
	part := filepath.Join(filepath.Dir(path), partialPrefix+want.String())
	if !c.partials.take(part) {
		return toFile(path, func(dst io.Writer) (int64, error) { return c.GetBlob(ctx, address, want, maxBytes, dst) })
	}
	defer c.partials.give(part)
	n, continued, err := c.resume(ctx, address, want, maxBytes, part)
	if continued && err != nil && !unfinished(err) {
		// The beginning may have come from another server, and may be wrong.
		n, _, err = c.resume(ctx, address, want, maxBytes, part)
	}
	if err != nil {
		return n, err
	}
	if err := osfault.Replace(part, path); err != nil {
		return n, fmt.Errorf("%w: %w", ErrNotKept, err)
	}
	return n, nil
}

// unfinished reports whether the content that has arrived may be the beginning of the right one.
func unfinished(err error) bool {
	for _, wrong := range []error{ErrWrongDigest, ErrTooBig, ErrBadRequest, ErrNotKept} {
		if errors.Is(err, wrong) {
			return false
		}
	}
	return true
}

// resume fetches what a file lacks of the content. It reports whether something was there before. If
// it fails and the file cannot become the content any more, it deletes the file.
func (c *Client) resume(ctx context.Context, address string, want blob.Digest, maxBytes int64, part string) (n int64, continued bool, err error) {
	if err := ctx.Err(); err != nil {
		return 0, false, explain(ctx, withoutSecrets(address), err)
	}
	file, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, false, fmt.Errorf("%w: cannot open a temporary file: %w", ErrNotKept, err)
	}
	defer func() {
		err = errors.Join(err, file.Close())
		if err != nil && (n == 0 || !unfinished(err)) {
			err = errors.Join(err, os.Remove(part))
		}
	}()
	h := sha256.New()
	have, err := io.Copy(h, blob.During(ctx, file))
	if ctx.Err() != nil {
		// The next fetch continues it.
		return max(have, 1), false, explain(ctx, withoutSecrets(address), ctx.Err())
	}
	if err == nil && have > maxBytes {
		have, err = 0, restart(file, h)
	}
	if err != nil {
		return 0, false, fmt.Errorf("%w: %w", ErrNotKept, err)
	}
	continued = have > 0
	if !continued || blob.Digest(h.Sum(nil)) != want {
		if have, err = c.rest(ctx, address, have, maxBytes, file, h); err != nil {
			return have, continued, err
		}
	}
	if found := blob.Digest(h.Sum(nil)); found != want {
		return have, continued, fmt.Errorf("%s: %w: expected sha256 %s, found %s (%d bytes); ask whoever published the address to upload the right content", withoutSecrets(address), ErrWrongDigest, want, found, have)
	}
	if err := file.Sync(); err != nil {
		return have, continued, fmt.Errorf("%w: %w", ErrNotKept, err)
	}
	return have, continued, nil
}

// withoutSecrets returns an address as it may be shown.
func withoutSecrets(address string) string {
	u, err := webURL(address)
	if err != nil {
		return "an address"
	}
	return redact(u)
}

// restart empties a file and forgets what was hashed.
func restart(file *os.File, h hash.Hash) error {
	h.Reset()
	_, err := file.Seek(0, io.SeekStart)
	return errors.Join(err, file.Truncate(0))
}

// rest appends the content from the byte `have` on to a file and a hash, and returns the size.
func (c *Client) rest(ctx context.Context, address string, have, maxBytes int64, file *os.File, h hash.Hash) (int64, error) {
	r, err := c.do(ctx, request{via: c.fetch, method: http.MethodGet, address: address, from: have})
	if err != nil {
		return have, err
	}
	defer r.Close() //nolint:errcheck // read only
	if have > 0 && (r.StatusCode != http.StatusPartialContent || !strings.HasPrefix(r.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have))) {
		if r.StatusCode == http.StatusPartialContent {
			return have, fmt.Errorf("%s: %w: expected the bytes from %d on, found %q", r.where, ErrBadRequest, have, r.Header.Get("Content-Range"))
		}
		if have, err = 0, restart(file, h); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrNotKept, err)
		}
	}
	if r.ContentLength > maxBytes-have {
		return have, fmt.Errorf("%s: %w: expected at most %d bytes, found %d; raise the bound or shrink the content", r.where, ErrTooBig, maxBytes, have+r.ContentLength)
	}
	_, n, readErr, err := blob.Copy(io.MultiWriter(file, h), io.LimitReader(r, maxBytes-have+1))
	have += n
	switch {
	case readErr != nil:
		return have, r.explain(readErr)
	case err != nil:
		return have, fmt.Errorf("%s: %w: %w", r.where, ErrNotKept, err)
	case have > maxBytes:
		return have, fmt.Errorf("%s: %w: expected at most %d bytes, found more; raise the bound or shrink the content", r.where, ErrTooBig, maxBytes)
	}
	return have, nil
}
