package relay

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
)

// begun opens an upload of size bytes and sends some of them.
func begun(t *testing.T, r *relay, size int, sent string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "PUT /v1/blobs/%s HTTP/1.1\r\nHost: relay\r\nContent-Length: %d\r\n\r\n%s", blob.DigestOf([]byte(sent)), size, sent)
	require.NoError(t, err)
	return conn
}

// A megabyte at the slowest rate takes a quarter of an hour: none of it may be idle.
func TestAnUploadThatStallsLosesItsPlace(t *testing.T) {
	for name, sent := range map[string]string{"at once": "", "after a good start": strings.Repeat("x", 300<<10)} {
		t.Run(name, func(t *testing.T) {
			r := startRelay(t, func(c *Config) { c.MinRate, c.Grace = 1<<10, 300*time.Millisecond })
			conn := begun(t, r, 1<<20, sent)
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			defer res.Body.Close()
			require.Equal(t, http.StatusBadRequest, res.StatusCode)
		})
	}
}

// TestADownloadThatMovesSteadilyIsNotEnded: a client reads at hundreds of times the least rate. The
// operating system tells the relay only now and then that there is room for more.
func TestADownloadThatMovesSteadilyIsNotEnded(t *testing.T) {
	r := startRelay(t, func(c *Config) { c.MinRate, c.Grace = 1<<10, 500*time.Millisecond })
	d := r.put(t, make([]byte, 5<<20))
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(64<<10))
	_, err = fmt.Fprintf(conn, "GET /v1/blobs/%s HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n", d)
	require.NoError(t, err)
	total, buffer := 0, make([]byte, 10<<10)
	for total < 5<<20 {
		n, err := conn.Read(buffer)
		total += n
		require.NoError(t, err, "after %d bytes", total)
		time.Sleep(10 * time.Millisecond)
	}
}

func TestOneClientDoesNotTakeAllUploads(t *testing.T) {
	r := startRelay(t, func(c *Config) { c.MaxUploads = 2 * uploadShare })
	for range 2 {
		begun(t, r, 1<<20, "some")
	}
	require.Eventually(t, func() bool { return r.places.count() == 2 }, 20*time.Second, time.Millisecond)
	res, text := r.request(t, http.MethodPut, "/v1/blobs/"+blob.DigestOf([]byte("x")).String(), []byte("x"), nil)
	require.Equal(t, http.StatusServiceUnavailable, res.StatusCode, text)
	require.Contains(t, text, "at most 2 uploads of one client")
	other, err := r.places.enter(holder{name: "another client"}, func(time.Time) error { return nil })
	require.NoError(t, err)
	r.places.leave(other)
	require.Equal(t, 2, r.places.count())
}
