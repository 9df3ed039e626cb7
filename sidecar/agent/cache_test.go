package agent

import (
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
)

// countingWeb serves one content and counts the fetches.
type countingWeb struct {
	content string
	mu      sync.Mutex
	fetched int
}

func (w *countingWeb) FetchFile(_ context.Context, address string, _ blob.Digest, _ int64, path string) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fetched++
	if strings.HasSuffix(address, "/gone") {
		return 0, transfer.ErrGone
	}
	return int64(len(w.content)), os.WriteFile(path, []byte(w.content), 0o600)
}

func (w *countingWeb) Get(context.Context, string, int64) ([]byte, error) {
	return nil, transfer.ErrRefused
}

func (w *countingWeb) Probe(context.Context, string) error { return transfer.ErrRefused }

func (w *countingWeb) PutTo(context.Context, string, io.ReadSeeker, int64, *blob.Work) (blob.Digest, error) {
	return blob.Digest{}, transfer.ErrRefused
}

func newTestCache(t *testing.T, web *countingWeb, maxBytes int64) *cache {
	t.Helper()
	c, err := newCache(t.TempDir(), maxBytes, web)
	require.NoError(t, err)
	return c
}

func TestContentIsFetchedOnceForAllThatWantIt(t *testing.T) {
	web := &countingWeb{content: "weights"}
	c := newTestCache(t, web, 0)
	digest := blob.DigestOf([]byte("weights"))
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			_, err := c.take(t.Context(), digest, 7, []string{"http://relay.example/weights"})
			require.NoError(t, err)
		})
	}
	wait.Wait()
	require.Equal(t, 1, web.fetched)
}

func TestNextAddressIsTriedWhenOneFails(t *testing.T) {
	web := &countingWeb{content: "weights"}
	c := newTestCache(t, web, 0)
	_, err := c.take(t.Context(), blob.DigestOf([]byte("weights")), 7, []string{"http://a.example/gone", "http://b.example/weights"})
	require.NoError(t, err)
	require.Equal(t, 2, web.fetched)
	_, err = c.take(t.Context(), blob.DigestOf([]byte("other")), 5, []string{"http://a.example/gone"})
	require.ErrorIs(t, err, transfer.ErrGone)
}

func TestDamagedFileIsFetchedAgain(t *testing.T) {
	web := &countingWeb{content: "weights"}
	c := newTestCache(t, web, 0)
	digest := blob.DigestOf([]byte("weights"))
	path, err := c.take(t.Context(), digest, 7, []string{"http://relay.example/weights"})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte("weightz"), 0o600))
	path, err = c.take(t.Context(), digest, 7, []string{"http://relay.example/weights"})
	require.NoError(t, err)
	found, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "weights", string(found))
}

func TestWrongSizeIsRefused(t *testing.T) {
	c := newTestCache(t, &countingWeb{content: "weights"}, 0)
	digest := blob.DigestOf([]byte("weights"))
	_, err := c.take(t.Context(), digest, 8, []string{"http://relay.example/weights"})
	require.ErrorIs(t, err, transfer.ErrWrongDigest)
	require.False(t, transfer.Retryable(err))
	path, err := c.take(t.Context(), digest, 7, []string{"http://relay.example/weights"})
	require.NoError(t, err)
	_, err = c.take(t.Context(), digest, 8, []string{"http://relay.example/weights"})
	require.ErrorIs(t, err, transfer.ErrWrongDigest, "also of content that is here")
	require.FileExists(t, path, "another job uses it")
}

// slowWeb never completes a fetch from one of the servers.
type slowWeb struct{ countingWeb }

func (w *slowWeb) FetchFile(ctx context.Context, address string, d blob.Digest, size int64, path string) (int64, error) {
	if strings.HasPrefix(address, "http://slow.example/") {
		w.mu.Lock()
		w.fetched++
		w.mu.Unlock()
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return w.countingWeb.FetchFile(ctx, address, d, size, path)
}

// TestSlowServersOfOneJobDoNotKeepContentFromAnother: any requester can create a job that
// names popular content on a very slow server.
func TestSlowServersOfOneJobDoNotKeepContentFromAnother(t *testing.T) {
	web := &slowWeb{countingWeb{content: "weights"}}
	c, err := newCache(t.TempDir(), 0, web)
	require.NoError(t, err)
	digest := blob.DigestOf([]byte("weights"))
	slow, cancel := context.WithCancel(t.Context())
	held := make(chan error, 1)
	go func() {
		_, err := c.take(slow, digest, 7, []string{"http://slow.example/weights"})
		held <- err
	}()
	require.Eventually(t, func() bool {
		web.mu.Lock()
		defer web.mu.Unlock()
		return web.fetched == 1
	}, patience, time.Millisecond)
	soon, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	_, err = c.take(soon, digest, 7, []string{"http://relay.example/weights"})
	require.NoError(t, err)
	cancel()
	require.ErrorIs(t, <-held, context.Canceled)
}

func TestLongestUnusedFilesGoFirstAndUsedOnesStay(t *testing.T) {
	web := &countingWeb{}
	c := newTestCache(t, web, 4)
	take := func(content string) (blob.Digest, string) {
		web.content = content
		digest := blob.DigestOf([]byte(content))
		path, err := c.take(t.Context(), digest, int64(len(content)), []string{"http://relay.example/" + content})
		require.NoError(t, err)
		return digest, path
	}
	old, oldPath := take("old1")
	used, usedPath := take("used")
	recent, recentPath := take("new1")
	past := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(oldPath+verifiedSuffix, past, past))
	c.give(old)
	c.give(recent)
	last, _ := take("last")
	require.NoFileExists(t, oldPath)
	require.FileExists(t, usedPath, "used by a task")
	require.FileExists(t, recentPath)
	c.give(used)
	c.give(last)
}
