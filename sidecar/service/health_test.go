package service_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/service"
)

func TestTheHealthOfADaemonIsItsAnswer(t *testing.T) {
	status, body := http.StatusOK, `{"status":"ok"}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/healthz", r.URL.Path)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	address := strings.TrimPrefix(server.URL, "http://")
	require.NoError(t, service.Health(t.Context(), address))
	status, body = http.StatusServiceUnavailable, `{"status":"unhealthy","reason":"no block for 2m"}`
	require.EqualError(t, service.Health(t.Context(), address), "no block for 2m")
	body = "proxy"
	require.ErrorContains(t, service.Health(t.Context(), address), "found 503")
	server.Close()
	require.ErrorContains(t, service.Health(t.Context(), address), "found none")
	require.ErrorContains(t, service.Health(t.Context(), "nowhere"), "expected an address")
}

func TestALogIsBoundedAndKeepsItsLastLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "service.log")
	log, err := service.OpenLogOf(path, 20)
	require.NoError(t, err)
	for _, line := range []string{"first line\n", "second\n", "third line\n", "fourth\n"} {
		n, err := log.Write([]byte(line))
		require.NoError(t, err)
		require.Equal(t, len(line), n)
	}
	require.NoError(t, log.Close())
	former, err := os.ReadFile(path + ".1")
	require.NoError(t, err)
	require.Equal(t, "first line\nsecond\n", string(former))
	present, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "third line\nfourth\n", string(present))
	log, err = service.OpenLogOf(path, 20)
	require.NoError(t, err)
	_, err = log.Write([]byte("fifth\n"))
	require.NoError(t, err)
	require.NoError(t, log.Close())
	present, err = os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "fifth\n", string(present), "the size of an earlier run counts")
}
