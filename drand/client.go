package drand

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/thetaedge/theta/x/beacon/bls"
)

const (
	// requestTimeout bounds one request, including its body.
	requestTimeout = 5 * time.Second
	// replyLimit is far above any reply of the API, in bytes.
	replyLimit = 8 << 10
)

// ErrNotYet means that the endpoint does not have the round yet.
var ErrNotYet = errors.New("round is not published yet")

// Client reads a network's rounds from one HTTP endpoint.
type Client struct {
	base *url.URL
	http *http.Client
}

// NewClient returns a client of an endpoint such as https://host,
// https://host/CHAINHASH or http://127.0.0.1:8081.
func NewClient(endpoint string) (*Client, error) {
	base, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("expected an endpoint like https://host/chainhash, found %q", endpoint)
	}
	if base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("expected an endpoint without query and fragment, found %q", endpoint)
	}
	return &Client{base: base, http: &http.Client{Timeout: requestTimeout}}, nil
}

// String returns the endpoint without a password.
func (c *Client) String() string { return c.base.Redacted() }

// Info returns the endpoint's description of its network, checked against its hash.
func (c *Client) Info(ctx context.Context) (Info, error) {
	var info Info
	if err := c.get(ctx, &info, "info"); err != nil {
		return Info{}, err
	}
	if err := info.Validate(); err != nil {
		return Info{}, fmt.Errorf("%s: %w", c, err)
	}
	return info, nil
}

// Round returns a round whose signature verifies under the key. It returns ErrNotYet while
// the endpoint does not have the round, and an error that wraps bls.ErrForged or
// bls.ErrEncoding if the endpoint lies.
func (c *Client) Round(ctx context.Context, key bls.PublicKey, round uint64) (Beacon, error) {
	b, err := c.beacon(ctx, key, strconv.FormatUint(round, 10))
	if err != nil {
		return Beacon{}, err
	}
	if b.Round != round {
		return Beacon{}, fmt.Errorf("%s: expected round %d, found %d", c, round, b.Round)
	}
	return b, nil
}

// Latest returns the endpoint's newest round, verified under the key.
func (c *Client) Latest(ctx context.Context, key bls.PublicKey) (Beacon, error) {
	return c.beacon(ctx, key, "latest")
}

func (c *Client) beacon(ctx context.Context, key bls.PublicKey, which string) (Beacon, error) {
	var r reply
	if err := c.get(ctx, &r, "public", which); err != nil {
		return Beacon{}, err
	}
	signature, err := hex.DecodeString(r.Signature)
	if err != nil {
		return Beacon{}, fmt.Errorf("%s: signature of round %d: %w", c, r.Round, err)
	}
	if err := key.Verify(r.Round, signature); err != nil {
		return Beacon{}, fmt.Errorf("%s: %w", c, err)
	}
	if r.Randomness != "" && !strings.EqualFold(r.Randomness, hex.EncodeToString(bls.Randomness(signature))) {
		return Beacon{}, fmt.Errorf("%s: randomness of round %d is not the hash of its signature", c, r.Round)
	}
	return Beacon{Round: r.Round, Signature: signature}, nil
}

// get decodes exactly one bounded JSON value.
func (c *Client) get(ctx context.Context, into any, path ...string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.JoinPath(path...).String(), http.NoBody)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusTooEarly:
		return fmt.Errorf("%s: %s: %w", c, strings.Join(path, "/"), ErrNotYet)
	default:
		return fmt.Errorf("%s: expected status 200, found %s", c, res.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, replyLimit+1))
	if err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	if len(raw) > replyLimit {
		return fmt.Errorf("%s: expected a reply of at most %d bytes, found more", c, replyLimit)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("%s: %s: %w", c, strings.Join(path, "/"), err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %s: expected one JSON value, found more", c, strings.Join(path, "/"))
	}
	return nil
}
