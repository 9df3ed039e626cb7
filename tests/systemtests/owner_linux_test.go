//go:build system

package systemtests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	"github.com/thetaedge/theta/tests/rate"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// TestNodesWhoseOwnersPlayAGameWaitAndAreStillPaid: while a program runs that the owners' rules name,
// the programs of all nodes stand still, and after it has ended they go on by themselves. A node whose
// program has not begun by then gives its part back in the prepare window only if that is about to end,
// so the window is longer than the game and the pause after it.
func TestNodesWhoseOwnersPlayAGameWaitAndAreStillPaid(t *testing.T) {
	t.Parallel()
	name := fmt.Sprintf("theta-game-%d", os.Getpid())
	network := startNetwork(t, func(o *devnet.Options) { o.Nodes, o.Processes = 3, []string{"theta-game-*", name} })
	job := writeJob(t, fmt.Sprintf(`
executor: wasm/1
program: spin.wasm
args: ["%d"]
resources: {fuel: %d, memory: 1MiB, output: 4KiB}
class: cpu-small
reward: 1tfuel
prepare_blocks: 400
commit_blocks: 800
`, suspendTurns, rate.SpinFuel(suspendTurns)), map[string][]byte{"spin.wasm": rate.Spin()})
	played := false
	run := follow(t, network, job, func(p client.Progress) {
		if p.Stage == client.StageExecute && !played {
			played = true
			play(t, network, name)
		}
	})
	require.True(t, played)
	require.Equal(t, computetypes.JOB_STATUS_COMPLETED, run.Settlement.Job.Status)
	require.Len(t, paid(run), 3)
	requireUnharmed(t, network, run)
}

// play starts a game once a node runs a program, sees that all nodes wait for it, and ends it.
func play(t *testing.T, network *devnet.Devnet, name string) {
	t.Helper()
	workers := func() (pids []int) {
		for _, node := range network.Nodes() {
			for _, worker := range node.Workers() {
				pids = append(pids, worker.PID)
			}
		}
		return pids
	}
	require.Eventually(t, func() bool { return len(workers()) > 0 }, time.Minute, time.Millisecond)
	sleep, err := exec.LookPath("sleep")
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.Symlink(sleep, program))
	game := exec.CommandContext(t.Context(), program, "600")
	game.Args[0] = "sleep" // some systems have one program for all tools, which looks at this name
	require.NoError(t, game.Start())
	for _, node := range network.Nodes() {
		require.Eventually(t, func() bool {
			status, err := node.Status(t.Context())
			return err == nil && status.Mode == "suspended" && len(status.Pauses) == 1 && status.Pauses[0].Rule == "processes"
		}, time.Minute, 10*time.Millisecond, node.Name)
	}
	pids := workers()
	var stood []uint64
	for _, pid := range pids {
		stood = append(stood, processorTicks(t, pid))
	}
	node := network.Nodes()[0]
	status, err := node.Status(t.Context())
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		now, err := node.Status(t.Context())
		return err == nil && now.Height >= status.Height+suspendBlocks
	}, time.Minute, 100*time.Millisecond, "the nodes follow the chain")
	for i, pid := range pids {
		require.Equal(t, stood[i], processorTicks(t, pid), "process %d", pid)
	}
	require.NoError(t, game.Process.Kill())
	_ = game.Wait()
}
