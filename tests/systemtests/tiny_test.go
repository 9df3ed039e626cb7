//go:build system

package systemtests

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	"github.com/thetaedge/theta/tests/rate"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// tinyTasksVariable is the environment variable with the number of tasks; tinyTasks is the
	// number without it.
	tinyTasksVariable, tinyTasks = "TINY_TASKS", 600
	// tinyTurns makes a task take about a millisecond.
	tinyTurns = 277_000
	// tinyPause is the time between two kills of an edge node, and tinyClient how long the
	// command runs before it is killed.
	tinyPause, tinyClient = 7 * time.Second, 11 * time.Second
	// tinyPatience bounds the time of all runs together.
	tinyPatience = 15 * time.Minute
)

// TestManyTinyTasksArePaidOnceAlthoughNodesAndTheClientAreKilled: the number of tasks can be
// set by TINY_TASKS.
func TestManyTinyTasksArePaidOnceAlthoughNodesAndTheClientAreKilled(t *testing.T) {
	t.Parallel()
	tasks := uint64(tinyTasks)
	if text := os.Getenv(tinyTasksVariable); text != "" {
		var err error
		tasks, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, tinyTasksVariable)
	}
	network := startNetwork(t)
	ctx, cancel := context.WithTimeout(t.Context(), tinyPatience)
	defer cancel()
	chunk := min(max(tasks/6, 1), 4000)
	job := writeJob(t, fmt.Sprintf(`
executor: wasm/1
program: spin.wasm
args: ["%d", "{task}"]
tasks: %d
chunk: %d
resources: {fuel: %d, memory: 1MiB, output: 4KiB}
class: cpu-small
reward: 0.001tfuel
policy: {audit: 100%%}
lifetime_blocks: 20000
`, tinyTurns, tasks, chunk, rate.SpinFuel(tinyTurns)), map[string][]byte{"spin.wasm": rate.Spin()})
	out := filepath.Join(t.TempDir(), "results")

	done := make(chan struct{})
	killed := make(chan int)
	go func() { killed <- killNodes(t, network, done) }()
	started := time.Now()
	runs := runUntilSaved(ctx, t, network, job, out)
	close(done)
	t.Logf("%d tasks in %.1fs, with %d runs of the command and %d kills of nodes", tasks, time.Since(started).Seconds(), runs, <-killed)

	require.NoError(t, rate.CheckResults(tinyTurns, tasks, out))
	requirePaidOnce(ctx, t, network, tasks, chunk, out)
	requireUnharmed(t, network, &devnet.Run{Settlement: &client.Settlement{}})
}

// runUntilSaved runs the command, kills it and resumes it until it ends by itself. It returns
// the number of runs.
func runUntilSaved(ctx context.Context, t *testing.T, network *devnet.Devnet, job, out string) int {
	t.Helper()
	thetad := filepath.Join(root(t), "build", "thetad")
	for run := 1; ; run++ {
		args := []string{"compute", "run", "--resume"}
		if _, err := client.LoadState(out); err != nil {
			args = []string{"compute", "run", job}
		}
		args = append(args, "--wait", "--out", out, "--relay", network.Relay(), "--from", devnet.Alice, "--home", network.Home(), "-y")
		limited, stop := context.WithTimeout(ctx, time.Duration(run)*tinyClient)
		cmd := exec.CommandContext(limited, thetad, args...)
		cmd.WaitDelay = time.Second
		text, err := cmd.CombinedOutput()
		ended := limited.Err() == nil
		stop()
		if err == nil {
			return run
		}
		if ctx.Err() != nil || ended {
			t.Fatalf("run %d: %v\n%s\n%v", run, err, text, network.Logs())
		}
	}
}

// killNodes kills one edge node after the other and starts it again, until done is closed. It
// returns the number of kills.
func killNodes(t *testing.T, network *devnet.Devnet, done <-chan struct{}) int {
	kills := 0
	for nodes := network.Nodes(); ; kills++ {
		select {
		case <-done:
			return kills
		case <-time.After(tinyPause):
		}
		name := nodes[kills%len(nodes)].Name
		if err := network.Kill(name); err != nil {
			t.Errorf("kill %s: %v", name, err)
			return kills
		}
		if err := network.Restart(name); err != nil {
			t.Errorf("restart %s: %v", name, err)
			return kills
		}
	}
}

// requirePaidOnce checks that each task is in one accepted receipt, that the receipts are those
// of the job's root, and that the job has paid for each task and each sample once.
func requirePaidOnce(ctx context.Context, t *testing.T, network *devnet.Devnet, tasks, chunk uint64, out string) {
	t.Helper()
	c, err := network.Client(ctx)
	require.NoError(t, err)
	state, err := client.LoadState(out)
	require.NoError(t, err)
	answer, err := computetypes.NewQueryClient(network.Conn()).Job(ctx, &computetypes.QueryJobRequest{JobId: state.JobID})
	require.NoError(t, err)
	job := answer.Job
	require.Equal(t, computetypes.JOB_STATUS_COMPLETED, job.Status)
	require.Equal(t, tasks, job.TasksAccepted)
	checked, err := client.VerifyArray(network.ChainID(), &job, out)
	require.NoError(t, err)
	require.EqualValues(t, tasks, checked)

	times := make([]int, tasks)
	paid, expected, burned := math.ZeroInt(), math.ZeroInt(), math.ZeroInt()
	for height := job.PostedHeight; height <= job.ClosedHeight; height++ {
		receipts, err := c.Receipts(ctx, height)
		require.NoError(t, err)
		for _, r := range receipts {
			require.Equal(t, job.Id, r.JobId)
			require.LessOrEqual(t, r.Tasks(), chunk)
			for position := range r.Tasks() {
				times[r.Task+position]++
			}
			var executed, sampled uint64
			for _, o := range r.Outcomes {
				require.True(t, o.Slashed.IsZero(), "%s lost %s over task %d", o.Operator, o.Slashed, r.Task)
				paid = paid.Add(o.Paid)
				if n := o.Paid.Quo(job.Reward.Amount).Uint64(); n == r.Tasks() && executed == 0 {
					executed = n
				} else {
					sampled += n
				}
			}
			require.Equal(t, r.Tasks(), executed, "one node is paid for all tasks of the chunk of task %d", r.Task)
			require.LessOrEqual(t, sampled, uint64(computetypes.MaxSamples))
			expected = expected.Add(job.Reward.Amount.MulRaw(int64(executed + sampled)))
			burned = burned.Add(r.Burned)
		}
	}
	for task, n := range times {
		require.Equal(t, 1, n, "receipts of task %d", task)
	}
	require.Equal(t, expected, paid, "whole tasks are paid")
	require.Equal(t, job.TaskReserve.MulRaw(int64(tasks)).Sub(paid).Sub(burned).String(), job.Refunded.String())
}
