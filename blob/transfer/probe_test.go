package transfer

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAServerIsThereWhateverItAnswersBelow500(t *testing.T) {
	for status, there := range map[int]bool{200: true, 307: true, 403: true, 404: true, 405: true, 500: false, 502: false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			require.Equal(t, "/", r.URL.Path, "nothing of the sink's path or secrets is sent")
			require.Empty(t, r.URL.RawQuery)
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(status)
		}))
		client, err := NewClient(ClientConfig{})
		require.NoError(t, err)
		err = client.Probe(t.Context(), server.URL+"/bucket/result?signature=secret")
		if there {
			require.NoError(t, err, "%d", status)
		} else {
			require.ErrorIs(t, err, ErrUnreachable, "%d", status)
		}
		server.Close()
	}
}

func TestAProbeNamesWhyAServerCannotBeUsed(t *testing.T) {
	client, err := NewClient(ClientConfig{})
	require.NoError(t, err)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	err = client.Probe(t.Context(), gone.URL)
	require.ErrorIs(t, err, ErrUnreachable)
	require.ErrorContains(t, err, "refused")

	unknown := httptest.NewTLSServer(http.NotFoundHandler())
	defer unknown.Close()
	err = client.Probe(t.Context(), unknown.URL)
	require.ErrorIs(t, err, ErrUntrusted)
	require.ErrorIs(t, err, ErrUnreachable)
	require.ErrorContains(t, err, "certificate is not trusted")

	open := httptest.NewServer(http.NotFoundHandler())
	defer open.Close()
	careful, err := NewClient(ClientConfig{RefusePrivate: true})
	require.NoError(t, err)
	require.ErrorIs(t, careful.Probe(t.Context(), open.URL), ErrRefused)
	require.ErrorIs(t, client.Probe(t.Context(), "ftp://relay.example"), ErrRefused)
}

func TestTheOriginOfASinkNamesItsServer(t *testing.T) {
	origin, err := Origin("https://relay.example:8443/v1/drops/BOX/tasks/{task}")
	require.NoError(t, err)
	require.Equal(t, "https://relay.example:8443", origin)
	for _, address := range []string{"https://Relay.Example/box", "HTTPS://relay.example:443/box", "https://relay.example:/box"} {
		origin, err = Origin(address)
		require.NoError(t, err)
		require.Equal(t, "https://relay.example", origin, "one server has one name")
	}
	_, err = Origin("relay.example")
	require.ErrorIs(t, err, ErrRefused)
}

func TestWhatAServerAnswersCannotSteerATerminal(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer server.Close()
	go func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			// Before the request is there an answer would be an unsolicited one.
			_, _ = conn.Read(make([]byte, 1))
			_, _ = io.WriteString(conn, "HTTP/1.1 500 \x1b[2J\x07all is well"+strings.Repeat("!", 4096)+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			_ = conn.Close()
		}
	}()
	client, err := NewClient(ClientConfig{})
	require.NoError(t, err)
	probed := client.Probe(t.Context(), "http://"+server.Addr().String())
	_, got := client.Get(t.Context(), "http://"+server.Addr().String(), 10)
	for _, err := range []error{probed, got} {
		require.ErrorContains(t, err, "all is well")
		require.NotContains(t, err.Error(), "\x1b")
		require.NotContains(t, err.Error(), "\x07")
		require.Less(t, len(err.Error()), 512)
	}
}
