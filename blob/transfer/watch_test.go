package transfer

import (
	"bytes"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestATransferEndsAtItsDeadlineUnlessThatHasMoved(t *testing.T) {
	ends := make(chan error, 1)
	start := func(total time.Duration) *watch {
		w := newWatch(ClientConfig{StallTimeout: time.Hour, MinRate: 1, Timeout: total}, false, func(err error) { ends <- err })
		t.Cleanup(w.stop)
		return w
	}
	w := start(2 * time.Hour)
	w.check()
	require.Empty(t, ends, "its deadline lies ahead")
	w.Move(9)
	w.until(time.Now())
	w.check()
	err := <-ends
	require.ErrorIs(t, err, ErrTooSlow)
	require.ErrorContains(t, err, "a byte every 1h0m0s, found none for")
	require.ErrorContains(t, err, "after 9 bytes")

	w = start(2 * time.Hour)
	w.until(time.Now())
	w.check()
	require.ErrorContains(t, <-ends, "at least 1 bytes a second, found 0 bytes in")

	w = start(2 * time.Hour)
	w.until(time.Now())
	w.stop()
	w.check()
	require.Empty(t, ends, "it has ended")

	start(0)
	err = <-ends
	require.ErrorIs(t, err, ErrTooSlow)
	require.ErrorContains(t, err, "to end within 0s")
}

// narrow is a listener whose connections take little ahead of their readers.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	conn, err := n.Listener.Accept()
	if err == nil {
		err = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	}
	return conn, err
}

// TestAnUploadThatMovesSteadilyIsNotEnded: a server reads at hundreds of times the least rate. The
// operating system takes megabytes at once, and asks for more only now and then.
func TestAnUploadThatMovesSteadilyIsNotEnded(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		buffer := make([]byte, 20<<10)
		for {
			if _, err := r.Body.Read(buffer); err != nil {
				w.WriteHeader(http.StatusCreated)
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	})}
	go func() { _ = server.Serve(narrow{ln}) }()
	defer server.Close()
	c, err := NewClient(ClientConfig{Relay: "http://" + ln.Addr().String(), StallTimeout: 500 * time.Millisecond, MinRate: 1 << 10, Timeout: time.Minute})
	require.NoError(t, err)
	content := make([]byte, 4<<20)
	_, err = c.PutBlob(t.Context(), bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
}
