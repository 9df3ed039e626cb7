package relay

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
)

// hold opens an upload that has moved one byte, and keeps it open.
func hold(t *testing.T, r *relay, client string, i int) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "PUT /v1/blobs/%s HTTP/1.1\r\nHost: relay\r\nX-Forwarded-For: %s\r\nContent-Length: %d\r\n\r\nx",
		blob.DigestOf(fmt.Appendf(nil, "%d", i)), client, 1<<20)
	require.NoError(t, err)
}

// All places can be taken at next to no bandwidth, and a client that sends more than MinRate
// may keep one for hours. A newcomer gets the place of the slowest.
func TestUploadsCannotBeHeldBySlowClients(t *testing.T) {
	for name, holders := range map[string][]string{
		"by four addresses of one network":  addresses("203.0.113.%d", uploadShare),
		"by four networks":                  addresses("203.%d.113.1", uploadShare),
		"by as many networks as places":     addresses("10.%d.0.1", 64),
		"by one customer's many households": addresses("2001:db8:1:%x::1", 64),
	} {
		t.Run(name, func(t *testing.T) {
			r := startRelay(t, trustLoopback(func(*Config) {}))
			early := time.Now().Add(-time.Hour)
			for i := range r.cfg.MaxUploads {
				hold(t, r, holders[i%len(holders)], i)
			}
			require.Eventually(t, func() bool { return r.places.count() == r.cfg.MaxUploads }, 20*time.Second, time.Millisecond)
			r.places.mu.Lock()
			for held := range r.places.taken {
				held.since = early // as if they had come an hour ago
			}
			r.places.mu.Unlock()

			content := []byte("the worker's result")
			res, text := r.request(t, http.MethodPut, "/v1/blobs/"+blob.DigestOf(content).String(), content, http.Header{"X-Forwarded-For": {"198.51.100.7"}})
			require.Equal(t, http.StatusCreated, res.StatusCode, text)
			require.Eventually(t, func() bool { return r.places.count() == r.cfg.MaxUploads-1 }, 20*time.Second, time.Millisecond)
		})
	}
}

func TestTheSlowestOfThoseWhoHaveMostMakesRoom(t *testing.T) {
	now := time.Unix(1000, 0)
	p := newPlaces(8)
	p.now = func() time.Time { return now }
	cut := map[*place]bool{}
	enter := func(h holder, moved int64) *place {
		var entered *place
		entered, err := p.enter(h, func(time.Time) error {
			cut[entered] = true
			return nil
		})
		require.NoError(t, err)
		entered.moved.Store(moved)
		return entered
	}
	of := func(name, network string) holder { return holder{name: name, network: network} }
	var big []*place
	for i := range 4 {
		big = append(big, enter(of(fmt.Sprint("big", i), "big"), int64(1000-i)))
	}
	small := []*place{enter(of("s1", "small"), 1), enter(of("s2", "small"), 1), enter(of("s3", "other"), 0)}
	work := enter(holder{name: "w", network: "operator", job: "job"}, 0)

	_, err := p.enter(of("new", "new"), nil)
	require.ErrorContains(t, err, "at most 8 uploads at a time", "all are too young to make room")
	now = now.Add(tenure)
	enter(of("new", "new"), 5)
	require.True(t, big[3].gone(), "the slowest of the network that has most")
	require.True(t, cut[big[3]], "even while it waits for bytes")
	for _, stays := range append(append(big[:3:3], small...), work) {
		require.False(t, stays.gone())
	}
	_, err = p.enter(of("big9", "big"), nil)
	require.Error(t, err, "who has most gets no more")

	// Work that the chain shows makes no room for what it does not, but takes it.
	now = now.Add(tenure)
	for i := range 5 {
		enter(holder{name: fmt.Sprint("w", i), network: fmt.Sprint("operator", i), job: "job"}, 0)
		now = now.Add(tenure)
	}
	require.False(t, work.gone())
	p.leave(work)
	require.Equal(t, 7, p.count())
	p.leave(work)
	p.leave(big[3])
	require.Equal(t, 7, p.count(), "a place is given back once")
}

func TestAnUploadThatMadeRoomIsToldSo(t *testing.T) {
	r := startRelay(t, trustLoopback(func(c *Config) { c.MaxUploads = 1 }))
	conn := begun(t, r, 1<<20, "some")
	require.Eventually(t, func() bool { return r.places.count() == 1 }, 20*time.Second, time.Millisecond)
	r.places.mu.Lock()
	for held := range r.places.taken {
		held.since = time.Now().Add(-time.Hour)
	}
	r.places.mu.Unlock()
	content := []byte("quick")
	res, text := r.request(t, http.MethodPut, "/v1/blobs/"+blob.DigestOf(content).String(), content, http.Header{"X-Forwarded-For": {"198.51.100.7"}})
	require.Equal(t, http.StatusCreated, res.StatusCode, text)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer res.Body.Close()
	told, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	require.Contains(t, string(told), "it was the slowest; retry")
	require.Len(t, filesUnder(t, r.cfg.Root), 2, "nothing is left of it")
	_, metrics := r.request(t, http.MethodGet, "/metrics", nil, nil)
	require.Contains(t, metrics, "thetaedge_relay_gave_way_total 1")
}

// Connections are places too: a client may have as many as are left for others.
func TestNobodyTakesAllConnections(t *testing.T) {
	r := startRelay(t, func(c *Config) { c.MaxConns = 8 })
	address := strings.TrimPrefix(r.url, "http://")
	var held []net.Conn
	for range 8 {
		conn, err := net.Dial("tcp", address)
		require.NoError(t, err)
		held = append(held, conn)
		t.Cleanup(func() { _ = conn.Close() })
	}
	// One is its floor, two are half of what all may have above that. The others are closed
	// without an answer.
	const kept = 3
	for _, conn := range held[kept:] {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
		_, err := conn.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
	}
	for _, conn := range held[:kept] {
		require.NoError(t, conn.Close())
	}
	require.Eventually(t, func() bool {
		res, err := http.Get(r.url + "/healthz") //nolint:noctx // a test
		if err != nil {
			return false
		}
		return res.StatusCode == http.StatusOK && res.Body.Close() == nil
	}, 20*time.Second, 10*time.Millisecond, "what is closed counts no more")
}
