package relay

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/executor/manifest"
)

// A node delivers the largest result that a profile allows, and what the protocol adds: a
// manifest, a trace and a remark. One content more is refused.
func TestTheLargestResultFitsABox(t *testing.T) {
	g := startGated(t, nil)
	address, err := url.Parse(g.client.BoxURL(g.box))
	require.NoError(t, err)
	request := httptest.NewRequest(http.MethodPut, address.String(), nil)
	request.SetPathValue("box", g.box)
	task, err := g.ledger.Task(t.Context(), testJob, 0, 0)
	require.NoError(t, err)
	by, err := g.gate.permit(request, &blob.Pass{Chain: testChain, Job: testJob, Audience: blob.AudienceOf(address.Scheme, address.Host)}, &task, g.worker.name())
	require.NoError(t, err)

	n := uint64(0)
	put := func(size int) error {
		n++
		_, err := g.vault.reserve(key{g.box, blob.DigestOf(binary.BigEndian.AppendUint64(nil, n))}, by, int64(size))
		return err
	}
	result := manifest.Manifest{Profile: strings.Repeat("p", 30) + "/1", Reason: manifest.ReasonExited, ExitCode: math.MinInt32}
	for i := range manifest.MaxFiles {
		part := strings.Repeat("d", manifest.MaxPathBytes/5-1) + "/"
		path := strings.Repeat(part, 4)
		path += fmt.Sprintf("%0*d", manifest.MaxPathBytes-len(path), i)
		result.Files = append(result.Files, manifest.File{Path: path, Size: math.MaxInt64})
	}
	encoded, err := result.Encode()
	require.NoError(t, err)
	require.Greater(t, len(encoded), manifest.MaxFiles*manifest.MaxPathBytes)

	for _, size := range []int{streamsBytes / 2, streamsBytes / 2, int(task.OutputBytes)} {
		require.NoError(t, put(size))
	}
	for range manifest.MaxFiles - 3 {
		require.NoError(t, put(0))
	}
	for _, size := range []int{blob.MaxRemarkBytes, blob.MaxTraceBytes, len(encoded)} {
		require.NoError(t, put(size))
	}
	require.ErrorContains(t, put(0), fmt.Sprintf("at most %d files", manifest.MaxFiles+3))
}
