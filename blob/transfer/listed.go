package transfer

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/thetaedge/theta/blob/hosts"
)

// Astray is a redirect to a server that is not on the list of ClientConfig.Hosts.
type Astray struct {
	// Named is the address that the caller named. Found is the host to which it led, with its port if the address has
	// one.
	Named, Found string
	err          error
}

// NewAstray returns the error for a redirect from an address that was named to another host.
func NewAstray(named, found string) *Astray {
	return &Astray{Named: named, Found: found, err: fmt.Errorf("%w: %w: expected a server that the owner allows, found %s", ErrRefused, ErrUnlisted, found)}
}

// Error implements error. It names the host only: the rest of an address may be a secret.
func (a *Astray) Error() string {
	named := "an address"
	if u, err := url.Parse(a.Named); err == nil {
		named = u.Host
	}
	return fmt.Sprintf("%s leads to another server: %v", named, a.err)
}

// Unwrap returns the reason, which wraps ErrUnlisted.
func (a *Astray) Unwrap() error { return a.err }

// listed sends requests to the servers of a list only. It sees each request of a client: the first one
// and those that follow redirects.
type listed struct {
	next http.RoundTripper
	list hosts.Checker
}

// listedOnly returns next if there is no list.
func listedOnly(next http.RoundTripper, list hosts.Checker) http.RoundTripper {
	if list == nil {
		return next
	}
	return &listed{next: next, list: list}
}

// RoundTrip implements http.RoundTripper.
func (l *listed) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := l.list.Check(r.URL); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		err = fmt.Errorf("%w: %w", ErrRefused, err)
		if first := firstOf(r); first != r {
			err = &Astray{Named: first.URL.String(), Found: r.URL.Host, err: err}
		}
		return nil, err
	}
	return l.next.RoundTrip(r)
}

// firstOf returns the request that was redirected to one, or that one if none was.
func firstOf(r *http.Request) *http.Request {
	for r.Response != nil && r.Response.Request != nil {
		r = r.Response.Request
	}
	return r
}
