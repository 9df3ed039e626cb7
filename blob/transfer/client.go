package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/hosts"
)

// ClientConfig bounds what a client accepts. Zero values take the defaults of
// DefaultClientConfig, except for Relay and RefusePrivate.
type ClientConfig struct {
	// Relay is the base URL of the relay for PutBlob and the drop methods, such as
	// http://127.0.0.1:7070. It may be empty for a client that only fetches.
	Relay string
	// Timeout is the longest that one transfer may take in all.
	Timeout time.Duration
	// StallTimeout is the longest pause of a download, and the time beyond MinRate that every
	// transfer has. The pauses of an upload may be longer (throughput.Limits.Sending).
	StallTimeout time.Duration
	// MinRate is the slowest tolerated transfer in bytes per second, over its whole time.
	MinRate int64
	// MaxRedirects bounds the redirects of a fetch; uploads and drops follow none.
	MaxRedirects int
	// Strangers says that others name the addresses that this client speaks to. It never
	// speaks to link-local addresses then, nor to those where machines of a cloud ask for
	// their settings, nor to the owner's, and it spares each host; loopback is not paced.
	Strangers bool
	// OwnNetworks and OwnNames are public addresses of the owner, and names that lead to
	// some, such as that of a home whose address changes.
	OwnNetworks []netip.Prefix
	OwnNames    []string
	// RefusePrivate refuses loopback, link-local and private addresses, so that a
	// stranger's job cannot make this machine probe its owner's network. Devnets
	// switch it off.
	RefusePrivate bool
	// Hosts are the servers that this client speaks to, also after redirects. If it is nil, it speaks
	// to all.
	Hosts hosts.Checker
	// Moved is told how many bytes of content were received or sent, from any goroutine. It may be nil.
	Moved func(received, sent int64)
	// KeepPartial makes FetchFile keep what has arrived when a fetch fails, in the folder of the
	// file. The next fetch of the content to that folder asks for the rest alone.
	KeepPartial bool
}

// DefaultClientConfig fits home connections.
func DefaultClientConfig(relay string) ClientConfig {
	return ClientConfig{
		Relay:        relay,
		Timeout:      15 * time.Minute,
		StallTimeout: 20 * time.Second,
		MinRate:      1 << 10,
		MaxRedirects: 5,
	}
}

// Client moves content to and from relays and other web servers. It is safe for
// concurrent use.
type Client struct {
	cfg      ClientConfig
	relay    string
	fetch    *http.Client
	relaying *http.Client
	// pace spares each host; nil where the owner names the addresses.
	pace *hostPace
	// below is the part of drop boxes that this client reads, job whose results; see
	// ForTask and ForJob.
	below, job string
	// partials are the files that fetches continue; nil if they do not.
	partials *partials
}

// NewClient checks cfg and returns a client.
func NewClient(cfg ClientConfig) (*Client, error) {
	defaults := DefaultClientConfig(cfg.Relay)
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaults.Timeout
	}
	if cfg.StallTimeout <= 0 {
		cfg.StallTimeout = defaults.StallTimeout
	}
	if cfg.MinRate <= 0 {
		cfg.MinRate = defaults.MinRate
	}
	if cfg.MaxRedirects <= 0 {
		cfg.MaxRedirects = defaults.MaxRedirects
	}
	transport := listedOnly(meteredBy(newTransport(cfg), cfg.Moved), cfg.Hosts)
	var pace *hostPace
	if cfg.Strangers {
		pace = newHostPace(requestsPerSecond, requestBurst)
	}
	c := &Client{
		cfg: cfg, pace: pace,
		fetch: &http.Client{Transport: transport, CheckRedirect: pacedRedirects(pace, cfg.MaxRedirects)},
		// A redirect would hand the content or the token to a server that was not named.
		relaying: &http.Client{Transport: transport, CheckRedirect: followAtMost(0)},
	}
	if cfg.KeepPartial {
		c.partials = &partials{}
	}
	if cfg.Relay == "" {
		return c, nil
	}
	return c.With(cfg.Relay)
}

// Strangers returns the HTTP client for other protocols of the servers that jobs name. It connects to the same servers as c and
// counts what passes the line. It does not bound the time or the size of an answer.
func (c *Client) Strangers() *http.Client { return c.fetch }

// With returns a client for another relay that shares limits and connections.
func (c *Client) With(relay string) (*Client, error) {
	u, err := webURL(relay)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("relay: %w: expected a base URL such as https://relay.example, found a query or fragment", ErrRefused)
	}
	other := *c
	other.relay = strings.TrimRight(u.String(), "/")
	return &other, nil
}

// BlobURL is where the relay serves a blob; it is what a job spec names.
func (c *Client) BlobURL(d blob.Digest) string { return c.relay + blob.BlobsPath + d.String() }

// BoxURL is the sink of a job whose results go to box.
func (c *Client) BoxURL(box string) string { return c.relay + blob.DropsPath + box }

// TaskBoxesURL is the sink of an array whose results go to boxes below box, one per task:
// nodes put the number of the task in place of "{task}".
func (c *Client) TaskBoxesURL(box string) string {
	return c.BoxURL(box) + blob.TaskPart + blob.TaskPlaceholder
}

// ArrayURL is where the relay serves the inputs of an array, as an array_input
// names it: "<url>/<task>.proof" and "<url>/<sha256>".
func (c *Client) ArrayURL(array blob.Digest) string {
	return c.relay + blob.ArraysPath + array.String()
}

// PutBlob uploads size bytes of r, which is read twice, and returns their digest.
// Uploading the same content again is cheap and extends its life.
func (c *Client) PutBlob(ctx context.Context, r io.ReadSeeker, size int64) (blob.Digest, error) {
	if err := c.needRelay(); err != nil {
		return blob.Digest{}, err
	}
	digest, err := digestAndRewind(r, size)
	if err != nil {
		return digest, err
	}
	return digest, c.upload(ctx, c.BlobURL(digest), r, size, "")
}

// HasBlob reports whether the relay holds a blob.
func (c *Client) HasBlob(ctx context.Context, d blob.Digest) (bool, error) {
	if err := c.needRelay(); err != nil {
		return false, err
	}
	body, err := c.do(ctx, request{via: c.relaying, method: http.MethodHead, address: c.BlobURL(d)})
	if errors.Is(err, ErrGone) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, body.Close()
}

// GetBlob fetches content from any http or https address into dst and returns
// its size. On error dst may hold bytes that must not be used; FetchFile has no
// such state. Errors wrap ErrGone, ErrTooBig, ErrWrongDigest, ErrTooSlow,
// ErrRefused, ErrForbidden, ErrBusy or ErrUnreachable.
func (c *Client) GetBlob(ctx context.Context, address string, want blob.Digest, maxBytes int64, dst io.Writer) (int64, error) {
	return c.download(ctx, c.fetch, address, "", want, maxBytes, dst)
}

// Get fetches at most maxBytes of content that no digest names from any http or
// https address; the caller checks the content. See GetBlob for errors.
func (c *Client) Get(ctx context.Context, address string, maxBytes int64) ([]byte, error) {
	r, err := c.do(ctx, request{via: c.fetch, method: http.MethodGet, address: address})
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // read only
	content, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, r.explain(err)
	}
	if int64(len(content)) > maxBytes {
		return nil, fmt.Errorf("%s: %w: expected at most %d bytes, found more", r.where, ErrTooBig, maxBytes)
	}
	return content, nil
}

// PutDrop adds size bytes of r, which is read twice, to a box of this relay.
func (c *Client) PutDrop(ctx context.Context, box string, r io.ReadSeeker, size int64) (blob.Digest, error) {
	if err := c.needRelay(); err != nil {
		return blob.Digest{}, err
	}
	return c.PutSink(ctx, c.BoxURL(box), r, size)
}

// PutSink adds size bytes of r, which is read twice, to a box by its URL, as
// BoxURL returns it and as a job spec names it.
func (c *Client) PutSink(ctx context.Context, sink string, r io.ReadSeeker, size int64) (blob.Digest, error) {
	if err := CheckSink(sink); err != nil {
		return blob.Digest{}, err
	}
	digest, err := digestAndRewind(r, size)
	if err != nil {
		return digest, err
	}
	return digest, c.upload(ctx, strings.TrimRight(sink, "/")+"/"+digest.String(), r, size, "")
}

// PutTo uploads size bytes of r, which is read twice, to one presigned address, or to one
// in a drop box: what by says is then signed for, so that a relay can ask the chain.
func (c *Client) PutTo(ctx context.Context, address string, r io.ReadSeeker, size int64, by *blob.Work) (blob.Digest, error) {
	digest, err := digestAndRewind(r, size)
	if err != nil {
		return digest, err
	}
	if by == nil {
		return digest, c.upload(ctx, address, r, size, "")
	}
	u, err := webURL(address)
	if err != nil {
		return digest, err
	}
	signed, err := by.Sign(u, digest, size, time.Now())
	if err != nil {
		return digest, err
	}
	return digest, c.upload(ctx, address, r, size, signed)
}

// ForJob returns a client whose ListDrops leaves out what the chain shows to be of other
// jobs. A box's name is on chain, and other requesters can name it in their jobs.
func (c *Client) ForJob(job string) *Client {
	other := *c
	other.job = job
	return &other
}

// ForTask returns a client that reads the box of one task of an array: ListDrops,
// GetDrop and FetchDrop look there.
func (c *Client) ForTask(task uint64) *Client {
	other := *c
	other.below = blob.TaskPart + strconv.FormatUint(task, 10)
	return &other
}

// ListDrops lists the box that token opens, by digest. An unused box is empty.
func (c *Client) ListDrops(ctx context.Context, token blob.Token) ([]blob.Drop, error) {
	if err := c.needRelay(); err != nil {
		return nil, err
	}
	box, err := blob.BoxOf(token)
	if err != nil {
		return nil, err
	}
	address := c.BoxURL(box) + c.below
	if c.job != "" {
		address += "?job=" + url.QueryEscape(c.job)
	}
	body, err := c.do(ctx, request{via: c.relaying, method: http.MethodGet, address: address, token: token})
	if err != nil {
		return nil, err
	}
	defer body.Close() //nolint:errcheck // read only
	var drops []blob.Drop
	if err := json.NewDecoder(io.LimitReader(body, maxListBytes)).Decode(&drops); err != nil {
		return nil, body.explain(fmt.Errorf("%w: expected a JSON list of drops: %w", ErrUnreachable, err))
	}
	return drops, nil
}

// GetDrop fetches one piece of content from the box that token opens; see GetBlob.
func (c *Client) GetDrop(ctx context.Context, token blob.Token, want blob.Digest, maxBytes int64, dst io.Writer) (int64, error) {
	if err := c.needRelay(); err != nil {
		return 0, err
	}
	box, err := blob.BoxOf(token)
	if err != nil {
		return 0, err
	}
	return c.download(ctx, c.relaying, c.BoxURL(box)+c.below+"/"+want.String(), token, want, maxBytes, dst)
}

// CheckSink reports whether sink is the URL of a drop box.
func CheckSink(sink string) error {
	u, err := webURL(sink)
	if err != nil {
		return err
	}
	path := strings.TrimRight(u.Path, "/")
	_, box, found := strings.Cut(path, blob.DropsPath)
	if !found || u.RawQuery != "" {
		return fmt.Errorf("%w: expected a sink like https://relay.example/v1/drops/BOX, found %s", ErrRefused, redact(u))
	}
	box, found = blob.CutTask(box)
	if !found {
		return fmt.Errorf("%w: sink %s: expected nothing, /tasks/N or /tasks/{task} after the box", ErrRefused, redact(u))
	}
	if _, err := blob.ParseDigest(box); err != nil {
		return fmt.Errorf("%w: sink %s: box: %w", ErrRefused, redact(u), err)
	}
	return nil
}

func (c *Client) needRelay() error {
	if c.relay == "" {
		return fmt.Errorf("%w: expected the address of a relay, found none; set one in the client's configuration", ErrRefused)
	}
	return nil
}

// webURL parses an absolute http or https address.
func webURL(address string) (*url.URL, error) {
	u, err := blob.WebURL(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return u, nil
}

// redact drops what may be secret in an address: password, query and fragment.
func redact(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

func digestAndRewind(r io.ReadSeeker, size int64) (blob.Digest, error) {
	digest, n, err := blob.DigestReader(r)
	if err != nil {
		return digest, fmt.Errorf("cannot read the content to upload: %w", err)
	}
	if n != size {
		return digest, fmt.Errorf("expected %d bytes to upload, found %d; it changed while it was read", size, n)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return digest, fmt.Errorf("cannot rewind the content to upload: %w", err)
	}
	return digest, nil
}
