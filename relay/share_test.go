package relay

import (
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
)

// The name of a box is in every job's spec. Where a relay cannot ask the chain who works
// for it, each client gets a share of what is left, and so does each network.
func TestAStrangerCannotFillAPublishedBox(t *testing.T) {
	for name, strangers := range map[string][]string{
		"a household with both kinds of addresses": {"203.0.113.1", "2001:db8:1:1::1"},
		"many addresses of one network":            addresses("203.0.113.%d", 254),
		"many /64 of one customer":                 addresses("2001:db8:1:%x::1", 100),
		"a hundred networks":                       append(addresses("10.%d.0.1", 50), addresses("2001:db8:%x::1", 50)...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRelay(t, trustLoopback(func(c *Config) { c.BoxCount = 1024 }))
			_, box := newBox(t)
			sent := 0
			for _, stranger := range strangers {
				for i := 0; r.putDrop(t, box, stranger, fmt.Sprintf("%s %d", stranger, i)) == http.StatusCreated; i++ {
					sent++
				}
			}
			require.Less(t, sent, r.cfg.BoxCount)
			require.Equal(t, http.StatusCreated, r.putDrop(t, box, "198.51.100.7", "the worker's result"), "after %d files of a few bytes", sent)
			require.Equal(t, http.StatusCreated, r.putDrop(t, box, "198.51.100.7", "and its manifest"))
		})
	}
}

func addresses(form string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(form, i+1)
	}
	return all
}

// What takes all the room of inputs leaves that of results, and the other way round a
// client of either kind leaves room for the next.
func TestInputsTakeNoRoomFromResults(t *testing.T) {
	r := startRelay(t, trustLoopback(func(c *Config) { c.MaxFiles = 400 }))
	put := func(client string, i int) int {
		content := fmt.Appendf(nil, "%s %d", client, i)
		res, _ := r.request(t, http.MethodPut, "/v1/blobs/"+blob.DigestOf(content).String(), content, http.Header{"X-Forwarded-For": {client}})
		return res.StatusCode
	}
	sent := 0
	for _, client := range addresses("10.%d.0.1", 40) {
		for i := 0; put(client, i) == http.StatusCreated; i++ {
			sent++
		}
	}
	require.Greater(t, sent, 120)
	require.LessOrEqual(t, sent, 200)
	_, box := newBox(t)
	require.Equal(t, http.StatusCreated, r.putDrop(t, box, "198.51.100.7", "the result"))
	require.Equal(t, http.StatusCreated, put("198.51.100.7", 0), "there is room for the next input too")
}

// A restart gives no holder a fresh share: the charge is on disk before the content.
func TestARestartForgetsNoCharge(t *testing.T) {
	r := startRelay(t, trustLoopback(func(c *Config) { c.BoxCount, c.BoxClientPercent = 16, 50 }))
	_, box := newBox(t)
	for _, content := range []string{"a", "b", "c", "d"} {
		require.Equal(t, http.StatusCreated, r.putDrop(t, box, "203.0.113.1", content))
	}
	before := r.vault.held()
	require.NoError(t, r.stop())

	again := startRelayAt(t, r.cfg, r.clock)
	require.Equal(t, before, again.vault.held())
	require.Equal(t, http.StatusInsufficientStorage, again.putDrop(t, box, "203.0.113.1", "e"))
	require.Equal(t, http.StatusCreated, again.putDrop(t, box, "203.0.113.1", "a"), "what it has brought costs nothing")
	require.Equal(t, http.StatusCreated, again.putDrop(t, box, "198.51.100.1", "f"))
}

func TestHoldersAreReadAsTheyAreWritten(t *testing.T) {
	for _, h := range []holder{
		{},
		householder(peerAt(netip.MustParseAddr("203.0.113.1"))), householder(peer{"pipe", "pipe"}),
		{name: tag("work"), network: tag("operator"), job: tag("job")},
	} {
		found, ok := parseHolder(h.encode())
		require.True(t, ok)
		require.Equal(t, h, found)
		require.Less(t, len(blob.DigestOf(nil).String()+"."+h.encode()), 200, "file systems take 255")
	}
	for _, text := range []string{"", "-", "-.-", "-.-.-.-", "zz.-.-", "00.-.-"} {
		_, ok := parseHolder(text)
		require.False(t, ok, text)
	}
}

// A relay that is killed between charge and content has the charge alone, and an older relay
// has left content alone. The charge does not count, and the content counts for no holder.
func TestAKilledRelayCountsWhatItHas(t *testing.T) {
	r := startRelay(t, nil)
	d := r.put(t, []byte("input"))
	require.NoError(t, r.stop())
	stranger := householder(peerAt(netip.MustParseAddr("203.0.113.1")))
	orphan := chargePath(r.vault.path(key{digest: blob.DigestOf([]byte("never came"))}), stranger)
	require.NoError(t, os.MkdirAll(filepath.Dir(orphan), 0o700))
	require.NoError(t, os.WriteFile(orphan, nil, 0o600))
	charges, err := filepath.Glob(r.vault.path(key{digest: d}) + ".*")
	require.NoError(t, err)
	require.Len(t, charges, 1)
	require.NoError(t, os.Remove(charges[0]))

	again := startRelayAt(t, r.cfg, r.clock)
	require.NoFileExists(t, orphan)
	require.Equal(t, tally{1, 5}, again.vault.held())
	require.Empty(t, again.vault.blobs.names)
	r.clock.advance(r.cfg.BlobTTL)
	again.Sweep()
	require.Equal(t, tally{}, again.vault.held())
	require.Equal(t, tally{}, again.vault.blobs.above)
	require.Empty(t, filesUnder(t, r.cfg.Root))
}
