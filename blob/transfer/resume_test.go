package transfer

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
)

// library serves content. Its answers end after a number of bytes while cut is above 0.
type library struct {
	content []byte
	ranges  bool
	cut     atomic.Int64
	sent    atomic.Int64
}

func (l *library) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !l.ranges {
		r.Header.Del("Range")
	}
	http.ServeContent(&cutting{w, l}, r, "", time.Time{}, bytes.NewReader(l.content))
}

// cutting ends an answer early.
type cutting struct {
	http.ResponseWriter

	library *library
}

func (c *cutting) Write(p []byte) (int, error) {
	if cut := c.library.cut.Load(); cut > 0 && int64(len(p)) > cut {
		p = p[:cut]
	}
	n, err := c.ResponseWriter.Write(p)
	c.library.sent.Add(int64(n))
	if err == nil && c.library.cut.Load() > 0 {
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

func keepPartial(cfg *ClientConfig) { cfg.KeepPartial = true }

// large is content of some reads.
func large() []byte { return bytes.Repeat([]byte("0123456789abcdef"), 4096) }

func TestAFetchContinuesWhatAnEarlierOneHasLeft(t *testing.T) {
	content := large()
	l := &library{content: content, ranges: true}
	address := serve(t, l.ServeHTTP)
	path := filepath.Join(t.TempDir(), "input")
	l.cut.Store(30_000)
	_, err := newFetcher(t, keepPartial).FetchFile(t.Context(), address, blob.DigestOf(content), int64(len(content)), path)
	require.ErrorIs(t, err, ErrUnreachable)
	require.NoFileExists(t, path)
	left, err := os.Stat(filepath.Join(filepath.Dir(path), ".fetch-"+blob.DigestOf(content).String()))
	require.NoError(t, err)
	require.EqualValues(t, 30_000, left.Size())
	l.cut.Store(0)
	l.sent.Store(0)
	// Another client continues, as after a restart.
	n, err := newFetcher(t, keepPartial).FetchFile(t.Context(), address, blob.DigestOf(content), int64(len(content)), path)
	require.NoError(t, err)
	require.EqualValues(t, len(content), n)
	require.EqualValues(t, len(content)-30_000, l.sent.Load())
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, content, got)
	requireAlone(t, path)
}

// TestAFetchThatIsGivenUpDoesNotReadOnWhatIsThere: the file is so large that to read it takes longer than this test may.
func TestAFetchThatIsGivenUpDoesNotReadOnWhatIsThere(t *testing.T) {
	const size = 1 << 42
	digest := blob.DigestOf([]byte("weights"))
	path := filepath.Join(t.TempDir(), "input")
	part := filepath.Join(filepath.Dir(path), ".fetch-"+digest.String())
	require.NoError(t, os.WriteFile(part, nil, 0o600))
	if err := os.Truncate(part, size); err != nil {
		t.Skip("this file system has no file of that size: ", err)
	}
	for _, wait := range []time.Duration{0, 10 * time.Millisecond} {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		if wait == 0 {
			cancel()
		} else {
			time.AfterFunc(wait, cancel)
		}
		go func() {
			_, err := newFetcher(t, keepPartial).FetchFile(ctx, "http://relay.example/weights", digest, size, path)
			ended <- err
		}()
		select {
		case err := <-ended:
			require.ErrorIs(t, err, context.Canceled)
		case <-time.After(30 * time.Second):
			require.Fail(t, "it reads on")
		}
		cancel()
		require.FileExists(t, part)
	}
}

// requireAlone checks that a fetch has left no other file in the folder of its own.
func requireAlone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, filepath.Base(path), entries[0].Name())
}

func TestWhateverIsLeftAFetchGivesTheContent(t *testing.T) {
	content := large()
	other := bytes.Repeat([]byte("another content "), 1000)
	for name, left := range map[string][]byte{
		"nothing":               {},
		"a part":                content[:1000],
		"all of it":             content,
		"more than all":         append(large(), 1),
		"a part of another":     other,
		"another one as long":   bytes.Repeat([]byte("x"), len(content)),
		"all but the last byte": content[:len(content)-1],
	} {
		for _, ranges := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				l := &library{content: content, ranges: ranges}
				path := filepath.Join(t.TempDir(), "input")
				require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), ".fetch-"+blob.DigestOf(content).String()), left, 0o600))
				n, err := newFetcher(t, keepPartial).FetchFile(t.Context(), serve(t, l.ServeHTTP), blob.DigestOf(content), int64(len(content)), path)
				require.NoError(t, err)
				require.EqualValues(t, len(content), n)
				got, err := os.ReadFile(path)
				require.NoError(t, err)
				require.Equal(t, content, got)
				requireAlone(t, path)
			})
		}
	}
}

func TestAWrongServerIsToldFromAWrongBeginning(t *testing.T) {
	content := large()
	want := blob.DigestOf(content)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		err    error
	}{
		"forged": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("forged")) }, ErrWrongDigest},
		"another range": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "" {
				w.Header().Set("Content-Range", "bytes 0-5/6")
				w.WriteHeader(http.StatusPartialContent)
			}
			_, _ = w.Write([]byte("forged"))
		}, ErrWrongDigest},
		"an endless rest": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "" {
				w.Header().Set("Content-Range", "bytes 1000-99999/100000")
				w.WriteHeader(http.StatusPartialContent)
			}
			for range 100 {
				_, _ = w.Write(content)
			}
		}, ErrTooBig},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "input")
			require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), ".fetch-"+want.String()), content[:1000], 0o600))
			_, err := newFetcher(t, keepPartial).FetchFile(t.Context(), serve(t, c.answer), want, int64(len(content)), path)
			require.ErrorIs(t, err, c.err)
			entries, err := os.ReadDir(filepath.Dir(path))
			require.NoError(t, err)
			require.Empty(t, entries)
		})
	}
}

func TestAFileThatCannotBeWrittenIsNotTheFaultOfTheServer(t *testing.T) {
	content := large()
	l := &library{content: content, ranges: true}
	address := serve(t, l.ServeHTTP)
	taken := filepath.Join(t.TempDir(), "input")
	require.NoError(t, os.MkdirAll(filepath.Join(taken, "a folder"), 0o700))
	for _, path := range []string{filepath.Join(t.TempDir(), "no folder", "input"), taken} {
		for _, edit := range []func(*ClientConfig){nil, keepPartial} {
			_, err := newFetcher(t, edit).FetchFile(t.Context(), address, blob.DigestOf(content), int64(len(content)), path)
			require.ErrorIs(t, err, ErrNotKept)
			require.False(t, Retryable(err))
		}
	}
}

func TestAServerThatIsAwayLosesNothing(t *testing.T) {
	content := large()
	path := filepath.Join(t.TempDir(), "input")
	part := filepath.Join(filepath.Dir(path), ".fetch-"+blob.DigestOf(content).String())
	require.NoError(t, os.WriteFile(part, content[:1000], 0o600))
	for _, status := range []int{404, 500, 503} {
		_, err := newFetcher(t, keepPartial).FetchFile(t.Context(), serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }), blob.DigestOf(content), int64(len(content)), path)
		require.Error(t, err)
		left, err := os.ReadFile(part)
		require.NoError(t, err)
		require.Equal(t, content[:1000], left)
	}
}
