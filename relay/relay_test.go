package relay

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
)

// clock is a relay's clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// relay is a real server on a port from the kernel.
type relay struct {
	*Server
	url    string
	clock  *clock
	client *transfer.Client
	stop   func() error
}

// startRelay starts one with limits that edit may change; it ends with the test.
func startRelay(t *testing.T, edit func(*Config)) *relay {
	t.Helper()
	c := &clock{now: time.Now()}
	cfg := DefaultConfig(t.TempDir())
	cfg.Now = c.Now
	cfg.ClientRate = 0
	if edit != nil {
		edit(&cfg)
	}
	return startRelayAt(t, cfg, c)
}

func startRelayAt(t *testing.T, cfg Config, c *clock) *relay {
	t.Helper()
	server, err := NewServer(cfg, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, ln) }()
	r := &relay{Server: server, url: "http://" + ln.Addr().String(), clock: c}
	r.stop = sync.OnceValue(func() error {
		cancel()
		return <-served
	})
	t.Cleanup(func() { require.NoError(t, r.stop()) })
	r.client, err = transfer.NewClient(transfer.ClientConfig{Relay: r.url, Timeout: 20 * time.Second})
	require.NoError(t, err)
	return r
}

func (r *relay) put(t *testing.T, content []byte) blob.Digest {
	t.Helper()
	d, err := r.client.PutBlob(t.Context(), bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	return d
}

func (r *relay) request(t *testing.T, method, path string, body []byte, header http.Header) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, bytes.NewReader(body))
	require.NoError(t, err)
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	var text bytes.Buffer
	_, err = text.ReadFrom(res.Body)
	require.NoError(t, err)
	return res, text.String()
}

// filesUnder lists the regular files that a relay keeps. On Windows there is also the one with which it holds
// its folder.
func filesUnder(t *testing.T, root string) []string {
	t.Helper()
	var files []string
	require.NoError(t, filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && entry.Name() != "in-use" {
			files = append(files, path)
		}
		return err
	}))
	return files
}
