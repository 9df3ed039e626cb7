package transfer

import (
	"io"
	"net/http"
)

// metered tells a function how many bytes of content pass, in both directions.
type metered struct {
	next  http.RoundTripper
	moved func(received, sent int64)
}

// meteredBy returns next if nothing is to be told.
func meteredBy(next http.RoundTripper, moved func(received, sent int64)) http.RoundTripper {
	if moved == nil {
		return next
	}
	return &metered{next: next, moved: moved}
}

// RoundTrip implements http.RoundTripper. It replaces the bodies, and leaves the request as it is.
func (m *metered) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		body := r.Body
		r = r.Clone(r.Context())
		r.Body = &counted{ReadCloser: body, moved: func(n int64) { m.moved(0, n) }}
	}
	answer, err := m.next.RoundTrip(r)
	if err != nil {
		return answer, err
	}
	answer.Body = &counted{ReadCloser: answer.Body, moved: func(n int64) { m.moved(n, 0) }}
	return answer, nil
}

// counted is a body that tells how much of it was read.
type counted struct {
	io.ReadCloser
	moved func(int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if n > 0 {
		c.moved(int64(n))
	}
	return n, err
}
