package client

import (
	"encoding/binary"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/executor/manifest"
)

// A node of a task may hold 1,024 files for it at a relay, and choose their content so that
// they are listed before all others.
func TestATraceIsFoundBehindAllThatANodeMayPutBeforeIt(t *testing.T) {
	contents := map[string][]byte{}
	put := func(content []byte) blob.Digest {
		digest := blob.DigestOf(content)
		contents[digest.String()] = content
		return digest
	}
	result := manifest.Manifest{Profile: "wasm/1", Reason: manifest.ReasonExited}
	encoded, err := result.Encode()
	require.NoError(t, err)
	trace := traceOf(put(encoded)).Encode()
	last := blob.DigestOf(trace)
	var drops []blob.Drop
	for n := uint64(0); len(drops) < 1024; n++ {
		decoy := traceOf(blob.DigestOf(binary.BigEndian.AppendUint64(nil, n))).Encode()
		if digest := blob.DigestOf(decoy); digest.String() < last.String() {
			drops = append(drops, blob.Drop{Digest: put(decoy), Size: int64(len(decoy))})
		}
	}
	drops = append(drops, blob.Drop{Digest: put(trace), Size: int64(len(trace))})
	slices.SortFunc(drops, func(a, b blob.Drop) int { return slices.Compare(a.Digest[:], b.Digest[:]) })
	var asked atomic.Bool
	relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := path.Base(r.URL.Path)
		if name == last.String() && !asked.Swap(true) { // so many requests are too fast for a relay
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		if content, found := contents[name]; found {
			_, _ = w.Write(content)
			return
		}
		_ = json.NewEncoder(w).Encode(drops)
	}))
	defer relay.Close()
	packed := packedJob(t, relay.URL)
	c := testClient(t, newChain())
	state, err := c.NewState(packed)
	require.NoError(t, err)
	state.JobID = testJob
	fetched, err := c.Fetch(t.Context(), state, settledWith(t, result), t.TempDir())
	require.NoError(t, err)
	require.Equal(t, result, fetched.Manifest)
}
