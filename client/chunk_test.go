package client

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/client/proven"
	"github.com/thetaedge/theta/executor/manifest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// chunkNode delivers the results of chunks as an honest node does.
type chunkNode struct {
	t    *testing.T
	sink string
	// perBundle is the number of tasks of a bundle.
	perBundle int
	// change, if set, changes what is delivered instead of a bundle; nil for nothing.
	change func(n int, bundle []byte) []byte
}

func (c *chunkNode) put(first uint64, content []byte) {
	c.t.Helper()
	node, err := transfer.NewClient(transfer.ClientConfig{})
	require.NoError(c.t, err)
	_, err = node.PutSink(c.t.Context(), computetypes.TaskSink(c.sink, first), bytes.NewReader(content), int64(len(content)))
	require.NoError(c.t, err)
}

// chunkResult is the result of a task in a test: one file is large, and task 2 fails.
func chunkResult(task uint64) (manifest.Manifest, map[string][]byte) {
	files := map[string][]byte{"out.txt": fmt.Appendf(nil, "result %d\n", task), "stdout": nil, "deep/er.bin": {0, byte(task)}}
	if task%4 == 1 {
		files["large.bin"] = bytes.Repeat([]byte{byte(task)}, blob.BundledFileBytes+1)
	}
	result := manifest.Manifest{Profile: "wasm/1", Reason: manifest.ReasonExited}
	if task == 2 {
		result.ExitCode = 3
	}
	for path, content := range files {
		result.Files = append(result.Files, manifest.File{Path: path, Size: uint64(len(content)), SHA256: sha256.Sum256(content)})
	}
	return result.Sorted(), files
}

// deliver delivers a chunk and returns its index and receipt.
func (c *chunkNode) deliver(first, count uint64, height int64) (blob.Index, computetypes.Receipt) {
	c.t.Helper()
	var index blob.Index
	var content bytes.Buffer
	bundle := blob.NewBundleWriter(&content)
	for i := range count {
		result, files := chunkResult(first + i)
		encoded, err := result.Encode()
		require.NoError(c.t, err)
		digest := blob.DigestOf(encoded)
		index.Leaves = append(index.Leaves, blob.Leaf{Result: digest, Fuel: 10 + i, ExitCode: result.ChainExitCode(), Trace: blob.DigestOf(digest[:])})
		require.NoError(c.t, bundle.Task(encoded))
		sizes := make([]uint64, len(result.Files))
		for n, file := range result.Files {
			sizes[n] = file.Size
		}
		for n, bundled := range blob.Bundled(sizes) {
			if bundled {
				_, err := bundle.Write(files[result.Files[n].Path])
				require.NoError(c.t, err)
			} else {
				c.put(first, files[result.Files[n].Path])
			}
		}
		if ref := bundle.Ref(); int(ref.Tasks) == c.perBundle || i == count-1 {
			index.Bundles = append(index.Bundles, ref)
			shown := content.Bytes()
			if c.change != nil {
				shown = c.change(len(index.Bundles)-1, shown)
			}
			if shown != nil {
				c.put(first, shown)
			}
			content.Reset()
			bundle = blob.NewBundleWriter(&content)
		}
	}
	c.put(first, index.Encode())
	return index, chunkReceipt(index, first, height)
}

// chunkReceipt is the receipt of a chunk with the leaves of an index.
func chunkReceipt(index blob.Index, first uint64, height int64) computetypes.Receipt {
	leaves := make([]computetypes.Subtree, len(index.Leaves))
	for i, l := range index.Leaves {
		leaves[i] = computetypes.Subtree{Fuel: l.Fuel, Hash: computetypes.Tag(testChain, testJob, first+uint64(i), computetypes.Opening{
			Digest: l.Result[:], Fuel: l.Fuel, ExitCode: l.ExitCode, Trace: l.Trace[:],
		})}
	}
	root := computetypes.ChunkRoot(leaves)
	return computetypes.Receipt{
		JobId: testJob, Task: first, Count: uint64(len(leaves)), Height: height, Status: computetypes.CHUNK_STATUS_ACCEPTED,
		Tags: [][]byte{root.Hash}, Fuel: root.Fuel,
		Outcomes: []computetypes.Outcome{{Operator: "a", Paid: params.Tfuel(int64(len(leaves))), Slashed: math.ZeroInt(), Share: math.ZeroInt()}},
	}
}

// chunkedArray is an array of twelve tasks: a chunk of six, of which the node did four and
// left two, a chunk of five that failed, and a chunk of one task.
func chunkedArray(t *testing.T, change func(n int, bundle []byte) []byte) (*chunkNode, *Client, *State, *computetypes.Job) {
	t.Helper()
	packed, err := packedArray(t, startRelay(t), 12, "policy: {audit: 100%}\nchunk: 6")
	require.NoError(t, err)
	require.EqualValues(t, 6, packed.Spec.ChunkTasks)
	chain := newChain()
	chain.height = 20
	c := testClient(t, chain)
	state, err := c.NewState(packed)
	require.NoError(t, err)
	state.JobID = testJob

	node := &chunkNode{t: t, sink: packed.Spec.Sink, perBundle: 2, change: change}
	_, whole := node.deliver(0, 4, 12)
	_, rest := node.deliver(4, 2, 14)
	failed := computetypes.Receipt{JobId: testJob, Task: 6, Count: 5, Height: 13, Status: computetypes.CHUNK_STATUS_FAILED}
	single := computetypes.Receipt{JobId: testJob, Task: 11, Count: 1, Height: 12, Status: computetypes.CHUNK_STATUS_ACCEPTED, Fuel: testFuel}
	result := deliver(t, computetypes.TaskSink(packed.Spec.Sink, 11), map[string]string{"out.txt": "result 11\n"})
	digest, err := result.Digest()
	require.NoError(t, err)
	single.Tags = [][]byte{tagOf(testChain, 11, digest)}
	receipts := []computetypes.Receipt{whole, rest, failed, single}
	chain.ended = map[int64][]computetypes.Receipt{12: {whole, single}, 13: {failed}, 14: {rest}}
	tree, err := proven.NewArray(testJob, receipts)
	require.NoError(t, err)
	job := &computetypes.Job{
		Id: testJob, Status: computetypes.JOB_STATUS_COMPLETED, PostedHeight: 7, ClosedHeight: 14, Tasks: 12, ChunkTasks: 6,
		TasksOpened: 12, TasksEnded: 12, TasksAccepted: 7, ChunksEnded: 4, ResultsRoot: tree.Root(),
		Reward: params.TfuelCoin(1), Reserved: math.ZeroInt(), Refunded: params.Tfuel(2), Liability: math.ZeroInt(), BondValue: math.OneInt(), TaskReserve: params.Tfuel(1),
	}
	chain.steps = []step{{job: *job}}
	return node, c, state, job
}

func requireChunkResult(t *testing.T, dir string, task uint64) {
	t.Helper()
	_, files := chunkResult(task)
	for path, content := range files {
		found, err := os.ReadFile(filepath.Join(dir, strconv.FormatUint(task, 10), filepath.FromSlash(path)))
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, found), "task %d: %s", task, path)
	}
}

func TestResultsOfAChunkAreSavedInAFolderPerTask(t *testing.T) {
	_, c, state, job := chunkedArray(t, nil)
	dir := t.TempDir()
	result, _, err := follow(t, c, state, dir)
	require.NoError(t, err)
	require.NoError(t, result.FirstMissing)
	require.Equal(t, []int{7, 5, 0}, []int{result.Fetched, result.Failed, result.Missing})
	for task := range uint64(6) {
		requireChunkResult(t, dir, task)
	}
	checked, err := VerifyArray(testChain, job, dir)
	require.NoError(t, err)
	require.Equal(t, 7, checked)
	left, err := filepath.Glob(filepath.Join(dir, ChunksFolder, "*"))
	require.NoError(t, err)
	require.Len(t, left, 2, "only indexes stay: %v", left)

	state.Relay = "http://127.0.0.1:1" // a run that comes later has all it needs
	again, _, err := follow(t, c, state, dir)
	require.NoError(t, err)
	require.Equal(t, result, again)
}

func TestSavedChunksAreCheckedToTheLastFile(t *testing.T) {
	_, c, state, job := chunkedArray(t, nil)
	for name, change := range map[string]struct {
		path, content, says string
		checked             int
	}{
		"a bundled file": {"3/out.txt", "result X\n", "task 3: ", 3},
		"a large file":   {"1/large.bin", "short", "task 1: ", 1},
		"a manifest":     {"2/.theta-manifest", "x", "task 2: ", 2},
		"an index":       {".theta-chunks/0", "theta.chunk/1\n", "do not give the root of tasks 0 to 3", 0},
	} {
		dir := t.TempDir()
		state.Scanned = 0
		_, _, err := follow(t, c, state, dir)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.FromSlash(change.path)), []byte(change.content), 0o600))
		checked, err := VerifyArray(testChain, job, dir)
		require.ErrorIs(t, err, ErrMismatch, name)
		require.ErrorContains(t, err, change.says, name)
		require.Equal(t, change.checked, checked, name)

		// The next run mends it.
		_, _, err = follow(t, c, state, dir)
		require.NoError(t, err)
		_, err = VerifyArray(testChain, job, dir)
		require.NoError(t, err, name)
	}
	dir := t.TempDir()
	state.Scanned = 0
	_, _, err := follow(t, c, state, dir)
	require.NoError(t, err)
	require.NoError(t, os.Rename(indexPath(dir, 0), indexPath(dir, 4)))
	_, err = VerifyArray(testChain, job, dir)
	require.Error(t, err, "an index of another chunk")
}

func TestABundleThatIsMissingOrFalseLeavesTheOtherTasksUsable(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"missing":   func([]byte) []byte { return nil },
		"truncated": func(b []byte) []byte { return b[:len(b)-1] },
		"longer":    func(b []byte) []byte { return append(bytes.Clone(b), 0) },
		"changed":   func(b []byte) []byte { return append(bytes.Clone(b[:len(b)-1]), b[len(b)-1]^1) },
	} {
		broken := true
		var kept [][]byte
		node, c, state, job := chunkedArray(t, func(n int, bundle []byte) []byte {
			if n == 0 && broken {
				kept = append(kept, bytes.Clone(bundle))
				return change(bundle)
			}
			return bundle
		})
		dir := t.TempDir()
		result, _, err := follow(t, c, state, dir)
		require.NoError(t, err, name)
		require.Equal(t, []int{3, 4}, []int{result.Fetched, result.Missing}, name)
		require.ErrorIs(t, result.FirstMissing, ErrNotDelivered, name)
		requireChunkResult(t, dir, 2)
		requireChunkResult(t, dir, 3)

		node.put(0, kept[0])
		node.put(4, kept[1])
		result, _, err = follow(t, c, state, dir)
		require.NoError(t, err, name)
		require.Equal(t, []int{7, 0}, []int{result.Fetched, result.Missing}, name)
		_, err = VerifyArray(testChain, job, dir)
		require.NoError(t, err, name)
	}
}

// Nodes that work for a box can put anything there, also the right leaves with bundles of
// their own.
func TestOnlyTheAcceptedResultsOfABoxAreSaved(t *testing.T) {
	node, c, state, job := chunkedArray(t, nil)
	honest, _ := node.deliver(0, 4, 12)
	other, _ := node.deliver(4, 2, 14)
	node.put(0, other.Encode())
	lie := blob.Index{Leaves: append([]blob.Leaf(nil), honest.Leaves...), Bundles: honest.Bundles}
	lie.Leaves[0].ExitCode++
	node.put(0, lie.Encode())
	for n := range 3 {
		var content bytes.Buffer
		bundle := blob.NewBundleWriter(&content)
		for task := range 4 {
			result, _ := chunkResult(uint64(task + n))
			encoded, err := result.Encode()
			require.NoError(t, err)
			require.NoError(t, bundle.Task(encoded))
			_, err = bundle.Write(bytes.Repeat([]byte("x"), 11*n))
			require.NoError(t, err)
		}
		node.put(0, content.Bytes())
		node.put(0, blob.Index{Leaves: honest.Leaves, Bundles: []blob.BundleRef{bundle.Ref()}}.Encode())
	}
	for range 5 { // drops are read in another order each time
		dir := t.TempDir()
		state.Scanned = 0
		result, _, err := follow(t, c, state, dir)
		require.NoError(t, err)
		require.Equal(t, []int{7, 0}, []int{result.Fetched, result.Missing}, "%v", result.FirstMissing)
		_, err = VerifyArray(testChain, job, dir)
		require.NoError(t, err)
	}
}

// A node can have a result accepted, for example under trust, whose manifest is no manifest
// or names files outside of the folder.
func TestAManifestInABundleCannotNameFilesOutside(t *testing.T) {
	parent := t.TempDir()
	for name, encoded := range map[string]string{
		"a path upwards":  "theta.manifest/1\nprofile wasm/1\nreason exited\nexit 0\nfile " + strings.Repeat("0", 64) + " 1 ../../evil\n",
		"an absolute one": "theta.manifest/1\nprofile wasm/1\nreason exited\nexit 0\nfile " + strings.Repeat("0", 64) + " 1 /tmp/evil\n",
		"no manifest":     "x",
	} {
		leaf := blob.Leaf{Result: blob.DigestOf([]byte(encoded))}
		index := blob.Index{Leaves: []blob.Leaf{leaf, leaf}}
		var content bytes.Buffer
		bundle := blob.NewBundleWriter(&content)
		require.NoError(t, bundle.Task([]byte(encoded)))
		require.NoError(t, bundle.Task([]byte(encoded)))
		index.Bundles = []blob.BundleRef{bundle.Ref()}
		receipt := chunkReceipt(index, 0, 9)

		node, c, state, _ := chunkedArray(t, func(int, []byte) []byte { return nil })
		node.put(0, content.Bytes())
		node.put(0, index.Encode())
		dir := filepath.Join(parent, "deep", "er")
		wanted := map[uint32]error{0: nil, 1: nil}
		_, err := c.fetchChunk(t.Context(), state, &receipt, dir, wanted)
		require.NoError(t, err, name)
		require.Len(t, wanted, 2, name)
		require.ErrorIs(t, wanted[0], errFalseBundle, name)
		require.NoFileExists(t, filepath.Join(parent, "evil"))
		require.NoFileExists(t, filepath.Join(parent, "deep", "evil"))
	}
}

func TestAnEmptyBoxOfAChunkIsNamed(t *testing.T) {
	_, c, state, _ := chunkedArray(t, nil)
	receipt := computetypes.Receipt{JobId: testJob, Task: 6, Count: 5, Tags: [][]byte{make([]byte, 32)}}
	wanted := map[uint32]error{1: nil, 4: nil}
	_, err := c.fetchChunk(t.Context(), state, &receipt, t.TempDir(), wanted)
	require.NoError(t, err)
	var where *Absence
	require.ErrorAs(t, wanted[4], &where)
	require.Equal(t, AbsentAll, where.Kind)
	require.True(t, where.Answers())

	state.Relay = "http://127.0.0.1:1"
	_, err = c.fetchChunk(t.Context(), state, &receipt, t.TempDir(), wanted)
	require.ErrorAs(t, err, &where)
	require.Equal(t, AbsentRelay, where.Kind)
}

func TestOneTaskOfAChunkIsLookedAtBeforeItIsJudged(t *testing.T) {
	node, c, state, _ := chunkedArray(t, nil)
	_, receipt := node.deliver(0, 4, 12)
	task := computetypes.Chunk{JobId: testJob, Index: 0, Count: 4, Rounds: []computetypes.Round{{
		Phase: computetypes.ROUND_PHASE_REVIEW, ReviewDeadline: 99,
		Replicas: []computetypes.Assignment{{
			Operator: "a", Status: computetypes.ASSIGNMENT_STATUS_REVEALED, Tag: receipt.Tags[0], Metrics: computetypes.Metrics{Fuel: receipt.Fuel},
		}},
	}}}
	found, shown, err := inReview(&computetypes.QueryChunkResponse{Chunk: task})
	require.NoError(t, err)
	require.Equal(t, []uint64{0, 4}, []uint64{found.First, found.Tasks})
	dir := t.TempDir()
	result, err := c.fetchOne(t.Context(), state, shown, 2, dir)
	require.NoError(t, err)
	require.EqualValues(t, 3, result.Manifest.ExitCode)
	requireChunkResult(t, dir, 2)
	require.NoDirExists(t, filepath.Join(dir, "0"), "other bundles are left alone")

	_, err = c.fetchOne(t.Context(), state, shown, 4, dir)
	require.ErrorContains(t, err, "expected the chunk of task 4")
	task.Count = 1 << 40
	_, _, err = inReview(&computetypes.QueryChunkResponse{Chunk: task})
	require.ErrorContains(t, err, "expected a chunk of at most 4096 tasks")
}
