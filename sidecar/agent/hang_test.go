package agent

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
)

// hanging returns servers of which none ever gives the content, each in its own way.
func hanging(t *testing.T) map[string]string {
	t.Helper()
	serve := func(answer http.HandlerFunc) string {
		server := httptest.NewServer(answer)
		t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
		return server.URL
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silent.Close()) })
	begin := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "8000")
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
	}
	return map[string]string{
		"when it is connected to": "https://" + silent.Addr().String(),
		"before its answer":       serve(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }),
		"after its headers": serve(func(w http.ResponseWriter, r *http.Request) {
			begin(w)
			<-r.Context().Done()
		}),
		"between single bytes": serve(func(w http.ResponseWriter, r *http.Request) {
			begin(w)
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte("."))
				w.(http.Flusher).Flush()
				time.Sleep(20 * time.Millisecond) // the pace of the server is what is tested
			}
		}),
	}
}

func TestARelayThatHangsIsNamedAndAnotherOneIsAsked(t *testing.T) {
	content := []byte(strings.Repeat("weights ", 1000))
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }))
	defer good.Close()
	client, err := transfer.NewClient(transfer.ClientConfig{Timeout: time.Minute, StallTimeout: 300 * time.Millisecond, MinRate: 1 << 10})
	require.NoError(t, err)
	digest := blob.DigestOf(content)
	for where, address := range hanging(t) {
		t.Run(where, func(t *testing.T) {
			inputs, err := newCache(t.TempDir(), 1<<20, client)
			require.NoError(t, err)
			path, err := inputs.take(t.Context(), digest, int64(len(content)), []string{address, good.URL})
			require.NoError(t, err)
			found, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, content, found)

			alone, err := newCache(t.TempDir(), 1<<20, client)
			require.NoError(t, err)
			_, err = alone.take(t.Context(), digest, int64(len(content)), []string{address})
			require.Error(t, err)
			_, host, _ := strings.Cut(address, "://")
			require.ErrorContains(t, err, host, "the owner is told which relay it is")
			require.True(t, transfer.Retryable(err), "it may answer later: %v", err)
		})
	}
}
