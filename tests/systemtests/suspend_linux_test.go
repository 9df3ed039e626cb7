//go:build system

package systemtests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	"github.com/thetaedge/theta/tests/rate"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// suspendTurns makes a task take some seconds. suspendBlocks is the number of blocks for which its
// node is suspended.
const suspendTurns, suspendBlocks = 2_000_000_000, 5

// TestANodeThatIsSuspendedInMidRunIsPaidLikeTheOthers: its owner suspends the programs of one of
// three nodes and resumes them some blocks later.
func TestANodeThatIsSuspendedInMidRunIsPaidLikeTheOthers(t *testing.T) {
	t.Parallel()
	network := startNetwork(t, func(o *devnet.Options) { o.Nodes = 3 })
	job := writeJob(t, fmt.Sprintf(`
executor: wasm/1
program: spin.wasm
args: ["%d"]
resources: {fuel: %d, memory: 1MiB, output: 4KiB}
class: cpu-small
reward: 1tfuel
prepare_blocks: 15
`, suspendTurns, rate.SpinFuel(suspendTurns)), map[string][]byte{"spin.wasm": rate.Spin()})
	var suspended *devnet.Node
	run := follow(t, network, job, func(p client.Progress) {
		if p.Stage == client.StageExecute && suspended == nil {
			suspended = suspendOne(t, network)
		}
	})
	require.NotNil(t, suspended, "the job was over before a program was found")
	require.Equal(t, computetypes.JOB_STATUS_COMPLETED, run.Settlement.Job.Status)
	require.Len(t, paid(run), 3)
	require.Contains(t, paid(run), network.Address(suspended.Name))
	requireUnharmed(t, network, run)
}

// suspendOne suspends the first node that runs a program, sees that the program stands still, and
// resumes the node.
func suspendOne(t *testing.T, network *devnet.Devnet) *devnet.Node {
	t.Helper()
	var node devnet.Node
	var worker devnet.Worker
	require.Eventually(t, func() bool {
		for _, node = range network.Nodes() {
			for _, worker = range node.Workers() {
				return true
			}
		}
		return false
	}, time.Minute, time.Millisecond)
	command := func(args ...string) {
		out, err := exec.CommandContext(t.Context(), filepath.Join(root(t), "build", "thetaedge"), append(args, "--home", node.Home())...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	command("pause", "--suspend")
	var height int64
	require.Eventually(t, func() bool {
		status, err := node.Status(t.Context())
		if err == nil {
			height = status.Height
		}
		return err == nil && status.Mode == "suspended"
	}, time.Minute, 10*time.Millisecond)
	stood := processorTicks(t, worker.PID)
	require.Eventually(t, func() bool {
		status, err := node.Status(t.Context())
		return err == nil && status.Height >= height+suspendBlocks
	}, time.Minute, 100*time.Millisecond, "the node follows the chain")
	require.Equal(t, stood, processorTicks(t, worker.PID), "its program stands still")
	command("resume")
	return &node
}

// processorTicks returns the processor time that a process has used, in units of the system.
func processorTicks(t *testing.T, pid int) (sum uint64) {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	require.NoError(t, err)
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	for _, field := range fields[11:13] {
		n, err := strconv.ParseUint(field, 10, 64)
		require.NoError(t, err)
		sum += n
	}
	return sum
}
