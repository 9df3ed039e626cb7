package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/internal/osfault"
)

const (
	// maxListBytes bounds the answer of ListDrops.
	maxListBytes = 64 << 20
	// maxErrorBytes bounds what is read of a server's explanation.
	maxErrorBytes = 4 << 10
)

// response is a body under watch: reads fail with ErrTooSlow when it stalls.
type response struct {
	http.Response
	ctx    context.Context
	watch  *watch
	cancel context.CancelCauseFunc
	where  string
}

func (r *response) Read(p []byte) (int, error) {
	n, err := r.Body.Read(p)
	r.watch.Move(n)
	return n, err
}

// Close ends the watch and gives the connection back.
func (r *response) Close() error {
	r.watch.stop()
	err := r.Body.Close()
	r.cancel(nil)
	return err
}

// explain turns a transport error into one of this package's.
func (r *response) explain(err error) error { return explain(r.ctx, r.where, err) }

func explain(ctx context.Context, where string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%s: %w", where, cause)
	}
	for _, known := range []error{ErrRefused, ErrTooBig, ErrWrongDigest, ErrUnreachable, ErrBusy} {
		if errors.Is(err, known) {
			return fmt.Errorf("%s: %w", where, err)
		}
	}
	if untrusted(err) {
		return fmt.Errorf("%s: %w: %w: %w; the server needs a certificate for this name by an authority that everybody knows", where, ErrUnreachable, ErrUntrusted, err)
	}
	return fmt.Errorf("%s: %w: %w; check the address and that the server is up", where, ErrUnreachable, err)
}

// request is what do sends.
type request struct {
	via             *http.Client
	method, address string
	token           blob.Token
	// pass is what blob.PassHeader carries, empty for none.
	pass string
	body io.Reader
	// size of the body in bytes.
	size int64
	// from is the first byte of the answer that is asked for; a server may send all of it.
	from int64
}

// do sends a request and returns the answer if it is a success.
func (c *Client) do(ctx context.Context, q request) (*response, error) {
	u, err := webURL(q.address)
	if err != nil {
		return nil, err
	}
	body, size := q.body, q.size
	where := q.method + " " + redact(u)
	if err := c.spare(ctx, u); err != nil {
		return nil, explain(ctx, where, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	watch := newWatch(c.cfg, body != nil, cancel)
	fail := func(err error) (*response, error) {
		watch.stop()
		err = explain(ctx, where, err)
		cancel(nil)
		return nil, err
	}
	if body != nil {
		body = &watchedReader{r: body, watch: watch}
	}
	req, err := http.NewRequestWithContext(ctx, q.method, u.String(), body)
	if err != nil {
		return fail(err)
	}
	if body != nil {
		req.ContentLength = size
		if size == 0 {
			req.Body = http.NoBody
		}
		// A relay that has the content already, or no room, says so before it is sent.
		req.Header.Set("Expect", "100-continue")
	}
	if q.token != "" {
		req.Header.Set("Authorization", "Bearer "+string(q.token))
	}
	if q.from > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", q.from))
	}
	if q.pass != "" {
		req.Header.Set(blob.PassHeader, q.pass)
	}
	answer, err := q.via.Do(req) //nolint:bodyclose // closed by response.Close
	if err != nil {
		return fail(unwrapURL(err))
	}
	r := &response{Response: *answer, ctx: ctx, watch: watch, cancel: cancel, where: where}
	if answer.StatusCode < 200 || answer.StatusCode > 299 || answer.StatusCode == http.StatusPartialContent && q.from == 0 {
		err := fmt.Errorf("%s: %w", where, statusError(r))
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// statusError maps HTTP to this package's errors and carries the server's reason.
func statusError(r *response) error {
	status := statusText(&r.Response)
	reason := status
	raw, _ := io.ReadAll(io.LimitReader(r, maxErrorBytes))
	var body blob.RefusalBody
	if json.Unmarshal(raw, &body) == nil && body.Error.Message != "" {
		reason = fmt.Sprintf("%s: %.512q", status, body.Error.Message)
	}
	switch {
	case r.StatusCode >= 300 && r.StatusCode < 400:
		return fmt.Errorf("%w: expected no redirect, found %s; name the final address", ErrRefused, reason)
	case r.StatusCode == http.StatusNotFound || r.StatusCode == http.StatusGone:
		return fmt.Errorf("%w (%s); ask whoever published the address to upload it again", ErrGone, reason)
	case r.StatusCode == http.StatusUnauthorized || r.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%w (%s); check the token or the signature of the address", ErrForbidden, reason)
	case r.StatusCode == http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w for this relay (%s)", ErrTooBig, reason)
	case r.StatusCode == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w (%s)", ErrWrongDigest, reason)
	case r.StatusCode == http.StatusTooManyRequests || r.StatusCode == http.StatusServiceUnavailable || r.StatusCode == http.StatusInsufficientStorage:
		return fmt.Errorf("%w (%s); retry later or use another relay", ErrBusy, reason)
	case r.StatusCode >= 400 && r.StatusCode < 500:
		return fmt.Errorf("%w (%s)", ErrBadRequest, reason)
	default:
		return fmt.Errorf("%w (%s); retry later", ErrUnreachable, reason)
	}
}

func (c *Client) upload(ctx context.Context, address string, r io.Reader, size int64, signed string) error {
	answer, err := c.do(ctx, request{via: c.relaying, method: http.MethodPut, address: address, pass: signed, body: r, size: size})
	if err != nil {
		return err
	}
	return answer.Close()
}

func (c *Client) download(ctx context.Context, via *http.Client, address string, token blob.Token, want blob.Digest, maxBytes int64, dst io.Writer) (int64, error) {
	r, err := c.do(ctx, request{via: via, method: http.MethodGet, address: address, token: token})
	if err != nil {
		return 0, err
	}
	defer r.Close() //nolint:errcheck // read only
	if r.ContentLength > maxBytes {
		return 0, fmt.Errorf("%s: %w: expected at most %d bytes, found %d; raise the bound or shrink the content", r.where, ErrTooBig, maxBytes, r.ContentLength)
	}
	found, n, readErr, err := blob.Copy(dst, io.LimitReader(r, maxBytes+1))
	switch {
	case readErr != nil:
		return n, r.explain(readErr)
	case err != nil:
		return n, fmt.Errorf("%s: %w: %w", r.where, ErrNotKept, err)
	case n > maxBytes:
		return n, fmt.Errorf("%s: %w: expected at most %d bytes, found more; raise the bound or shrink the content", r.where, ErrTooBig, maxBytes)
	}
	if found != want {
		return n, fmt.Errorf("%s: %w: expected sha256 %s, found %s (%d bytes); ask whoever published the address to upload the right content", r.where, ErrWrongDigest, want, found, n)
	}
	return n, nil
}

// FetchFile fetches content to path, which appears only when it is complete and
// has the digest; what was there before stays otherwise. See GetBlob for errors, and
// ClientConfig.KeepPartial.
func (c *Client) FetchFile(ctx context.Context, address string, want blob.Digest, maxBytes int64, path string) (int64, error) {
	if c.partials != nil {
		return c.resumeFile(ctx, address, want, maxBytes, path)
	}
	return toFile(path, func(dst io.Writer) (int64, error) {
		return c.GetBlob(ctx, address, want, maxBytes, dst)
	})
}

// FetchDrop is FetchFile for one piece of content of the box that token opens.
func (c *Client) FetchDrop(ctx context.Context, token blob.Token, want blob.Digest, maxBytes int64, path string) (int64, error) {
	return toFile(path, func(dst io.Writer) (int64, error) {
		return c.GetDrop(ctx, token, want, maxBytes, dst)
	})
}

// PartialPattern matches the names of files that FetchFile and FetchDrop have not
// finished, in the folder of the file that they would become. Such files that a killed process
// has left may be deleted. PartialOf says which of them a fetch would continue.
const PartialPattern = partialPrefix + "*"

func toFile(path string, fill func(io.Writer) (int64, error)) (n int64, err error) {
	file, err := os.CreateTemp(filepath.Dir(path), PartialPattern)
	if err != nil {
		return 0, fmt.Errorf("%w: cannot open a temporary file: %w", ErrNotKept, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	if n, err = fill(file); err != nil {
		return n, errors.Join(err, file.Close())
	}
	if err = errors.Join(file.Sync(), file.Close()); err == nil {
		err = osfault.Replace(file.Name(), path)
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrNotKept, err)
	}
	return n, err
}
