package client

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/proven"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	arrayTasks = 6
	// arrayFails is the task that ends without a result, arrayDropped was never
	// opened.
	arrayFails   = 4
	arrayDropped = 5
)

// endedArray is an array of which four tasks have a result on the relay.
func endedArray(t *testing.T) (*chain, *Client, *State, *computetypes.Job) {
	t.Helper()
	packed, err := packedArray(t, startRelay(t), arrayTasks, "")
	require.NoError(t, err)
	chain := newChain()
	chain.height, chain.ended = 20, map[int64][]computetypes.Receipt{}
	c := testClient(t, chain)
	state, err := c.NewState(packed)
	require.NoError(t, err)
	state.JobID = testJob

	var receipts []computetypes.Receipt
	for task := range uint64(arrayDropped) {
		receipt := arrayReceipt(t, packed, task)
		chain.ended[receipt.Height] = append(chain.ended[receipt.Height], receipt, computetypes.Receipt{JobId: "9-9-9", Task: task})
		receipts = append(receipts, receipt)
	}
	tree, err := proven.NewArray(testJob, receipts)
	require.NoError(t, err)
	job := &computetypes.Job{
		Id: testJob, Status: computetypes.JOB_STATUS_CANCELLED, PostedHeight: 7, ClosedHeight: 14, Tasks: arrayTasks,
		TasksOpened: arrayDropped, TasksEnded: arrayTasks, TasksDropped: 1, TasksAccepted: arrayFails,
		Reward: params.TfuelCoin(1), Reserved: math.ZeroInt(), Refunded: params.Tfuel(2), ResultsRoot: tree.Root(),
		Liability: math.ZeroInt(), BondValue: math.OneInt(), TaskReserve: params.Tfuel(1),
	}
	running := *job
	running.Status, running.ResultsRoot, running.ClosedHeight = computetypes.JOB_STATUS_RUNNING, nil, 0
	chain.steps = []step{{job: running}, {job: *job}}
	return chain, c, state, job
}

// arrayReceipt delivers the result of a task, two tasks a block in disorder.
func arrayReceipt(t *testing.T, packed *Packed, task uint64) computetypes.Receipt {
	t.Helper()
	receipt := computetypes.Receipt{JobId: testJob, Task: task, Height: 14 - int64(task/2), Status: computetypes.CHUNK_STATUS_FAILED}
	if task == arrayFails {
		return receipt
	}
	result := deliver(t, computetypes.TaskSink(packed.Spec.Sink, task), map[string]string{"out.txt": fmt.Sprintf("result %d\n", task)})
	digest, err := result.Digest()
	require.NoError(t, err)
	receipt.Status = computetypes.CHUNK_STATUS_ACCEPTED
	receipt.Tags, receipt.Fuel = [][]byte{tagOf(testChain, task, digest)}, testFuel
	receipt.Outcomes = []computetypes.Outcome{{Operator: "a", Paid: params.Tfuel(1), Slashed: math.ZeroInt(), Share: math.ZeroInt()}}
	return receipt
}

func follow(t *testing.T, c *Client, state *State, dir string) (*ArrayResult, []string, error) {
	t.Helper()
	var lines []string
	save := func(s *State) error { return s.Save(dir) }
	result, err := c.FollowArray(t.Context(), state, dir, save, func(p Progress) { lines = append(lines, p.String()) })
	return result, lines, err
}

func TestAnArraysResultsGatherAsItsTasksEnd(t *testing.T) {
	_, c, state, job := endedArray(t)
	dir := t.TempDir()
	result, lines, err := follow(t, c, state, dir)
	require.NoError(t, err)
	require.Equal(t, []string{"6 of 6 tasks ended, 4 with a result and 2 without; 5 opened", "settled: CANCELLED"}, lines)
	require.Equal(t, 4, result.Fetched)
	require.Equal(t, 2, result.Failed)
	require.Zero(t, result.Missing)
	require.Equal(t, params.TfuelCoin(4), result.Paid)
	for task := range arrayFails {
		text, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(task), "out.txt"))
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("result %d\n", task), string(text))
	}
	checked, err := VerifyArray(testChain, job, dir)
	require.NoError(t, err)
	require.Equal(t, 4, checked)

	// A run that comes later has all it needs.
	loaded, err := LoadState(dir)
	require.NoError(t, err)
	require.GreaterOrEqual(t, loaded.Scanned, job.ClosedHeight)
	loaded.Relay = "http://127.0.0.1:1"
	again, _, err := follow(t, c, loaded, dir)
	require.NoError(t, err)
	require.Equal(t, result, again)
}

func TestSavedArraysAreCheckedToTheLastFile(t *testing.T) {
	_, c, state, job := endedArray(t)
	dir := t.TempDir()
	_, _, err := follow(t, c, state, dir)
	require.NoError(t, err)

	other := *job
	other.ResultsRoot = make([]byte, 32)
	_, err = VerifyArray(testChain, &other, dir)
	require.ErrorIs(t, err, proven.ErrProof)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "1", "out.txt"), []byte("result X\n"), 0o600))
	checked, err := VerifyArray(testChain, job, dir)
	require.ErrorIs(t, err, ErrMismatch)
	require.True(t, strings.HasPrefix(err.Error(), "task 1: "), err.Error())
	require.Equal(t, 3, checked, "the tree goes by height")

	require.NoError(t, os.WriteFile(filepath.Join(dir, ReceiptsFile), nil, 0o600))
	_, err = VerifyArray(testChain, job, dir)
	require.ErrorContains(t, err, "expected 5 receipts of job 7-0-0, found 0")
}

// A node that leaves a receipt out, or changes one, is found out by the root.
func TestReceiptsThatDoNotGiveTheRootAreGatheredAnew(t *testing.T) {
	chain, c, state, _ := endedArray(t)
	dir := t.TempDir()
	honest := chain.ended[14][0]
	chain.ended[14][0].ExitCode = 1
	_, _, err := follow(t, c, state, dir)
	require.ErrorIs(t, err, proven.ErrProof)

	chain.ended[14][0] = honest
	result, _, err := follow(t, c, state, dir)
	require.NoError(t, err)
	require.Equal(t, 4, result.Fetched)
}

func TestAResultThatTheRelayLostIsNamedAndTheRestIsFetched(t *testing.T) {
	chain, c, state, job := endedArray(t)
	lost := &chain.ended[14][0]
	lost.Tags = [][]byte{make([]byte, 32)}
	var receipts []computetypes.Receipt
	for _, ended := range chain.ended {
		for _, receipt := range ended {
			if receipt.JobId == testJob {
				receipts = append(receipts, receipt)
			}
		}
	}
	tree, err := proven.NewArray(testJob, receipts)
	require.NoError(t, err)
	job.ResultsRoot = tree.Root()
	chain.steps = []step{{job: *job}}

	result, _, err := follow(t, c, state, t.TempDir())
	require.NoError(t, err)
	require.Equal(t, 3, result.Fetched)
	require.Equal(t, 1, result.Missing)
	require.ErrorIs(t, result.FirstMissing, ErrNotDelivered)
}

func TestReceiptsThatACrashCutOffAreDropped(t *testing.T) {
	dir := t.TempDir()
	log, err := openReceiptLog(dir)
	require.NoError(t, err)
	require.NoError(t, log.add([]computetypes.Receipt{{JobId: testJob, Task: 1}, {JobId: testJob, Task: 2}}))
	raw, err := os.ReadFile(filepath.Join(dir, ReceiptsFile))
	require.NoError(t, err)
	for cut := range len(raw) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, ReceiptsFile), raw[:cut], 0o600))
		log, err := openReceiptLog(dir)
		require.NoError(t, err)
		require.NoError(t, log.add([]computetypes.Receipt{{JobId: testJob, Task: 1}, {JobId: testJob, Task: 2}}))
		again, err := openReceiptLog(dir)
		require.NoError(t, err)
		require.Len(t, again.tasks, 2, "cut at %d", cut)
	}
}
