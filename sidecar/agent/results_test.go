package agent

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func newResult(n int) (taskResult, []byte) {
	manifest := bytes.Repeat([]byte{byte(n)}, 3+n%5)
	return taskResult{
		manifest: sha256.Sum256(manifest), manifestBytes: uint32(len(manifest)), fuel: uint64(n), exitCode: uint32(n % 3),
		trace: sha256.Sum256([]byte{byte(n), 1}), own: sha256.Sum256([]byte{byte(n), 2}), wallMillis: uint64(n),
	}, manifest
}

// noOutputs stands for outputs that are on the disk already.
func noOutputs(int, int) error { return nil }

// TestResultsAreWrittenOnlyBehindTheirOutputs: a power failure at any moment leaves no record
// of a result without its outputs.
func TestResultsAreWrittenOnlyBehindTheirOutputs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		folder, err := os.MkdirTemp("", "theta-results-")
		require.NoError(t, err)
		defer os.RemoveAll(folder)
		work, onDisk, full := [32]byte{1}, 0, false
		written := func() int {
			list, err := readRecords(folder, work, computetypes.MaxChunkTasks)
			require.NoError(t, err)
			return len(list)
		}
		r, err := openResults(folder, work, func(first, count int) error {
			require.Equal(t, onDisk, first)
			require.Equal(t, onDisk, written(), "records do not come before outputs")
			if full {
				return os.ErrDeadlineExceeded
			}
			onDisk += count
			return nil
		})
		require.NoError(t, err)
		defer r.close()
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				full = rapid.Bool().Draw(t, "full")
				before, waiting := onDisk, r.waiting
				if err := r.sync(); full && waiting > 0 {
					require.ErrorIs(t, err, os.ErrDeadlineExceeded)
					require.Equal(t, before, written())
				} else {
					require.NoError(t, err)
					require.Equal(t, len(r.done), written())
				}
				full = false
			default:
				result, manifest := newResult(len(r.done))
				require.NoError(t, r.add(result, manifest))
				require.Equal(t, onDisk, written())
			}
		}
		require.NoError(t, r.sync())
		require.Equal(t, len(r.done), written())
	})
}

func TestOutputsOfManyTasksAreSynced(t *testing.T) {
	root := t.TempDir()
	for _, n := range []int{0, 1, fewFolders, fewFolders + 1} {
		var folders []string
		for i := range n {
			folder := filepath.Join(root, strconv.Itoa(i))
			require.NoError(t, os.MkdirAll(filepath.Join(folder, "deep"), 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(folder, "deep", "file"), []byte("x"), 0o600))
			folders = append(folders, folder)
		}
		require.NoError(t, syncFolders(folders), n)
	}
	require.ErrorIs(t, syncFolders([]string{filepath.Join(root, "lost")}), os.ErrNotExist)
}

// TestWhateverIsLeftOfTheResultsWholeOnesAreKeptInOrder: a power failure may cut each file
// anywhere, or damage it. Results that are kept are the first ones, unchanged, and further ones
// follow them.
func TestWhateverIsLeftOfTheResultsWholeOnesAreKeptInOrder(t *testing.T) {
	home := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		folder, err := os.MkdirTemp(home, "")
		require.NoError(t, err)
		folder = filepath.Join(folder, "chunk")
		work := sha256.Sum256([]byte("work"))
		var expected []taskResult
		for range rapid.IntRange(1, 4).Draw(t, "executions") {
			r, err := openResults(folder, work, noOutputs)
			require.NoError(t, err)
			require.LessOrEqual(t, len(r.done), len(expected))
			require.Equal(t, append([]taskResult(nil), expected[:len(r.done)]...), append([]taskResult(nil), r.done...))
			expected = expected[:len(r.done)]
			for range rapid.IntRange(0, 5).Draw(t, "tasks") {
				result, manifest := newResult(len(expected))
				require.NoError(t, r.add(result, manifest))
				expected = append(expected, result)
			}
			require.NoError(t, r.sync())
			r.close()
			name := filepath.Join(folder, rapid.SampledFrom([]string{resultsFile, manifestsFile}).Draw(t, "file"))
			raw, err := os.ReadFile(name)
			require.NoError(t, err)
			switch harm := rapid.SampledFrom([]string{"none", "cut", "changed", "longer"}).Draw(t, "harm"); {
			case harm == "cut":
				raw = raw[:rapid.IntRange(0, len(raw)).Draw(t, "left")]
			case harm == "changed" && len(raw) > 0:
				raw[rapid.IntRange(0, len(raw)-1).Draw(t, "at")] ^= 1
			case harm == "longer":
				raw = append(raw, bytes.Repeat([]byte{7}, rapid.IntRange(1, 300).Draw(t, "more"))...)
			}
			require.NoError(t, os.WriteFile(name, raw, 0o600))
		}
	})
}

func TestResultsOfOtherWorkAreNotContinued(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "chunk")
	one, other := sha256.Sum256([]byte("one")), sha256.Sum256([]byte("other"))
	r, err := openResults(folder, one, noOutputs)
	require.NoError(t, err)
	result, manifest := newResult(0)
	require.NoError(t, r.add(result, manifest))
	require.NoError(t, r.sync())
	r.close()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "output"), nil, 0o600))
	r, err = openResults(folder, other, noOutputs)
	require.NoError(t, err)
	require.Empty(t, r.done)
	r.close()
	require.NoFileExists(t, filepath.Join(folder, "output"))
	r, err = openResults(folder, one, noOutputs)
	require.NoError(t, err)
	require.Empty(t, r.done)
	r.close()
}

// sealedChunk writes the results of n tasks and returns the record of an assignment that has
// committed to them.
func sealedChunk(t *testing.T, n int) store.Assignment {
	t.Helper()
	record := store.Assignment{
		Key: store.Key{JobID: jobID(1), Task: 8}, Folder: filepath.Join(t.TempDir(), "chunk"), Count: uint64(n), Tasks: uint64(n),
		TraceKeys: [][]byte{make([]byte, 32)},
	}
	r, err := openResults(record.Folder, [32]byte{}, noOutputs)
	require.NoError(t, err)
	var positions []uint32
	for i := range n {
		result, manifest := newResult(i)
		require.NoError(t, r.add(result, manifest))
		positions = append(positions, uint32(i))
	}
	require.NoError(t, r.sync())
	root := computetypes.ChunkRoot(leavesOf(testChainID, record.Key, positions, false, r.done))
	record.Tag, record.Metrics.Fuel, record.ResultDigest = root.Hash, root.Fuel, digestOf(r.done)
	r.close()
	return record
}

// TestNothingIsShownOfResultsThatAreNotThoseOfTheCommitment: each change of the file is found.
func TestNothingIsShownOfResultsThatAreNotThoseOfTheCommitment(t *testing.T) {
	record := sealedChunk(t, 3)
	s, err := readSealed(testChainID, &record)
	require.NoError(t, err)
	require.Len(t, s.leaves, 3)
	path := filepath.Join(record.Folder, resultsFile)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for at := resultsHeadBytes; at < len(whole); at++ {
		broken := bytes.Clone(whole)
		broken[at] ^= 1
		require.NoError(t, os.WriteFile(path, broken, 0o600))
		_, err := readSealed(testChainID, &record)
		require.ErrorContains(t, err, "on this disk", at)
	}
	for _, left := range []int{0, resultsHeadBytes, len(whole) - 1} {
		require.NoError(t, os.WriteFile(path, whole[:left], 0o600))
		_, err := readSealed(testChainID, &record)
		require.ErrorContains(t, err, "expected 3 records")
	}
	require.NoError(t, os.WriteFile(path, append(whole, 1, 2, 3), 0o600))
	_, err = readSealed(testChainID, &record)
	require.NoError(t, err, "what follows the results of the commitment does not count")
	other := record
	other.Task++
	_, err = readSealed(testChainID, &other)
	require.ErrorContains(t, err, "expected the tag")
	require.NoError(t, os.Remove(path))
	_, err = readSealed(testChainID, &record)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestTheChainAcceptsTheResultsThatAreCommittable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.Uint64Range(1, 1000).Draw(t, "most")
		list := make([]taskResult, rapid.IntRange(1, 200).Draw(t, "tasks"))
		light := rapid.Uint64Range(0, most).Draw(t, "light")
		var sums []uint64
		var fuel uint64
		for i := range list {
			list[i].fuel = rapid.SampledFrom([]uint64{light, most, 0}).Draw(t, "fuel")
			fuel += list[i].fuel
			sums = append(sums, fuel)
		}
		j := &job{auditBps: 1, samples: rapid.Uint32Range(1, computetypes.MaxSamples).Draw(t, "samples")}
		accepted := func(n int) bool {
			return n <= computetypes.MaxSamples || computetypes.SampleSize(uint64(n), j.samples, most, sums[n-1]) <= computetypes.MaxSamples
		}
		n := committable(j, most, list)
		if n < 1 || n > len(list) || !accepted(n) {
			t.Fatalf("%d of %d tasks", n, len(list))
		}
		for more := n + 1; more <= len(list); more++ {
			if accepted(more) {
				t.Fatalf("%d tasks instead of %d", n, more)
			}
		}
		j.auditBps = 0
		if committable(j, most, list) != len(list) {
			t.Fatal("a chunk that is not audited is committed to as a whole")
		}
	})
}
