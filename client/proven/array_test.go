// The race detector would have to compile the whole app for these tests.
//go:build !race

package proven_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client/proven"
	"github.com/thetaedge/theta/testutil/edge"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const arrayTasks = 9

// Real nodes work off an array; every task's receipt follows from a trusted header,
// and none that a node has changed does.
func TestEveryTaskOfAnArrayIsProvenUnderItsRoot(t *testing.T) {
	chain, id, results := edge.SettledArray(t, arrayTasks)
	node := serve(t, chain, validators)
	node.Results = results
	reader, blocks := reader(t, node), dial(t, node)

	job, _, err := reader.Job(t.Context(), id, 0)
	require.NoError(t, err)
	require.Equal(t, computetypes.JOB_STATUS_COMPLETED, job.Status)
	array, err := proven.ReadArray(t.Context(), blocks, job)
	require.NoError(t, err)
	require.Len(t, array.Receipts(), arrayTasks)
	require.Equal(t, job.ResultsRoot, array.Root())

	for task := range uint64(arrayTasks) {
		inclusion, record, err := reader.ArrayReceipt(t.Context(), blocks, id, task, 0)
		require.NoError(t, err)
		require.Equal(t, chain.Height(), record.Height)
		require.Equal(t, task, inclusion.Receipt.Task)
		require.Equal(t, computetypes.CHUNK_STATUS_ACCEPTED, inclusion.Receipt.Status)
		requireFragile(t, job, inclusion)
	}
	_, _, err = reader.ArrayReceipt(t.Context(), blocks, id, arrayTasks, 0)
	require.ErrorIs(t, err, proven.ErrNoTask)
	none, _, err := reader.ArrayReceipt(t.Context(), blocks, computetypes.JobID{Height: 1}, 0, 0)
	require.NoError(t, err)
	require.Nil(t, none)

	t.Run("a block that the node has lost", func(t *testing.T) {
		delete(results, array.Receipts()[0].Height)
		_, err := proven.ReadArray(t.Context(), blocks, job)
		require.ErrorIs(t, err, proven.ErrProof)
		require.ErrorContains(t, err, "expected 9 receipts")
	})
}

// requireFragile expects that no part of an inclusion can be changed.
func requireFragile(t *testing.T, job *computetypes.Job, honest *proven.Inclusion) {
	t.Helper()
	require.NoError(t, honest.Verify(job))
	for name, change := range map[string]func(*proven.Inclusion){
		"another result": func(i *proven.Inclusion) { i.Receipt.ExitCode++ },
		"another task":   func(i *proven.Inclusion) { i.Receipt.Task++ },
		"another job":    func(i *proven.Inclusion) { i.Receipt.JobId = "1-1-1" },
		"another place":  func(i *proven.Inclusion) { i.Index ^= 1 },
		"a larger tree":  func(i *proven.Inclusion) { i.Size++ },
		"a shorter path": func(i *proven.Inclusion) { i.Path = i.Path[1:] },
		"another path": func(i *proven.Inclusion) {
			i.Path = slices.Clone(i.Path)
			i.Path[0] = bytes.Repeat([]byte{1}, 32)
		},
	} {
		lie := *honest
		change(&lie)
		require.ErrorIs(t, lie.Verify(job), proven.ErrProof, "task %d: %s", honest.Receipt.Task, name)
	}
}

func TestReceiptsOfAnArrayAreOfOneJobAndOneATask(t *testing.T) {
	receipts := []computetypes.Receipt{{JobId: "1-0-0", Task: 1, Height: 9}, {JobId: "1-0-0", Task: 0, Height: 9}, {JobId: "1-0-0", Task: 2, Height: 8}}
	array, err := proven.NewArray("1-0-0", receipts)
	require.NoError(t, err)
	var order []uint64
	for _, receipt := range array.Receipts() {
		order = append(order, receipt.Task)
	}
	require.Equal(t, []uint64{2, 0, 1}, order)

	_, err = proven.NewArray("2-0-0", receipts)
	require.ErrorContains(t, err, "expected receipts of job 2-0-0")
	_, err = proven.NewArray("1-0-0", append(receipts, receipts[0]))
	require.ErrorContains(t, err, "found two of task 1")
}

func TestATaskIsFoundInTheReceiptOfItsChunk(t *testing.T) {
	receipts := []computetypes.Receipt{
		{JobId: "1-0-0", Task: 10, Count: 4, Height: 8},
		{JobId: "1-0-0", Task: 0, Count: 10, Height: 9},
		{JobId: "1-0-0", Task: 14, Height: 8},
		{JobId: "1-0-0", Task: 15, Count: 1, Height: 10},
	}
	array, err := proven.NewArray("1-0-0", receipts)
	require.NoError(t, err)
	job := &computetypes.Job{Id: "1-0-0", Status: computetypes.JOB_STATUS_COMPLETED, Tasks: 16, TasksEnded: 16, ChunksEnded: 4, ResultsRoot: array.Root()}
	require.NoError(t, array.Check(job))
	for task, first := range map[uint64]uint64{0: 0, 9: 0, 10: 10, 13: 10, 14: 14, 15: 15} {
		inclusion, err := array.Prove(task)
		require.NoError(t, err)
		require.Equal(t, first, inclusion.Receipt.Task, "task %d", task)
		require.NoError(t, inclusion.Verify(job))
	}
	_, err = array.Prove(16)
	require.ErrorIs(t, err, proven.ErrNoTask)

	for name, extra := range map[string]computetypes.Receipt{
		"inside":            {JobId: "1-0-0", Task: 12},
		"across":            {JobId: "1-0-0", Task: 9, Count: 2},
		"around everything": {JobId: "1-0-0", Task: 0, Count: 1 << 63},
	} {
		_, err := proven.NewArray("1-0-0", append(receipts, extra))
		require.ErrorContains(t, err, "expected one receipt per task", name)
	}
	left := array.Receipts()[1:]
	array, err = proven.NewArray("1-0-0", left)
	require.NoError(t, err)
	require.ErrorContains(t, array.Check(job), "expected 4 receipts of job 1-0-0, found 3")
}
