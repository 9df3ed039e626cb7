package transfer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/thetaedge/theta/blob"
)

// probeTimeout is how long a server may take to answer a probe.
const probeTimeout = 10 * time.Second

// maxStatusText bounds what is shown of the line with which a server answers, in bytes.
const maxStatusText = 128

// Origin is the part of an http or https address that names the server: scheme, host
// and port, written in one way however the address writes them.
func Origin(address string) (string, error) {
	u, err := webURL(address)
	if err != nil {
		return "", err
	}
	return u.Scheme + "://" + blob.AudienceOf(u.Scheme, u.Host), nil
}

// Probe reports whether a server answers: any HTTP answer below 500 is one, because a
// server that takes presigned uploads refuses everything else. The error wraps
// ErrUnreachable, ErrUntrusted or ErrRefused and names the cause.
func (c *Client) Probe(ctx context.Context, origin string) error {
	u, err := webURL(origin)
	if err != nil {
		return err
	}
	u.Path, u.RawPath, u.RawQuery, u.Fragment, u.User = "/", "", "", "", nil
	where := http.MethodHead + " " + redact(u)
	if err := c.spare(ctx, u); err != nil {
		return explain(ctx, where, err)
	}
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
		return fmt.Errorf("%s: %w: the server answers %s", where, ErrUnreachable, statusText(answer))
	}
	return nil
}

// statusText is the line with which a server answers. It is free to write anything into
// it, and people read it on terminals.
func statusText(answer *http.Response) string {
	text := strings.ReplaceAll(blob.Printable(answer.Status), "\n", " ")
	return strings.ToValidUTF8(text[:min(len(text), maxStatusText)], "")
}

// untrusted reports whether a server's certificate is the reason of an error.
func untrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid)
}
