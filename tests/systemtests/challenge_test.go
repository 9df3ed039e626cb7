//go:build system

package systemtests

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	"github.com/thetaedge/theta/tests/rate"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// silentTasks is the number of tasks of a chunk whose node delivers nothing.
	silentTasks = 8
	// silentTurns makes a task take less than a millisecond.
	silentTurns = 100_000
	// silentPatience is the longest time that such a chunk may take.
	silentPatience = 3 * time.Minute
)

// TestJudgesDeliverAChunkThatItsNodeHasKept: a node is paid for a chunk, delivers nothing and is
// gone. The requester has the whole chunk judged, and gets the results from the judges.
func TestJudgesDeliverAChunkThatItsNodeHasKept(t *testing.T) {
	t.Parallel()
	network := startNetwork(t, shortReveals, func(o *devnet.Options) { o.Nodes, o.Slots = 5, 1 })
	ctx, cancel := context.WithTimeout(t.Context(), silentPatience)
	defer cancel()
	line := newLine(t, network)
	state, settlement, out := runOver(t, network, line.URL, writeJob(t, fmt.Sprintf(`
executor: wasm/1
program: spin.wasm
args: ["%d", "{task}"]
tasks: %d
chunk: %[2]d
resources: {fuel: %d, memory: 1MiB, output: 4KiB}
class: cpu-small
reward: 0.01tfuel
policy: {audit: 1%%, challenge_blocks: 1000}
`, silentTurns, silentTasks, rate.SpinFuel(silentTurns)), map[string][]byte{"spin.wasm": rate.Spin()}), func(sink string) string {
		line.fallAt(sink, func(int, []byte) bool { return true })
		return sink
	})
	require.True(t, line.isDown(), "nothing was delivered")
	require.EqualValues(t, silentTasks, settlement.Job.TasksAccepted, "revealed all the same")
	receipt := onlyReceipt(ctx, t, network, &settlement.Job)
	require.EqualValues(t, silentTasks, receipt.Tasks())
	for _, node := range network.Nodes() {
		if slices.Contains(receipt.Agreed(), node.Operator) {
			require.NoError(t, network.Kill(node.Name))
		}
	}
	line.up()

	said, err := thetad(t, network, "compute", "challenge", state.JobID, "3", "--wait", "--from", devnet.Alice, "-y")
	if err != nil {
		t.Fatalf("%v\n%v", err, network.Logs())
	}
	require.Contains(t, said, fmt.Sprintf("Judges run all %d tasks of the chunk, from 0 to %d", silentTasks, silentTasks-1))
	require.Contains(t, said, "Upheld")
	judging := regexp.MustCompile(`Job (\S+) judges the result`).FindStringSubmatch(said)
	require.Len(t, judging, 2)

	said, err = thetad(t, network, "compute", "fetch", "--judges", judging[1], "--out", out, "--from", devnet.Alice, "-y")
	if err != nil {
		t.Fatalf("%v\n%v", err, network.Logs())
	}
	require.Contains(t, said, "Asked nodes")
	require.NoError(t, rate.CheckResults(silentTurns, silentTasks, out))
	_, err = thetad(t, network, "compute", "verify", state.JobID, "--dir", out)
	require.NoError(t, err)
	requireUnharmed(t, network, &devnet.Run{Settlement: &client.Settlement{}})
}

// onlyReceipt returns the receipt of an ended job of one chunk.
func onlyReceipt(ctx context.Context, t *testing.T, network *devnet.Devnet, job *computetypes.Job) computetypes.Receipt {
	t.Helper()
	c, err := network.Client(ctx)
	require.NoError(t, err)
	var found []computetypes.Receipt
	for height := job.PostedHeight; height <= job.ClosedHeight; height++ {
		receipts, err := c.Receipts(ctx, height)
		require.NoError(t, err)
		found = append(found, slices.DeleteFunc(receipts, func(r computetypes.Receipt) bool { return r.JobId != job.Id })...)
	}
	require.Len(t, found, 1)
	return found[0]
}
