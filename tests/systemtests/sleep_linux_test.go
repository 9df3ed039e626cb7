//go:build system

package systemtests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// sleepBlocks is the number of blocks for which a daemon stands still: longer than it may without noticing.
const sleepBlocks = 40

// TestADaemonThatStoodStillForAWhileGoesOnAndNobodyIsSlashed: a laptop was closed in the middle of a job.
func TestADaemonThatStoodStillForAWhileGoesOnAndNobodyIsSlashed(t *testing.T) {
	t.Parallel()
	network := startNetwork(t)
	node := network.Nodes()[0]
	for _, when := range moments()[1:] {
		t.Run(when.name, func(t *testing.T) {
			slept := false
			run := follow(t, network, writeJob(t, fmt.Sprintf(textgen, root(t)), nil), func(p client.Progress) {
				if slept || !when.now(p) {
					return
				}
				slept = true
				standStill(t, network, node)
			})
			require.True(t, slept, "the job was over before the moment came")
			require.Equal(t, computetypes.JOB_STATUS_COMPLETED, run.Settlement.Job.Status)
			require.Len(t, paid(run), 3)
			requireUnharmed(t, network, run)
		})
	}
}

// standStill stops the daemon of a node until the other nodes have seen a number of blocks.
func standStill(t *testing.T, network *devnet.Devnet, node devnet.Node) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(node.Home(), "daemon.json"))
	require.NoError(t, err)
	var daemon struct {
		PID int `json:"pid"`
	}
	require.NoError(t, json.Unmarshal(raw, &daemon))
	other := network.Nodes()[1]
	height := func() int64 {
		status, err := other.Status(t.Context())
		if err != nil {
			return 0
		}
		return status.Height
	}
	var before int64
	require.Eventually(t, func() bool { before = height(); return before > 0 }, time.Minute, 100*time.Millisecond)
	require.NoError(t, syscall.Kill(daemon.PID, syscall.SIGSTOP))
	require.Eventually(t, func() bool { return height() >= before+sleepBlocks }, 5*time.Minute, 100*time.Millisecond)
	require.NoError(t, syscall.Kill(daemon.PID, syscall.SIGCONT))
}
