package alert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/thetaedge/theta/sidecar/overview"
)

const (
	// sendPatience bounds the time of one try.
	sendPatience = 20 * time.Second
	// maxAnswer is the number of bytes that are read of an answer, and maxShown the number of those that are
	// shown.
	maxAnswer = 1 << 10
	maxShown  = 200
	// maxError bounds the text of an error, in bytes.
	maxError = 500
)

// newHTTP returns a client for targets. It follows no redirect, which would take the secret of a target to
// another address, and keeps no connection.
func newHTTP() *http.Client {
	return &http.Client{
		Timeout:       sendPatience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:       http.ProxyFromEnvironment,
			DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			// A target is sent a few alerts an hour.
			DisableKeepAlives: true, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: sendPatience,
			MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
		},
	}
}

// refused is the answer of a server that did not accept a message. Its text may contain a secret, as far as
// that was read.
type refused struct {
	status int
	answer string
}

// Error does not contain the answer.
func (r *refused) Error() string { return fmt.Sprintf("answered with status %d", r.status) }

// shown returns the error with the beginning of the answer, without secrets.
func (r *refused) shown(secrets []string) string {
	return r.Error() + ": " + overview.Line(hide(r.answer, secrets, len(r.answer) == maxAnswer), maxShown)
}

// hide replaces secrets in a text. Of a text that was cut off, the end may be the beginning of a secret.
func hide(text string, secrets []string, cut bool) string {
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	end := len(text)
	for _, secret := range secrets {
		for n := min(len(secret), len(text)); cut && n > 0; n-- {
			if strings.HasSuffix(text, secret[:n]) {
				end = min(end, len(text)-n)
				break
			}
		}
	}
	return text[:end]
}

// post sends a body and fails unless the answer is a success.
func post(ctx context.Context, client *http.Client, method, address string, header http.Header, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return errors.New("cannot make a request for its address")
	}
	for key, values := range header {
		req.Header[key] = values
	}
	req.Header.Set("User-Agent", "thetaedge")
	res, err := client.Do(req)
	if err != nil {
		// The text of a url.Error contains the address, which is a secret.
		var of *url.Error
		if errors.As(err, &of) {
			err = of.Err
		}
		return err
	}
	defer func() { _ = res.Body.Close() }()
	answer, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return fmt.Errorf("answered with a redirect (%d), which is not followed; give the final address", res.StatusCode)
	case res.StatusCode >= 400:
		return &refused{res.StatusCode, string(answer)}
	}
	return nil
}
