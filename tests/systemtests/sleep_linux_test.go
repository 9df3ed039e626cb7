//go:build system

package systemtests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

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
	network := startNetwork(t, func(o *devnet.Options) {
		// A network of this package waits for reveals for less than a minute.
		o.Params = map[string]map[string]any{"compute": {"reveal_blocks": "400"}}
	})
	node := network.Nodes()[0]
	for _, when := range worstMoments() {
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
	require.NoError(t, syscall.Kill(daemon.PID, syscall.SIGSTOP))
	awaitBlocks(t, network.Nodes()[1], sleepBlocks)
	require.NoError(t, syscall.Kill(daemon.PID, syscall.SIGCONT))
}
