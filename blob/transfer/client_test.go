package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
)

func newFetcher(t *testing.T, edit func(*ClientConfig)) *Client {
	t.Helper()
	cfg := ClientConfig{Timeout: 10 * time.Second, StallTimeout: 5 * time.Second}
	if edit != nil {
		edit(&cfg)
	}
	c, err := NewClient(cfg)
	require.NoError(t, err)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestFetchMapsAnswersToDecisions(t *testing.T) {
	content := []byte("the content")
	want := blob.DigestOf(content)
	type answer struct {
		name  string
		h     http.HandlerFunc
		err   error
		says  string
		retry bool
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for _, c := range []answer{
		{"not found", status(404), ErrGone, "upload it again", false},
		{"gone", status(410), ErrGone, "upload it again", false},
		{"forbidden", status(403), ErrForbidden, "check the token", false},
		{"rate limited", status(429), ErrBusy, "retry later", true},
		{"broken", status(500), ErrUnreachable, "retry later", true},
		{"malformed", status(400), ErrBadRequest, "400", false},
		{"unasked part", status(206), ErrUnreachable, "206", true},
		{"announced too big", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "12345")
			w.WriteHeader(200)
		}, ErrTooBig, "at most 100 bytes, found 12345", false},
		{"silently too big", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 50))
			w.(http.Flusher).Flush()
			_, _ = w.Write(make([]byte, 5000))
		}, ErrTooBig, "at most 100 bytes, found more", false},
		{"other content", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("forged")) }, ErrWrongDigest, "expected sha256 " + want.String(), false},
		{"cut", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "50")
			_, _ = w.Write([]byte("part"))
		}, ErrUnreachable, "check the address", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "input")
			_, err := newFetcher(t, nil).FetchFile(t.Context(), serve(t, c.h), want, 100, path)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, c.says)
			require.Equal(t, c.retry, Retryable(err))
			entries, err := os.ReadDir(filepath.Dir(path))
			require.NoError(t, err)
			require.Empty(t, entries, "a failed fetch leaves nothing behind")
		})
	}
}

func TestContentWithoutADigestIsBounded(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/17.proof" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte("the proof"))
	})
	c := newFetcher(t, nil)
	content, err := c.Get(t.Context(), address+"/17.proof", 9)
	require.NoError(t, err)
	require.Equal(t, "the proof", string(content))
	_, err = c.Get(t.Context(), address+"/17.proof", 8)
	require.ErrorIs(t, err, ErrTooBig)
	_, err = c.Get(t.Context(), address+"/18.proof", 9)
	require.ErrorIs(t, err, ErrGone)
	_, err = c.Get(t.Context(), "file:///etc/passwd", 9)
	require.ErrorIs(t, err, ErrRefused)
}

func TestFetchedFileIsWhole(t *testing.T) {
	content := []byte("the content")
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
	path := filepath.Join(t.TempDir(), "input")
	n, err := newFetcher(t, nil).FetchFile(t.Context(), url, blob.DigestOf(content), int64(len(content)), path)
	require.NoError(t, err)
	require.EqualValues(t, len(content), n)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, content, got)
}

func TestSlowServersAreLeft(t *testing.T) {
	// A byte now and then, until the client leaves.
	drip := func(w http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
				_, _ = w.Write([]byte("."))
				w.(http.Flusher).Flush()
			}
		}
	}
	silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	type slow struct {
		name string
		h    http.HandlerFunc
		cfg  func(*ClientConfig)
		says string
	}
	for _, c := range []slow{
		{"never answers", silent, func(c *ClientConfig) { c.StallTimeout = 100 * time.Millisecond }, "found 0 bytes"},
		{"drips", drip, func(c *ClientConfig) { c.StallTimeout = 200 * time.Millisecond }, "at least 1024 bytes a second"},
		{"drips fast enough for ever", drip, func(c *ClientConfig) { c.MinRate, c.Timeout = 1, 300*time.Millisecond }, "to end within 300ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newFetcher(t, c.cfg).GetBlob(t.Context(), serve(t, c.h), blob.DigestOf(nil), 1<<20, io.Discard)
			require.ErrorIs(t, err, ErrTooSlow)
			require.ErrorContains(t, err, c.says)
			require.True(t, Retryable(err))
		})
	}
}

func TestCallerCancelsAFetch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := newFetcher(t, nil).GetBlob(ctx, url, blob.DigestOf(nil), 10, io.Discard)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, Retryable(err))
}

func TestOnlyWebAddressesAreFetched(t *testing.T) {
	for _, address := range []string{"file:///etc/passwd", "ftp://host/x", "/etc/passwd", "host/x", "", "http://", "http://[::1", "data:,x"} {
		_, err := newFetcher(t, nil).GetBlob(t.Context(), address, blob.DigestOf(nil), 10, io.Discard)
		require.ErrorIs(t, err, ErrRefused, address)
	}
	_, err := NewClient(ClientConfig{Relay: "relay.example:7070"})
	require.ErrorIs(t, err, ErrRefused)
}

func TestRedirectsAreBoundedAndStayOnTheWeb(t *testing.T) {
	content := []byte("moved")
	hops := func(n int) string {
		return serve(t, func(w http.ResponseWriter, r *http.Request) {
			var at int
			_, _ = fmt.Sscanf(r.URL.Path, "/%d", &at)
			if at == n {
				_, _ = w.Write(content)
				return
			}
			http.Redirect(w, r, fmt.Sprintf("/%d", at+1), http.StatusFound)
		})
	}
	c := newFetcher(t, func(c *ClientConfig) { c.MaxRedirects = 3 })
	_, err := c.GetBlob(t.Context(), hops(3), blob.DigestOf(content), 10, io.Discard)
	require.NoError(t, err)
	_, err = c.GetBlob(t.Context(), hops(4), blob.DigestOf(content), 10, io.Discard)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "at most 3 redirects")

	away := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	})
	_, err = c.GetBlob(t.Context(), away, blob.DigestOf(content), 10, io.Discard)
	require.ErrorIs(t, err, ErrRefused)
}

func TestTokensAndContentFollowNoRedirect(t *testing.T) {
	reached := false
	thief := serve(t, func(http.ResponseWriter, *http.Request) { reached = true })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, thief+r.URL.Path, http.StatusTemporaryRedirect)
	})
	c, err := newFetcher(t, nil).With(url)
	require.NoError(t, err)
	token, err := blob.NewToken()
	require.NoError(t, err)
	box, err := blob.BoxOf(token)
	require.NoError(t, err)
	_, err = c.ListDrops(t.Context(), token)
	require.ErrorIs(t, err, ErrRefused)
	_, err = c.PutDrop(t.Context(), box, strings.NewReader("x"), 1)
	require.ErrorIs(t, err, ErrRefused)
	require.False(t, reached)
}

func TestPrivateAddressesAreRefusedWhenAsked(t *testing.T) {
	reached := false
	url := serve(t, func(http.ResponseWriter, *http.Request) { reached = true })
	c := newFetcher(t, func(c *ClientConfig) { c.RefusePrivate = true })
	for _, address := range []string{url, strings.Replace(url, "127.0.0.1", "localhost", 1)} {
		_, err := c.GetBlob(t.Context(), address, blob.DigestOf(nil), 10, io.Discard)
		require.ErrorIs(t, err, ErrRefused)
		require.ErrorContains(t, err, "expected a public address")
		require.False(t, Retryable(err))
	}
	require.False(t, reached)
	for address, want := range map[string]bool{
		"93.184.215.14": true, "2606:4700::1111": true,
		"127.0.0.1": false, "10.1.2.3": false, "192.168.0.1": false, "172.16.0.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "0.1.2.3": false, "255.255.255.255": false, "224.0.0.1": false, "::1": false, "::": false,
		"fe80::1": false, "fd00::1": false, "::ffff:10.0.0.1": false, "64:ff9b::a00:1": false, "2002:a00:1::": false,
	} {
		require.Equal(t, want, public(netip.MustParseAddr(address)), address)
	}
}

func TestSecretsOfAnAddressStayOutOfErrors(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	secret := strings.Replace(url, "http://", "http://user:password@", 1) + "/x?signature=hidden"
	for _, address := range []string{secret, "http://user:password@127.0.0.1:1/x?signature=hidden", "http://user:password@[::1/x?signature=hidden"} {
		_, err := newFetcher(t, nil).GetBlob(t.Context(), address, blob.DigestOf(nil), 10, io.Discard)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hidden")
		require.NotContains(t, err.Error(), "password")
	}
}

func TestSinksAreBoxes(t *testing.T) {
	box := blob.DigestOf(nil).String()
	require.NoError(t, CheckSink("https://relay.example/v1/drops/"+box))
	require.NoError(t, CheckSink("https://relay.example/under/v1/drops/"+box+"/"))
	for _, bad := range []string{"https://relay.example/", "https://relay.example/v1/drops/short", "https://relay.example/v1/drops/" + box + "/more", "ftp://relay.example/v1/drops/" + box} {
		require.ErrorIs(t, CheckSink(bad), ErrRefused, bad)
	}
}

func TestPresignedAddressReceivesContent(t *testing.T) {
	var got []byte
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) { got, _ = io.ReadAll(r.Body) })
	d, err := newFetcher(t, nil).PutTo(t.Context(), url+"/object?signature=x", strings.NewReader("result"), 6, nil)
	require.NoError(t, err)
	require.Equal(t, blob.DigestOf([]byte("result")), d)
	require.Equal(t, "result", string(got))
}

func TestContentThatChangesWhileReadIsNotUploaded(t *testing.T) {
	c := newFetcher(t, nil)
	_, err := c.PutTo(t.Context(), "http://127.0.0.1:1/x", strings.NewReader("longer"), 3, nil)
	require.ErrorContains(t, err, "expected 3 bytes to upload, found 6")
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestLocalWriteErrorsAreNotBlamedOnTheServer(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")) })
	_, err := newFetcher(t, nil).GetBlob(t.Context(), url, blob.DigestOf([]byte("x")), 10, brokenWriter{})
	require.ErrorContains(t, err, "disk full")
	require.NotErrorIs(t, err, ErrUnreachable)
}

func TestUploadToASilentServerIsLeft(t *testing.T) {
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	c := newFetcher(t, func(c *ClientConfig) { c.StallTimeout = 200 * time.Millisecond })
	_, err := c.PutTo(t.Context(), url, bytes.NewReader(make([]byte, 100)), 100, nil)
	require.ErrorIs(t, err, ErrTooSlow)
}
