package relay

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
)

func TestBlobComesBackByItsDigest(t *testing.T) {
	r := startRelay(t, nil)
	content := make([]byte, 3<<20)
	_, err := rand.Read(content)
	require.NoError(t, err)
	d := r.put(t, content)
	require.Equal(t, blob.DigestOf(content), d)

	var got bytes.Buffer
	n, err := r.client.GetBlob(t.Context(), r.client.BlobURL(d), d, int64(len(content)), &got)
	require.NoError(t, err)
	require.EqualValues(t, len(content), n)
	require.True(t, bytes.Equal(content, got.Bytes()))

	has, err := r.client.HasBlob(t.Context(), d)
	require.NoError(t, err)
	require.True(t, has)
	has, err = r.client.HasBlob(t.Context(), blob.DigestOf([]byte("never uploaded")))
	require.NoError(t, err)
	require.False(t, has)
}

func TestEmptyBlobIsContentToo(t *testing.T) {
	r := startRelay(t, nil)
	d := r.put(t, nil)
	n, err := r.client.GetBlob(t.Context(), r.client.BlobURL(d), d, 0, io.Discard)
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestWrongDigestIsRefusedAndNothingKept(t *testing.T) {
	r := startRelay(t, nil)
	named := blob.DigestOf([]byte("named"))
	res, text := r.request(t, http.MethodPut, "/v1/blobs/"+named.String(), []byte("other"), nil)
	require.Equal(t, http.StatusUnprocessableEntity, res.StatusCode)
	require.Contains(t, text, named.String())
	require.Contains(t, text, blob.DigestOf([]byte("other")).String())
	require.Empty(t, filesUnder(t, r.cfg.Root))
	bytes, files := r.vault.usage()
	require.Zero(t, bytes)
	require.Zero(t, files)
}

func TestSecondUploadIsIdempotentAndExtendsLife(t *testing.T) {
	r := startRelay(t, func(c *Config) { c.BlobTTL = time.Hour })
	content := []byte("twice")
	d := r.put(t, content)
	r.clock.advance(45 * time.Minute)
	require.Equal(t, d, r.put(t, content))
	stored, files := r.vault.usage()
	require.EqualValues(t, len(content), stored)
	require.Equal(t, 1, files)
	r.clock.advance(45 * time.Minute)
	r.Sweep()
	has, err := r.client.HasBlob(t.Context(), d)
	require.NoError(t, err)
	require.True(t, has)
}

func TestKnownBlobIsNotSentAgain(t *testing.T) {
	r := startRelay(t, nil)
	content := make([]byte, 1<<20)
	d := r.put(t, content)
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "PUT /v1/blobs/%s HTTP/1.1\r\nHost: relay\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", d, len(content))
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
}

func TestExpiredBlobIsGoneFromAnswerAndDisk(t *testing.T) {
	r := startRelay(t, func(c *Config) { c.BlobTTL = time.Hour })
	d := r.put(t, []byte("short-lived"))
	r.clock.advance(time.Hour)
	_, err := r.client.GetBlob(t.Context(), r.client.BlobURL(d), d, 100, io.Discard)
	require.ErrorIs(t, err, transfer.ErrGone)
	r.Sweep()
	require.Empty(t, filesUnder(t, r.cfg.Root))
	stored, files := r.vault.usage()
	require.Zero(t, stored)
	require.Zero(t, files)
}

func TestRestartKeepsContentAndClearsHalfUploads(t *testing.T) {
	r := startRelay(t, nil)
	content := []byte("survivor")
	d := r.put(t, content)
	token, err := blob.NewToken()
	require.NoError(t, err)
	box, err := blob.BoxOf(token)
	require.NoError(t, err)
	_, err = r.client.PutDrop(t.Context(), box, bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	require.NoError(t, r.stop())
	half := filepath.Join(r.cfg.Root, tempFolder, "put-half")
	require.NoError(t, os.WriteFile(half, []byte("half"), 0o600))

	again := startRelayAt(t, r.cfg, r.clock)
	require.NoFileExists(t, half)
	stored, files := again.vault.usage()
	require.EqualValues(t, 2*len(content), stored)
	require.Equal(t, 2, files)
	_, err = again.client.GetBlob(t.Context(), again.client.BlobURL(d), d, 100, io.Discard)
	require.NoError(t, err)
	drops, err := again.client.ListDrops(t.Context(), token)
	require.NoError(t, err)
	require.Len(t, drops, 1)
}

func TestQuotasRefuseWithTheirReason(t *testing.T) {
	type refusal struct {
		name   string
		limits func(*Config)
		first  int
		second int
		want   error
		says   string
	}
	for _, c := range []refusal{
		{"one blob too big", func(c *Config) { c.MaxBytes = 10 }, 1, 11, transfer.ErrTooBig, "at most 10 bytes, found 11"},
		{"relay full", func(c *Config) { c.MaxBytes, c.TotalBytes, c.DropPercent, c.ClientPercent = 12, 20, 0, 100 }, 10, 12, transfer.ErrBusy, "at most the 10 bytes that are free for inputs"},
		{"client over its share", func(c *Config) { c.MaxBytes, c.TotalBytes, c.DropPercent = 10, 40, 0 }, 5, 10, transfer.ErrBusy, "at most 50% of what is free"},
		{"client over its quota", func(c *Config) { c.MaxBytes, c.ClientBytes = 10, 15 }, 10, 6, transfer.ErrBusy, "at most 15 uploaded bytes per 1h0m0s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := startRelay(t, c.limits)
			r.put(t, make([]byte, c.first))
			_, err := r.client.PutBlob(t.Context(), bytes.NewReader(make([]byte, c.second)), int64(c.second))
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.says)
			_, files := r.vault.usage()
			require.Equal(t, 1, files)
		})
	}
}

func TestRefusedUploadsGiveTheirReservationBack(t *testing.T) {
	r := startRelay(t, func(c *Config) { c.MaxBytes, c.TotalBytes, c.DropPercent, c.ClientPercent = 10, 20, 0, 100 })
	wrong := blob.DigestOf([]byte("named"))
	for range 3 {
		res, _ := r.request(t, http.MethodPut, "/v1/blobs/"+wrong.String(), make([]byte, 10), nil)
		require.Equal(t, http.StatusUnprocessableEntity, res.StatusCode)
	}
	r.put(t, make([]byte, 10))
}

func TestRequestRateIsPerClient(t *testing.T) {
	r := startRelay(t, func(c *Config) { c.ClientRate = 1 })
	path := "/v1/blobs/" + blob.DigestOf(nil).String()
	last := 0
	for range 5 {
		res, _ := r.request(t, http.MethodGet, path, nil, nil)
		last = res.StatusCode
	}
	require.Equal(t, http.StatusTooManyRequests, last)
	r.clock.advance(time.Second)
	res, _ := r.request(t, http.MethodGet, path, nil, nil)
	require.Equal(t, http.StatusNotFound, res.StatusCode)
	for _, path := range []string{"/healthz", "/metrics", "/elsewhere"} {
		res, _ = r.request(t, http.MethodGet, path, nil, nil)
		require.Equal(t, http.StatusTooManyRequests, res.StatusCode, path)
		r.clock.advance(time.Second)
		res, _ = r.request(t, http.MethodGet, path, nil, nil)
		require.NotEqual(t, http.StatusTooManyRequests, res.StatusCode, path)
	}
}

func TestParallelUploadsOfOneContentCountOnce(t *testing.T) {
	r := startRelay(t, nil)
	content := bytes.Repeat([]byte("x"), 200_000)
	var group sync.WaitGroup
	errs := make(chan error, 16)
	for range cap(errs) {
		group.Go(func() {
			_, err := r.client.PutBlob(context.Background(), bytes.NewReader(content), int64(len(content)))
			errs <- err
		})
	}
	group.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	stored, files := r.vault.usage()
	require.EqualValues(t, len(content), stored)
	require.Equal(t, 1, files)
	require.Len(t, filesUnder(t, r.cfg.Root), 2, "the content, and who is charged for it")
	require.Equal(t, tally{1, int64(len(content))}, r.vault.held())
}

func TestRangeAndHeadAreAnswered(t *testing.T) {
	r := startRelay(t, nil)
	d := r.put(t, []byte("0123456789"))
	path := "/v1/blobs/" + d.String()
	res, text := r.request(t, http.MethodGet, path, nil, http.Header{"Range": {"bytes=2-4"}})
	require.Equal(t, http.StatusPartialContent, res.StatusCode)
	require.Equal(t, "234", text)
	res, text = r.request(t, http.MethodHead, path, nil, nil)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.EqualValues(t, 10, res.ContentLength)
	require.Empty(t, text)
	require.Equal(t, `"`+d.String()+`"`, res.Header.Get("ETag"))
}

func TestMalformedRequestsAreExplained(t *testing.T) {
	r := startRelay(t, nil)
	type bad struct {
		name, method, path string
		status             int
		says               string
	}
	upper := strings.ToUpper(blob.DigestOf([]byte("x")).String())
	for _, c := range []bad{
		{"listing", http.MethodGet, "/v1/blobs", 404, "expected PUT or GET"},
		{"listing with slash", http.MethodGet, "/v1/blobs/", 404, "expected PUT or GET"},
		{"delete", http.MethodDelete, "/v1/blobs/" + blob.DigestOf(nil).String(), 404, "expected PUT or GET"},
		{"short digest", http.MethodGet, "/v1/blobs/abc", 400, "64 lower-case hex characters, found 3"},
		{"upper case", http.MethodGet, "/v1/blobs/" + upper, 400, "lower-case"},
		{"climbing out", http.MethodGet, "/v1/blobs/..%2f..%2fetc%2fpasswd", 400, "64 lower-case hex"},
		{"bad box", http.MethodPut, "/v1/drops/zz/" + blob.DigestOf(nil).String(), 400, "box"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, text := r.request(t, c.method, c.path, nil, nil)
			require.Equal(t, c.status, res.StatusCode)
			require.Contains(t, text, c.says)
			require.Contains(t, text, `"code"`)
		})
	}
}

func TestUploadWithoutLengthIsRefused(t *testing.T) {
	r := startRelay(t, nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, r.url+"/v1/blobs/"+blob.DigestOf([]byte("x")).String(), io.MultiReader(strings.NewReader("x")))
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusLengthRequired, res.StatusCode)
}

func TestUploadThatStallsIsCut(t *testing.T) {
	r := startRelay(t, func(c *Config) { c.Grace = 200 * time.Millisecond })
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "PUT /v1/blobs/%s HTTP/1.1\r\nHost: relay\r\nContent-Length: 100\r\n\r\nonly this", blob.DigestOf([]byte("x")))
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	require.Empty(t, filesUnder(t, r.cfg.Root))
}

func TestUploadsBeyondTheLimitWait(t *testing.T) {
	r := startRelay(t, func(c *Config) { c.MaxUploads = 1 })
	other, err := r.places.enter(holder{name: "other", network: "other"}, func(time.Time) error { return nil })
	require.NoError(t, err)
	_, err = r.client.PutBlob(t.Context(), strings.NewReader("x"), 1)
	require.ErrorIs(t, err, transfer.ErrBusy)
	require.True(t, transfer.Retryable(err))
	r.places.leave(other)
	r.put(t, []byte("x"))
}

func TestMetricsTellWhatHappened(t *testing.T) {
	r := startRelay(t, nil)
	r.put(t, []byte("12345"))
	_, text := r.request(t, http.MethodGet, "/metrics", nil, nil)
	require.Contains(t, text, `thetaedge_relay_requests_total{route="put_blob",status="201"} 1`)
	require.Contains(t, text, "thetaedge_relay_stored_bytes 5")
	require.Contains(t, text, "thetaedge_relay_stored_files 1")
	require.Contains(t, text, "thetaedge_relay_received_bytes_total 5")
}

func TestInvalidSettingsAreAllNamed(t *testing.T) {
	cfg := DefaultConfig("")
	cfg.MaxBytes = 0
	cfg.BoxClientPercent = 101
	err := cfg.Validate()
	require.ErrorContains(t, err, "root:")
	require.ErrorContains(t, err, "max-bytes:")
	require.ErrorContains(t, err, "box-client-percent:")
	require.NoError(t, DefaultConfig("somewhere").Validate())
}
