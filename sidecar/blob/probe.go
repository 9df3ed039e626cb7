package blob

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// probeTimeout is how long a server may take to answer a probe.
const probeTimeout = 10 * time.Second

// Origin is the part of an http or https address that names the server: scheme, host
// and port.
func Origin(address string) (string, error) {
	u, err := webURL(address)
	if err != nil {
		return "", err
	}
	return u.Scheme + "://" + u.Host, nil
}

// Probe tells whether a server answers: any HTTP answer below 500 is one, because a
// server that takes presigned uploads refuses everything else. The error wraps
// ErrUnreachable, ErrUntrusted or ErrRefused and names the cause.
func (c *Client) Probe(ctx context.Context, origin string) error {
	u, err := webURL(origin)
	if err != nil {
		return err
	}
	u.Path, u.RawPath, u.RawQuery, u.Fragment, u.User = "/", "", "", "", nil
	where := http.MethodHead + " " + redact(u)
	ctx, cancel := context.WithTimeoutCause(ctx, probeTimeout, fmt.Errorf("%w: no answer in %s", ErrUnreachable, probeTimeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, u.String(), nil)
	if err != nil {
		return explain(ctx, where, err)
	}
	// A redirect is an answer.
	direct := &http.Client{Transport: c.relaying.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	answer, err := direct.Do(req)
	if err != nil {
		return explain(ctx, where, unwrapURL(err))
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	if answer.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("%s: %w: the server answers %s", where, ErrUnreachable, answer.Status)
	}
	return nil
}

// untrusted tells whether a server's certificate is the reason of an error.
func untrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid)
}
