package client

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/client/proven"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestTheTasksOfAFailedChunkAreRunAgainUnderTheirNumbers(t *testing.T) {
	_, c, state, _ := chunkedArray(t, nil)
	dir := t.TempDir()
	_, err := c.Retries(t.Context(), state, dir)
	require.ErrorIs(t, err, proven.ErrProof)
	require.ErrorContains(t, err, "thetad compute fetch")

	_, _, err = follow(t, c, state, dir)
	require.NoError(t, err)
	retries, err := c.Retries(t.Context(), state, dir)
	require.NoError(t, err)
	require.Len(t, retries, 1)
	again, before := retries[0], specOf(t, state)
	require.EqualValues(t, []uint64{6, 6, 5, 5}, []uint64{again.First, again.Spec.FirstTask, again.Spec.Tasks, again.Spec.ChunkTasks})
	require.Equal(t, filepath.Join(dir, "retry-6"), again.Dir)
	require.NotEqual(t, state.Token, again.Token, "its results have a box of their own")
	require.NotEqual(t, before.Sink, again.Spec.Sink)
	require.Equal(t, before.TaskNumber(6), again.Spec.TaskNumber(0))
	require.Equal(t, before.ArrayInput, again.Spec.ArrayInput, "the inputs are found by the same numbers")
}

func specOf(t *testing.T, state *State) computetypes.JobSpec {
	t.Helper()
	spec, err := state.JobSpec()
	require.NoError(t, err)
	return spec
}

func TestOnlyEndedArraysAreRetried(t *testing.T) {
	_, c, state, settlement, dir := fetchedJob(t)
	_, err := c.Retries(t.Context(), state, dir)
	require.ErrorContains(t, err, "expected the folder of an array")
	_ = settlement

	chain, c, state, _ := endedArray(t)
	chain.steps = chain.steps[:1]
	_, err = c.Retries(t.Context(), state, dir)
	require.ErrorContains(t, err, "expected a job that has ended")
}

// Each task without an accepted result is in one range, no other task is, and no two ranges
// could be one.
func TestRetriedRangesHaveExactlyTheTasksWithoutAResult(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var receipts []computetypes.Receipt
		accepted := map[uint64]bool{}
		next := uint64(0)
		for range rapid.IntRange(0, 12).Draw(t, "chunks") {
			r := computetypes.Receipt{Task: next, Count: rapid.Uint64Range(0, 5).Draw(t, "count"), Status: computetypes.CHUNK_STATUS_FAILED}
			if rapid.Bool().Draw(t, "accepted") {
				r.Status = computetypes.CHUNK_STATUS_ACCEPTED
				for i := range r.Tasks() {
					accepted[next+i] = true
				}
			}
			next += r.Tasks()
			if rapid.IntRange(0, 5).Draw(t, "dropped") > 0 {
				receipts = append(receipts, r)
			} else {
				for i := range r.Tasks() {
					delete(accepted, r.Task+i)
				}
			}
		}
		receipts = rapid.Permutation(receipts).Draw(t, "order")
		found := map[uint64]bool{}
		end := uint64(0)
		for i, r := range unaccepted(receipts, next) {
			require.True(t, i == 0 && r.first == 0 || r.first > end, "ranges touch at %d", r.first)
			for n := range r.count {
				require.False(t, accepted[r.first+n])
				found[r.first+n] = true
			}
			end = r.first + r.count
		}
		require.Len(t, found, int(next)-len(accepted))
	})
}

func TestTheTableSaysHowEachTaskEnded(t *testing.T) {
	_, c, state, _ := chunkedArray(t, func(n int, bundle []byte) []byte {
		if n == 0 {
			return nil
		}
		return bundle
	})
	dir := t.TempDir()
	result, _, err := follow(t, c, state, dir)
	require.NoError(t, err)
	require.Equal(t, map[int32]int{0: 2, 3: 1}, result.ExitCodes)
	table, err := os.ReadFile(filepath.Join(dir, TableFile))
	require.NoError(t, err)
	require.Equal(t, `task,status,exit_code,fuel
0,missing,,
1,missing,,
2,accepted,3,12
3,accepted,0,13
4,missing,,
5,missing,,
6,failed,,
7,failed,,
8,failed,,
9,failed,,
10,failed,,
11,accepted,0,7
`, string(table))

	_, c, state, _ = endedArray(t)
	dir = t.TempDir()
	_, _, err = follow(t, c, state, dir)
	require.NoError(t, err)
	table, err = os.ReadFile(filepath.Join(dir, TableFile))
	require.NoError(t, err)
	require.Contains(t, string(table), "\n3,accepted,0,7\n4,failed,,\n5,never opened,,\n")
}
