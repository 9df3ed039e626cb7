package transfer_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/hosts"
	"github.com/thetaedge/theta/blob/transfer"
)

// listedClient returns a client that speaks to the servers of a list.
func listedClient(t *testing.T, items ...string) *transfer.Client {
	t.Helper()
	list, err := hosts.Parse(items)
	require.NoError(t, err)
	c, err := transfer.NewClient(transfer.ClientConfig{Hosts: &list})
	require.NoError(t, err)
	return c
}

// counting starts a server that counts its requests.
func counting(t *testing.T, handle http.HandlerFunc) (server *httptest.Server, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		handle(w, r)
	}))
	t.Cleanup(server.Close)
	return server, asked
}

func hostPort(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u.Host
}

func TestAServerThatIsNotOnTheListIsNeverAsked(t *testing.T) {
	ctx := context.Background()
	server, asked := counting(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("here")) })
	c := listedClient(t, "relay.example", strings.Split(hostPort(t, server.URL), ":")[0]) // without its port
	want := blob.DigestOf([]byte("here"))

	_, err := c.Get(ctx, server.URL, 100)
	require.ErrorIs(t, err, transfer.ErrUnlisted)
	require.ErrorIs(t, err, transfer.ErrRefused)
	require.False(t, transfer.Retryable(err))
	require.ErrorContains(t, err, "port ")
	_, err = c.GetBlob(ctx, server.URL, want, 100, &bytes.Buffer{})
	require.ErrorIs(t, err, transfer.ErrUnlisted)
	_, err = c.FetchFile(ctx, server.URL, want, 100, t.TempDir()+"/file")
	require.ErrorIs(t, err, transfer.ErrUnlisted)
	require.ErrorIs(t, c.Probe(ctx, server.URL), transfer.ErrUnlisted)
	_, err = c.PutTo(ctx, server.URL+"/x", strings.NewReader("here"), 4, nil)
	require.ErrorIs(t, err, transfer.ErrUnlisted)
	_, err = c.PutSink(ctx, server.URL+blob.DropsPath+want.String(), strings.NewReader("here"), 4)
	require.ErrorIs(t, err, transfer.ErrUnlisted)
	require.Zero(t, asked.Load())

	c = listedClient(t, hostPort(t, server.URL))
	found, err := c.Get(ctx, server.URL, 100)
	require.NoError(t, err)
	require.Equal(t, "here", string(found))
}

func TestContentIsCountedInBothDirections(t *testing.T) {
	ctx := context.Background()
	server, _ := counting(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte("here"))
		}
	})
	var received, sent atomic.Int64
	c, err := transfer.NewClient(transfer.ClientConfig{Moved: func(in, out int64) { received.Add(in); sent.Add(out) }})
	require.NoError(t, err)
	_, err = c.FetchFile(ctx, server.URL, blob.DigestOf([]byte("here")), 100, t.TempDir()+"/file")
	require.NoError(t, err)
	require.EqualValues(t, 4, received.Load())
	require.Zero(t, sent.Load())
	_, err = c.PutTo(ctx, server.URL+"/x", strings.NewReader("result"), 6, nil)
	require.NoError(t, err)
	require.EqualValues(t, 4, received.Load())
	require.EqualValues(t, 6, sent.Load())
	// Content that is refused at its end has passed all the same.
	_, err = c.GetBlob(ctx, server.URL, blob.DigestOf([]byte("other")), 100, &bytes.Buffer{})
	require.ErrorIs(t, err, transfer.ErrWrongDigest)
	require.EqualValues(t, 8, received.Load())
}

func TestARedirectLeadsOnlyToServersOnTheList(t *testing.T) {
	ctx := context.Background()
	target, asked := counting(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("here")) })
	var second *httptest.Server
	first, _ := counting(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, second.URL, http.StatusFound) })
	second, _ = counting(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target.URL, http.StatusFound) })

	c := listedClient(t, hostPort(t, first.URL), hostPort(t, second.URL))
	_, err := c.Get(ctx, first.URL, 100)
	require.ErrorIs(t, err, transfer.ErrUnlisted)
	var astray *transfer.Astray
	require.ErrorAs(t, err, &astray)
	require.Equal(t, first.URL, astray.Named, "the address that the caller named")
	require.Equal(t, hostPort(t, target.URL), astray.Found)
	require.Zero(t, asked.Load())

	c = listedClient(t, hostPort(t, first.URL), hostPort(t, second.URL), hostPort(t, target.URL))
	found, err := c.Get(ctx, first.URL, 100)
	require.NoError(t, err)
	require.Equal(t, "here", string(found))
}

func TestAPrivateAddressIsRefusedAlsoIfItsNameIsOnTheList(t *testing.T) {
	server, asked := counting(t, func(http.ResponseWriter, *http.Request) {})
	list, err := hosts.Parse([]string{"*:*"})
	require.NoError(t, err)
	c, err := transfer.NewClient(transfer.ClientConfig{Hosts: &list, Strangers: true, RefusePrivate: true})
	require.NoError(t, err)
	// The name resolves to an address of this machine, as a name on the list could from one moment to the next.
	address := "http://localhost:" + strings.Split(hostPort(t, server.URL), ":")[1]
	for _, address := range []string{server.URL, address} {
		_, err = c.Get(context.Background(), address, 100)
		require.ErrorIs(t, err, transfer.ErrRefused, address)
		require.NotErrorIs(t, err, transfer.ErrUnlisted, address)
	}
	require.Zero(t, asked.Load())
}
