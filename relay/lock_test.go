package relay

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
)

func TestAFolderServesOneRelay(t *testing.T) {
	cfg := DefaultConfig(t.TempDir())
	quiet := slog.New(slog.DiscardHandler)
	first, err := NewServer(cfg, quiet, prometheus.NewRegistry())
	require.NoError(t, err)
	half := filepath.Join(cfg.Root, tempFolder, "put-1")
	require.NoError(t, os.WriteFile(half, []byte("an upload of the first"), 0o600))

	_, err = NewServer(cfg, quiet, prometheus.NewRegistry())
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, "serves "+cfg.Root)
	if _, listed := os.Stat("/proc/locks"); listed == nil && runtime.GOOS == "linux" {
		require.ErrorContains(t, err, fmt.Sprintf("process %d", os.Getpid()))
	}
	require.ErrorContains(t, err, "choose another --dir")
	require.FileExists(t, half, "the second deletes nothing of the first")

	require.NoError(t, first.Close())
	require.NoError(t, first.Close())
	second, err := NewServer(cfg, quiet, prometheus.NewRegistry())
	require.NoError(t, err)
	require.NoError(t, second.Close())
}

func TestAFullDiskIsToldToUploaderAndOwnerAndKeepsNothingHalf(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	var log bytes.Buffer
	cfg := DefaultConfig(dir)
	cfg.ClientRate = 0
	server, err := NewServer(cfg, slog.New(slog.NewTextHandler(&log, nil)), prometheus.NewRegistry())
	require.NoError(t, err)
	defer server.Close()
	put := func(content []byte) *putAnswer {
		return upload(t, server, content)
	}
	small := []byte("small enough")
	require.Equal(t, http.StatusCreated, put(small).code)
	full := put(make([]byte, 2<<20))
	require.Equal(t, http.StatusInsufficientStorage, full.code)
	require.Contains(t, full.body, "relay_full")
	require.Contains(t, full.body, "the relay's disk is full")
	require.Contains(t, log.String(), "make room there")
	require.NotContains(t, full.body, dir, "the owner's folders are not the uploader's business")
	left, err := os.ReadDir(filepath.Join(dir, tempFolder))
	require.NoError(t, err)
	require.Empty(t, left)
	bytes, files := server.vault.usage()
	require.EqualValues(t, len(small), bytes)
	require.EqualValues(t, 1, files)
	require.Equal(t, http.StatusCreated, put([]byte("room again")).code)
}

// putAnswer is what an uploader sees.
type putAnswer struct {
	code int
	body string
}

// upload puts content into a relay.
func upload(t *testing.T, server *Server, content []byte) *putAnswer {
	t.Helper()
	w := &recorder{header: http.Header{}, code: http.StatusOK}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "/v1/blobs/"+blob.DigestOf(content).String(), bytes.NewReader(content))
	require.NoError(t, err)
	req.RemoteAddr = "127.0.0.1:1"
	server.ServeHTTP(w, req)
	return &putAnswer{w.code, w.body.String()}
}

// recorder takes an answer and ignores deadlines.
type recorder struct {
	header http.Header
	code   int
	body   strings.Builder
}

func (r *recorder) Header() http.Header              { return r.header }
func (r *recorder) Write(raw []byte) (int, error)    { return r.body.Write(raw) }
func (r *recorder) WriteHeader(code int)             { r.code = code }
func (r *recorder) SetReadDeadline(time.Time) error  { return nil }
func (r *recorder) SetWriteDeadline(time.Time) error { return nil }
