package relay

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
)

// An empty file takes no bytes, but memory and a place in the file system.
func TestFilesAreBoundedHoweverSmall(t *testing.T) {
	r := startRelay(t, func(cfg *Config) {
		cfg.MaxFiles, cfg.ClientBytes, cfg.DropPercent, cfg.ClientPercent = 6, 0, 0, 100
		cfg.BlobTTL = time.Hour
	})
	put := func(n int) int {
		content := fmt.Appendf(nil, "%d", n)
		res, _ := r.request(t, http.MethodPut, "/v1/blobs/"+blob.DigestOf(content).String(), content, nil)
		return res.StatusCode
	}
	for n := range 3 {
		require.Equal(t, http.StatusCreated, put(n))
	}
	require.Equal(t, http.StatusInsufficientStorage, put(3))
	r.clock.advance(2 * time.Hour)
	r.Sweep()
	require.Equal(t, http.StatusCreated, put(3), "what has expired makes room")
}

func TestManySmallFilesUseUpAClientsQuota(t *testing.T) {
	cfg := DefaultConfig("unused")
	cfg.TotalBytes, cfg.MaxFiles, cfg.ClientBytes = 1000, 10, 300
	l := newLimiter(cfg, (&clock{now: time.Unix(1000, 0)}).Now)
	for range 3 {
		require.NoError(t, l.upload(peer{"client", "client"}, 0))
	}
	require.ErrorContains(t, l.upload(peer{"client", "client"}, 0), "retry later")
	require.NoError(t, l.upload(peer{"other", "other"}, 0))
}
