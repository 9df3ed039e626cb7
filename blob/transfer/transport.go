package transfer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// newTransport dials with bounds of its own, so that no setting of the process
// widens them.
func newTransport(cfg ClientConfig) *http.Transport {
	dialer := &net.Dialer{Timeout: cfg.StallTimeout}
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    cfg.StallTimeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        30 * time.Second,
		ForceAttemptHTTP2:      true,
		// The digest is over the bytes as they were published, and a bomb cannot unfold.
		DisableCompression: true,
	}
	if cfg.Strangers || cfg.RefusePrivate {
		// Checked on the resolved address at each dial, redirects included: a name that
		// resolves to a public address first and to a private one later gains nothing. A
		// proxy would resolve names out of our sight.
		g := newGuard(cfg)
		dialer.ControlContext = g.check
		if cfg.RefusePrivate {
			t.Proxy = nil
		}
	}
	return t
}

// followAtMost bounds redirects and keeps them on the web, and on TLS once there.
func followAtMost(limit int) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		if len(via) > limit {
			return fmt.Errorf("%w: expected at most %d redirects, found one more; name the final address", ErrRefused, limit)
		}
		if _, err := webURL(next.URL.String()); err != nil {
			return err
		}
		if via[len(via)-1].URL.Scheme == "https" && next.URL.Scheme == "http" {
			return fmt.Errorf("%w: expected to stay on https, found a redirect to http; name the final address", ErrRefused)
		}
		return nil
	}
}

// unwrapURL drops the address that net/http puts into errors: it may hold a secret.
func unwrapURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// pacedRedirects follows redirects within limits, each in its host's turn.
func pacedRedirects(pace *hostPace, limit int) func(*http.Request, []*http.Request) error {
	follow := followAtMost(limit)
	return func(next *http.Request, via []*http.Request) error {
		if err := follow(next, via); err != nil || pace == nil {
			return err
		}
		return pace.wait(next.Context(), next.URL)
	}
}

// spare waits for a turn with the host of an address.
func (c *Client) spare(ctx context.Context, u *url.URL) error {
	if c.pace == nil {
		return nil
	}
	return c.pace.wait(ctx, u)
}
