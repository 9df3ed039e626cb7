package cmd_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/relay"
	"github.com/thetaedge/theta/testutil/edge"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// listings serves a relay and tells before each listing of a box how many there were.
func listings(t *testing.T, before func(n int)) *httptest.Server {
	t.Helper()
	served, err := relay.NewServer(relay.DefaultConfig(t.TempDir()), slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	require.NoError(t, err)
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Count(r.URL.Path, "/") == 3 {
			before(int(n.Add(1)))
		}
		served.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

func TestALostResultIsAskedForWithConsentAndFetchedFromAnotherRelay(t *testing.T) {
	m := newMarket(t, 3)
	first := listings(t, func(int) {})
	policy := fmt.Sprintf("{trust: %s, review_blocks: 500}", m.network.Nodes[0].Operator)
	dir := filepath.Join(t.TempDir(), "result")
	_, err := m.compute("alice", "run", jobFile(t, first.URL, policy), "--out", dir)
	require.NoError(t, err)
	state, err := requester.LoadState(dir)
	require.NoError(t, err)
	spec, err := state.JobSpec()
	require.NoError(t, err)
	m.network.Nodes[0].Result = deliver(t, spec.Sink, "answer.txt", "forty-two\n")
	_, err = m.compute("alice", "fetch", "--out", dir)
	require.ErrorContains(t, err, "has not ended")
	m.blocks(20)
	_, err = m.compute("alice", "accept", state.JobID)
	require.NoError(t, err)
	m.blocks(1)
	first.Close() // for good, with all that it had

	_, err = m.compute("alice", "fetch", "--out", dir)
	require.ErrorIs(t, err, requester.ErrNotAsked)
	require.ErrorContains(t, err, "name another")
	require.Nil(t, m.job(state.JobID).Redelivery)

	var sink atomic.Value
	other := listings(t, func(n int) {
		if n == 3 { // once without consent, once before nodes are asked, and then nodes have heard of it
			deliver(t, sink.Load().(string), "answer.txt", "forty-two\n")
		}
	})
	sink.Store(strings.Replace(spec.Sink, first.URL, other.URL, 1))
	out, err := m.compute("alice", "fetch", "--out", dir, "--relay", other.URL, "--yes=false")
	require.ErrorIs(t, err, requester.ErrNotAsked, "nobody has agreed to pay")
	require.ErrorContains(t, err, "--yes")
	require.ErrorIs(t, err, requester.ErrNotDelivered)
	require.ErrorContains(t, err, "its box of this task is empty")
	require.Contains(t, out, "The paid nodes can deliver the result again to "+other.URL)
	kept, err := requester.LoadState(dir)
	require.NoError(t, err)
	require.Equal(t, first.URL, kept.Relay)
	require.Nil(t, m.job(state.JobID).Redelivery)

	out, err = m.compute("alice", "fetch", "--out", dir, "--relay", other.URL)
	require.NoError(t, err)
	require.Contains(t, out, "Asked nodes at height")
	require.Contains(t, out, "  | forty-two\n")
	require.Equal(t, sink.Load(), m.job(state.JobID).Redelivery.Sink)
	kept, err = requester.LoadState(dir)
	require.NoError(t, err)
	require.Equal(t, other.URL, kept.Relay)
	require.Equal(t, state.Token, kept.Token)

	other.Close()
	out, err = m.compute("alice", "fetch", "--out", dir)
	require.NoError(t, err, "all of it is here")
	require.NotContains(t, out, "Asked nodes")
	require.Equal(t, uint32(1), m.job(state.JobID).Redelivery.Count)
	require.Equal(t, computetypes.JOB_STATUS_COMPLETED, m.job(state.JobID).Status)
	edge.RequireInvariants(t, m.chain)
}

func TestFetchNeedsAJob(t *testing.T) {
	m := newMarket(t, 3)
	_, err := m.compute("alice", "fetch", "--out", t.TempDir())
	require.ErrorIs(t, err, requester.ErrNoState)
	dir := t.TempDir()
	require.NoError(t, (&requester.State{Version: 1}).Save(dir))
	_, err = m.compute("alice", "fetch", "--out", dir)
	require.ErrorContains(t, err, "not in a block yet")
}
