//go:build system

package systemtests

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// patientTextgen leaves time to give back a task that has begun.
const patientTextgen = textgen + "prepare_blocks: 60\n"

// killWorkers kills the next worker that runs a program on each node, until some were hit.
func killWorkers(ctx context.Context, nodes []devnet.Node, most int) map[string]bool {
	hit := map[string]bool{}
	for len(hit) < most && ctx.Err() == nil {
		for _, node := range nodes {
			for _, worker := range node.Workers() {
				if !hit[node.Name] && len(hit) < most && syscall.Kill(worker.PID, syscall.SIGKILL) == nil {
					hit[node.Name] = true
				}
			}
		}
		time.Sleep(time.Millisecond)
	}
	return hit
}

func TestTheEndOfAWorkerCostsItsNodeThatTaskAndNothingElse(t *testing.T) {
	t.Parallel()
	network := startNetwork(t, func(o *devnet.Options) { o.Nodes = 4 })
	textgenJob := writeJob(t, fmt.Sprintf(patientTextgen, root(t)), nil)
	t.Run("a worker is killed in the middle of a task", func(t *testing.T) {
		var victims map[string]bool
		run := follow(t, network, textgenJob, func(p client.Progress) {
			if p.Stage == client.StageExecute && victims == nil {
				victims = killWorkers(t.Context(), network.Nodes(), 1)
			}
		})
		require.Len(t, victims, 1, "the job was over before a worker was found")
		require.Equal(t, computetypes.JOB_STATUS_COMPLETED, run.Settlement.Job.Status)
		require.Len(t, paid(run), 3, "another node has taken its place")
		for victim := range victims {
			require.NotContains(t, paid(run), network.Address(victim), "what a dead worker has left is never committed")
		}
		requireUnharmed(t, network, run)
	})
	t.Run("a program ends every worker that it is given", func(t *testing.T) { endEveryWorker(t, network, textgenJob) })
}

// endEveryWorker kills the workers of one job on three nodes, and requires that the nodes
// then serve another requester.
func endEveryWorker(t *testing.T, network *devnet.Devnet, job string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	posting, stop := context.WithCancel(ctx)
	posted := make(chan error, 1)
	go func() {
		_, err := network.Run(posting, devnet.Alice, job, t.TempDir(), func(p client.Progress) { t.Log(p) })
		posted <- err
	}()
	require.Len(t, killWorkers(ctx, network.Nodes(), 3), 3, "%v", network.Logs())
	run, err := network.Run(ctx, devnet.Bob, writeJob(t, smallJob, map[string][]byte{"program.wasm": endless}), t.TempDir(), func(p client.Progress) { t.Log(p) })
	if err != nil {
		t.Fatalf("%v\n%v", err, network.Logs())
	}
	stop()
	require.ErrorIs(t, <-posted, context.Canceled, "the other job has no result")
	require.Equal(t, computetypes.JOB_STATUS_COMPLETED, run.Settlement.Job.Status)
	require.Len(t, paid(run), 3)
	requireUnharmed(t, network, run)
}
