package cmd_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/relay"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	"github.com/thetaedge/theta/testutil/rpcnode"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// market is a chain with nodes that act in every block, behind a node's RPC, and the
// home of a person with a key on it.
type market struct {
	t       *testing.T
	network *edge.Network
	chain   *apptest.Chain
	node    *rpcnode.Node
	home    string
}

// newMarket waits until the nodes have weight.
func newMarket(t *testing.T, nodes int) *market {
	t.Helper()
	network := edge.New(t, nodes, 0)
	m := &market{t: t, network: network, chain: apptest.New(t, network.Options()...), home: t.TempDir()}
	m.chain.NextBlock(network.Register(m.chain)...)
	m.blocks(14)
	m.node = rpcnode.Start(t, m.chain, "validators", time.Now().Add(-time.Hour))
	m.node.TakeTxs(func(tx []byte) *abci.ResponseFinalizeBlock {
		return m.chain.NextBlock(append([][]byte{tx}, network.Act(m.chain)...)...)
	})
	keys, err := keyring.New(sdk.KeyringServiceName(), keyring.BackendTest, m.home, nil, m.chain.App.AppCodec())
	require.NoError(t, err)
	for name, account := range map[string]apptest.Account{"alice": network.Requester, "relay": network.Relay} {
		require.NoError(t, keys.ImportPrivKeyHex(name, hex.EncodeToString(account.Key.Bytes()), "secp256k1"))
	}
	return m
}

// blocks lets the nodes act.
func (m *market) blocks(n int) {
	for range n {
		result := m.chain.NextBlock(m.network.Act(m.chain)...)
		if m.node != nil {
			m.node.Results[m.chain.Height()] = result
		}
	}
}

// compute runs a command that signs.
func (m *market) compute(from string, args ...string) (string, error) {
	m.t.Helper()
	return run(m.t, m.home, slices.Concat([]string{"compute"}, args[:1],
		[]string{"--node", m.node.Address, "--from", from, "--keyring-backend", "test", "-y"}, args[1:])...)
}

func (m *market) job(id string) computetypes.Job {
	m.t.Helper()
	for _, job := range m.network.Jobs(m.chain) {
		if job.Id == id {
			return job
		}
	}
	require.FailNow(m.t, "no job "+id)
	return computetypes.Job{}
}

func TestAJobIsToppedUpAndCancelledByItsRequester(t *testing.T) {
	m := newMarket(t, 5)
	m.chain.NextBlock(m.network.PostArray(m.chain, params.TfuelCoin(1), 2))
	id := m.network.Jobs(m.chain)[0].Id

	out, err := run(t, m.home, "compute", "market", edge.Class, "--node", m.node.Address)
	require.NoError(t, err)
	require.Equal(t, "Class cpu-small: 5 live nodes, 10 of 10 slots free, 2 open tasks\n", out)

	out, err = m.compute("alice", "top-up", id, "--tasks", "3", "--lifetime-blocks", "500")
	require.NoError(t, err)
	job := m.job(id)
	require.EqualValues(t, 5, job.Tasks)
	require.Equal(t, fmt.Sprintf("Job %s has 5 tasks, which can find nodes up to height %d; 13.5 tfuel more in escrow\n", id, job.ExpiresHeight), out)
	_, err = m.compute("alice", "top-up", id)
	require.ErrorContains(t, err, "expected tasks or lifetime_blocks above 0")

	_, err = m.compute("alice", "redraw", id)
	require.ErrorContains(t, err, "wait until it closes", "a draw that is pinned stays")
	_, err = m.compute("relay", "cancel", id)
	require.ErrorContains(t, err, "not the requester of the job")
	out, err = m.compute("alice", "cancel", id)
	require.NoError(t, err)
	require.Contains(t, out, "tasks of job "+id+" are open; cancelling costs 0.1 tfuel for each seat")
	require.Contains(t, out, "Cancelled job "+id)
	require.True(t, m.job(id).Cancelled)
	_, err = m.compute("alice", "cancel", id)
	require.Error(t, err)

	_, err = run(t, m.home, "compute", "market", "cpu-huge", "--node", m.node.Address)
	require.ErrorContains(t, err, "market of class cpu-huge")
	edge.RequireInvariants(t, m.chain)
}

// startRelay runs a relay for the length of the test.
func startRelay(t *testing.T) string {
	t.Helper()
	server, err := relay.NewServer(relay.DefaultConfig(t.TempDir()), slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- server.Serve(t.Context(), listener) }()
	t.Cleanup(func() { require.NoError(t, <-done) })
	return "http://" + listener.Addr().String()
}

// deliver puts a result into a sink and returns its digest.
func deliver(t *testing.T, sink, path, content string) []byte {
	t.Helper()
	relay, err := transfer.NewClient(transfer.ClientConfig{})
	require.NoError(t, err)
	put := func(content []byte) blob.Digest {
		digest, err := relay.PutSink(t.Context(), sink, bytes.NewReader(content), int64(len(content)))
		require.NoError(t, err)
		return digest
	}
	result := manifest.Manifest{Profile: "wasm/1", Reason: manifest.ReasonExited, Files: []manifest.File{
		{Path: path, Size: uint64(len(content)), SHA256: put([]byte(content))},
	}}
	encoded, err := result.Encode()
	require.NoError(t, err)
	digest := put(encoded)
	shown := edge.Executed(digest[:])
	put(blob.Trace{Result: digest, Fuel: shown.Fuel, Trace: [32]byte(shown.Trace)}.Encode())
	return digest[:]
}

// tinyProgram is a module whose _start returns at once.
const tinyProgram = "\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x07\x0a\x01\x06_start\x00\x00\x0a\x04\x01\x02\x00\x0b"

// jobFile creates a job file with a policy, and its program.
func jobFile(t *testing.T, relay, policy string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p.wasm"), []byte(tinyProgram), 0o600))
	path := filepath.Join(dir, "job.yaml")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, `
executor: wasm/1
program: p.wasm
class: cpu-small
policy: %s
reward: 1tfuel
resources: {fuel: 1000, memory: 1MiB, output: 1KiB}
relay: %s
`, policy, relay), 0o600))
	return path
}

func TestATrustedResultIsSeenBeforeItIsAcceptedOrRejected(t *testing.T) {
	m := newMarket(t, 3)
	relay := startRelay(t)
	policy := fmt.Sprintf("{trust: %s, review_blocks: 500}", m.network.Nodes[0].Operator)
	for verb, status := range map[string]computetypes.JobStatus{
		"accept": computetypes.JOB_STATUS_COMPLETED, "reject": computetypes.JOB_STATUS_FAILED,
	} {
		dir := filepath.Join(t.TempDir(), "result")
		out, err := m.compute("alice", "run", jobFile(t, relay, policy), "--out", dir)
		require.NoError(t, err)
		require.Contains(t, out, "thetad compute run --resume --wait --out "+dir+" --from alice --home "+m.home)
		state, err := requester.LoadState(dir)
		require.NoError(t, err)
		spec, err := state.JobSpec()
		require.NoError(t, err)
		m.network.Nodes[0].Result = deliver(t, spec.Sink, "answer.txt", "forty-two\n")

		look := func() (string, error) {
			return run(t, m.home, "compute", "look", "--out", dir, "--node", m.node.Address)
		}
		_, err = look()
		require.ErrorIs(t, err, requester.ErrNotInReview)
		m.blocks(20)
		out, err = look()
		require.NoError(t, err)
		require.Contains(t, out, "  | forty-two\n")
		require.Contains(t, out, fmt.Sprintf("thetad compute accept %s --from KEY", state.JobID))
		require.FileExists(t, filepath.Join(dir, "answer.txt"))

		_, err = m.compute("relay", verb, state.JobID)
		require.ErrorContains(t, err, "not the requester of the job")
		out, err = m.compute("alice", verb, state.JobID)
		require.NoError(t, err)
		require.Contains(t, out, "ed of job "+state.JobID+": 1 result\n")
		require.Equal(t, status, m.job(state.JobID).Status)
		_, err = look()
		require.ErrorIs(t, err, requester.ErrNotInReview)
		out, err = m.compute("alice", "run", "--resume", "--wait", "--out", dir)
		if verb == "accept" {
			require.NoError(t, err)
			require.Contains(t, out, "settled: COMPLETED")
		} else {
			require.ErrorIs(t, err, requester.ErrNoResult)
		}
	}
	edge.RequireInvariants(t, m.chain)
}

func TestALookNeedsAJobAndItsTasks(t *testing.T) {
	_, err := run(t, t.TempDir(), "compute", "look", "--out", t.TempDir())
	require.ErrorIs(t, err, requester.ErrNoState)

	dir := t.TempDir()
	spec, err := (&computetypes.JobSpec{Tasks: 5}).Marshal()
	require.NoError(t, err)
	state := &requester.State{Version: 1, JobID: "1-0-0", Spec: spec}
	require.NoError(t, state.Save(dir))
	_, err = run(t, t.TempDir(), "compute", "look", "--out", dir)
	require.ErrorContains(t, err, "the job is an array")
	_, err = run(t, t.TempDir(), "compute", "look", "first", "--out", dir)
	require.ErrorContains(t, err, "expected the numbers of tasks")
	waiting := t.TempDir()
	state.JobID = ""
	require.NoError(t, state.Save(waiting))
	_, err = run(t, t.TempDir(), "compute", "look", "--out", waiting)
	require.ErrorContains(t, err, "not in a block yet")
}
