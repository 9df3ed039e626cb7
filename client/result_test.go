package client

import (
	"bytes"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/relay"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// startRelay runs a real relay for the length of the test.
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

// deliver puts a result into the job's drop box as an honest node does.
func deliver(t *testing.T, sink string, files map[string]string) manifest.Manifest {
	t.Helper()
	node, err := transfer.NewClient(transfer.ClientConfig{})
	require.NoError(t, err)
	put := func(content []byte) blob.Digest {
		digest, err := node.PutSink(t.Context(), sink, bytes.NewReader(content), int64(len(content)))
		require.NoError(t, err)
		return digest
	}
	result := manifest.Manifest{Profile: "wasm/1", Reason: manifest.ReasonExited}
	for path, content := range files {
		result.Files = append(result.Files, manifest.File{Path: path, Size: uint64(len(content)), SHA256: put([]byte(content))})
	}
	encoded, err := result.Encode()
	require.NoError(t, err)
	put(traceOf(put(encoded)).Encode())
	return result.Sorted()
}

// testFuel is what the tests' programs use.
const testFuel = 7

// traceOf returns the trace that the tests' nodes deliver with the manifest with a digest.
func traceOf(digest blob.Digest) blob.Trace {
	return blob.Trace{Result: digest, Fuel: testFuel, Trace: blob.DigestOf(digest[:])}
}

// tagOf is the tag of a result in the first round.
func tagOf(chainID string, task uint64, digest blob.Digest) []byte {
	trace := traceOf(digest)
	return computetypes.Tag(chainID, testJob, task, computetypes.Opening{Digest: digest[:], Fuel: trace.Fuel, Trace: trace.Trace[:]})
}

// settledWith is the settlement of a job whose second round accepted the result.
func settledWith(t *testing.T, result manifest.Manifest) *Settlement {
	t.Helper()
	digest, err := result.Digest()
	require.NoError(t, err)
	return &Settlement{
		Job: computetypes.Job{Id: testJob, Status: computetypes.JOB_STATUS_COMPLETED, Reward: params.TfuelCoin(1), Reserved: math.ZeroInt(), Liability: math.ZeroInt(), Refunded: params.Tfuel(2)},
		Receipt: &computetypes.Receipt{
			JobId: testJob, Status: computetypes.CHUNK_STATUS_ACCEPTED, Tags: [][]byte{tagOf(testChain, 0, digest), digest[:]}, Fuel: testFuel,
			Outcomes: []computetypes.Outcome{{Operator: "a", Status: computetypes.ASSIGNMENT_STATUS_PAID, Paid: params.Tfuel(1), Slashed: math.ZeroInt(), Share: math.ZeroInt()}},
		},
	}
}

func fetchedJob(t *testing.T) (*chain, *Client, *State, *Settlement, string) {
	t.Helper()
	relay := startRelay(t)
	packed := packedJob(t, relay)
	require.NoError(t, packed.Upload(t.Context()))
	chain := newChain()
	c := testClient(t, chain)
	state, err := c.NewState(packed)
	require.NoError(t, err)
	state.JobID = testJob

	deliver(t, packed.Spec.Sink, map[string]string{"text.txt": "a lie"})
	honest := deliver(t, packed.Spec.Sink, map[string]string{"text.txt": "It is a truth\n", "deep/er/x.bin": "\x00\x01", "stdout": ""})
	settlement := settledWith(t, honest)
	chain.steps = []step{{job: settlement.Job, receipt: settlement.Receipt}}
	return chain, c, state, settlement, t.TempDir()
}

func TestFetchTakesTheResultThatTheChainAccepted(t *testing.T) {
	_, c, state, settlement, dir := fetchedJob(t)
	result, err := c.Fetch(t.Context(), state, settlement, dir)
	require.NoError(t, err)
	require.Equal(t, settlement.Receipt.Tags[0], result.Tag)
	text, err := os.ReadFile(filepath.Join(dir, "text.txt"))
	require.NoError(t, err)
	require.Equal(t, "It is a truth\n", string(text))
	require.FileExists(t, filepath.Join(dir, "deep", "er", "x.bin"))
	require.FileExists(t, filepath.Join(dir, "stdout"))

	verified, err := c.Verify(t.Context(), testJob, dir)
	require.NoError(t, err)
	require.Equal(t, result.Manifest, verified.Manifest)

	// Fetching again mends what was changed and leaves the rest.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "text.txt"), []byte("changed"), 0o600))
	_, err = c.Fetch(t.Context(), state, settlement, dir)
	require.NoError(t, err)
	_, err = c.Verify(t.Context(), testJob, dir)
	require.NoError(t, err)
}

func TestVerifyNamesTheFileThatDiffers(t *testing.T) {
	chain, c, state, settlement, dir := fetchedJob(t)
	_, err := c.Fetch(t.Context(), state, settlement, dir)
	require.NoError(t, err)

	text := filepath.Join(dir, "text.txt")
	require.NoError(t, os.WriteFile(text, []byte("It is a trutH\n"), 0o600))
	_, err = c.Verify(t.Context(), testJob, dir)
	require.ErrorIs(t, err, ErrMismatch)
	require.ErrorContains(t, err, "text.txt: expected sha256")

	require.NoError(t, os.WriteFile(text, nil, 0o600))
	_, err = c.Verify(t.Context(), testJob, dir)
	require.ErrorContains(t, err, "expected 14 bytes, found 0")

	require.NoError(t, os.Remove(text))
	_, err = c.Verify(t.Context(), testJob, dir)
	require.ErrorIs(t, err, ErrMismatch)

	path := filepath.Join(dir, ManifestFile)
	encoded, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, bytes.Replace(encoded, []byte("exit 0"), []byte("exit 1"), 1), 0o600))
	_, err = c.Verify(t.Context(), testJob, dir)
	require.ErrorIs(t, err, ErrMismatch)
	require.ErrorContains(t, err, "fetch the result again")
	require.NoError(t, os.WriteFile(path, encoded, 0o600))

	// Without the trace nothing can be checked, and another is not taken.
	trace := filepath.Join(dir, TraceFile)
	saved, err := os.ReadFile(trace)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(trace, bytes.Replace(saved, []byte("fuel 7"), []byte("fuel 8"), 1), 0o600))
	_, err = c.Verify(t.Context(), testJob, dir)
	require.ErrorIs(t, err, ErrMismatch)
	require.ErrorContains(t, err, "do not give the tag")
	require.NoError(t, os.WriteFile(trace, saved, 0o600))
	chain.steps[0].receipt.Fuel++ // those who agreed have revealed more than their tag has
	_, err = c.Verify(t.Context(), testJob, dir)
	require.ErrorIs(t, err, ErrMismatch)
	chain.steps[0].receipt.Fuel--
	require.NoError(t, os.WriteFile(trace, saved[1:], 0o600))
	_, err = c.Verify(t.Context(), testJob, dir)
	require.ErrorIs(t, err, ErrMismatch)
	require.ErrorContains(t, err, "expected a trace as nodes deliver it")
	require.NoError(t, os.Remove(trace))
	_, err = c.Verify(t.Context(), testJob, dir)
	require.ErrorContains(t, err, TraceFile+" does not exist")

	chain.steps[0].receipt.Status = computetypes.CHUNK_STATUS_FAILED
	_, err = c.Verify(t.Context(), testJob, dir)
	require.ErrorIs(t, err, ErrNoResult)

	chain.steps[0].receipt = nil
	_, err = c.Verify(t.Context(), testJob, dir)
	require.ErrorContains(t, err, "no receipt")
}

func TestFetchRefusesWhatTheChainDidNotAccept(t *testing.T) {
	_, c, state, settlement, dir := fetchedJob(t)
	state.JobID = testJob
	settlement.Receipt.Tags = [][]byte{tagOf("another-chain", 0, blob.Digest{}), nil}
	_, err := c.Fetch(t.Context(), state, settlement, dir)
	require.ErrorIs(t, err, ErrNotDelivered)

	settlement.Receipt.Status = computetypes.CHUNK_STATUS_FAILED
	_, err = c.Fetch(t.Context(), state, settlement, dir)
	require.ErrorIs(t, err, ErrNoResult)

	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, files)
}

func TestFetchKeepsItsOwnNamesFree(t *testing.T) {
	relay := startRelay(t)
	packed := packedJob(t, relay)
	c := testClient(t, newChain())
	state, err := c.NewState(packed)
	require.NoError(t, err)
	hostile := deliver(t, packed.Spec.Sink, map[string]string{StateFile: "{}"})
	dir := t.TempDir()
	require.NoError(t, state.Save(dir))
	result, err := c.Fetch(t.Context(), state, settledWith(t, hostile), dir)
	require.NoError(t, err)
	require.Equal(t, map[string]string{StateFile: "%2E" + StateFile[1:]}, result.Renamed())
	kept, err := LoadState(dir)
	require.NoError(t, err)
	require.Equal(t, state.Token, kept.Token, "the output took no file's place")
}

func TestWatchTellsEachChangeOnceAndOutlivesARestart(t *testing.T) {
	running := computetypes.Job{Id: testJob, Status: computetypes.JOB_STATUS_RUNNING, Reward: params.TfuelCoin(1), Reserved: math.ZeroInt(), Liability: math.ZeroInt(), Refunded: math.ZeroInt()}
	at := func(round computetypes.Round, before ...computetypes.Round) step {
		return step{job: running, task: &computetypes.Chunk{Rounds: append(before, round)}}
	}
	three := []computetypes.Assignment{{Operator: "a"}, {Operator: "b"}, {Operator: "c"}}
	ended := settledWith(t, manifest.Manifest{Profile: "wasm/1", Reason: manifest.ReasonExited})
	closed := computetypes.Round{Target: 3, Phase: computetypes.ROUND_PHASE_CLOSED, Replicas: three, Committed: 3, Revealed: 3}
	chain := newChain()
	chain.steps = []step{
		{job: running},
		at(computetypes.Round{Target: 3, Phase: computetypes.ROUND_PHASE_COMMIT, Draw: &computetypes.Draw{}}),
		at(computetypes.Round{Target: 3, Phase: computetypes.ROUND_PHASE_COMMIT, Draw: &computetypes.Draw{CloseHeight: 9, Candidates: make([]computetypes.Assignment, 5)}}),
		at(computetypes.Round{Target: 3, Phase: computetypes.ROUND_PHASE_COMMIT, Replicas: three}),
		at(computetypes.Round{Target: 3, Phase: computetypes.ROUND_PHASE_COMMIT, Replicas: three}),
		{down: errDown},
		{down: errStarting},
		at(computetypes.Round{Target: 3, Phase: computetypes.ROUND_PHASE_COMMIT, Replicas: three, Committed: 2}),
		at(computetypes.Round{Target: 3, Phase: computetypes.ROUND_PHASE_REVEAL, Replicas: three, Committed: 3, Revealed: 1}),
		at(computetypes.Round{Target: 7, Phase: computetypes.ROUND_PHASE_COMMIT, Draw: &computetypes.Draw{Attempt: 1}}, closed),
		{job: ended.Job, receipt: ended.Receipt},
	}
	var lines []string
	settlement, err := testClient(t, chain).Watch(t.Context(), testJob, func(p Progress) { lines = append(lines, p.String()) })
	require.NoError(t, err)
	require.Equal(t, []string{
		"waiting for seed",
		"candidates 5",
		"assigned 3/3",
		string(StageOffline),
		"assigned 3/3, committed 2/3",
		"assigned 3/3, committed 3/3, revealed 1/3",
		"escalated to round 2, waiting for seed, draw 2",
		"settled: COMPLETED",
	}, lines)
	require.Equal(t, params.TfuelCoin(1), settlement.Paid())
	require.Equal(t, params.TfuelCoin(2), settlement.Refund())
}
