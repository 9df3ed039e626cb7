package bench_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tests/bench"
)

func requireStat(t *testing.T, what string, s bench.Stat, n int) {
	t.Helper()
	require.Positive(t, s.Min, "%s: minimum", what)
	requireOrder(t, what, s, n)
}

// requireOrder is requireStat for differences of measurements, which noise can make negative.
func requireOrder(t *testing.T, what string, s bench.Stat, n int) {
	t.Helper()
	require.Equal(t, n, s.N, "%s: measurements", what)
	require.GreaterOrEqual(t, s.Median, s.Min, "%s: median", what)
	require.GreaterOrEqual(t, s.Max, s.Median, "%s: maximum", what)
}

// The stages of a chunk add up to its operations.
func requireStages(t *testing.T, flow bench.FlowReport, cycles int) {
	t.Helper()
	var reads, writes, gas float64
	for _, s := range flow.Stages {
		requireOrder(t, s.Stage, s.CPUMS, cycles)
		require.Positive(t, s.Ops.Writes, s.Stage)
		reads, writes, gas = reads+s.Ops.Reads, writes+s.Ops.Writes, gas+s.Gas
	}
	tasks := float64(flow.TasksPerChunk)
	require.InEpsilon(t, flow.OpsPerTask.Reads*tasks, reads, 1e-6)
	require.InEpsilon(t, flow.OpsPerTask.Writes*tasks, writes, 1e-6)
	require.GreaterOrEqual(t, gas, flow.GasPerTask.Min*tasks*0.999)
	require.LessOrEqual(t, gas, flow.GasPerTask.Max*tasks*1.001)
}

// The report of a tiny run contains every figure, and the figures are consistent.
func TestReportIsCompleteAndConsistent(t *testing.T) {
	scale, err := bench.ScaleOf("tiny")
	require.NoError(t, err)
	report, err := bench.Run(scale, t.TempDir(), t.Logf)
	require.NoError(t, err)

	require.Equal(t, "tiny", report.Scale)
	require.Positive(t, report.Seconds)
	require.Equal(t, scale.Queue, report.QueueItemsPerBlock)
	requireStat(t, "block with a full queue", report.QueueBlockMS, scale.QueueBlocks)
	require.Equal(t, scale.Backlog, report.BacklogItems)
	requireStat(t, "block of a backlog", report.BacklogBlockMS, report.BacklogBlocks)
	require.NotNil(t, report.Array)
	require.Equal(t, scale.ArrayTasks, report.Array.Tasks)
	require.Equal(t, 16, report.Array.Chunks)
	require.Len(t, report.Growth, len(scale.Sizes))
	for _, size := range append(report.Growth, report.BlockSTM...) {
		require.Positive(t, size.LoadSeconds)
		requireStat(t, "empty block", size.EmptyBlockMS, scale.Cycles)
		requireStat(t, "epoch roll", size.EpochRollMS, scale.Cycles)
		require.Len(t, size.Flows, 11)
		requireStat(t, "sends", size.SendTPS, len(size.Flows)*scale.Cycles)
		for name, flow := range size.Flows {
			requireStat(t, name+" ratio", flow.Ratio, scale.Cycles)
			requireStat(t, name+" ratio by processor time", flow.CPURatio, scale.Cycles)
			requireStat(t, name+" tasks", flow.TasksPerSecond, scale.Cycles)
			requireStat(t, name+" gas", flow.GasPerTask, scale.Cycles)
			// A chunk of any number of tasks at least writes and removes its records, and writes
			// a receipt.
			tasks := float64(max(1, flow.TasksPerChunk))
			require.Greater(t, flow.OpsPerTask.Reads*tasks, 5.0, name)
			require.Greater(t, flow.OpsPerTask.Writes*tasks, 5.0, name)
			require.Positive(t, flow.OpsByStore["compute"].Writes, name)
		}
		require.Equal(t, size.Flows["spread"].Ratio, size.Ratio)
		require.Less(t, size.Flows["batched_audit"].OpsPerTask.Writes, size.Flows["batched"].OpsPerTask.Writes,
			"one replica writes less than three")
		require.Less(t, size.Flows["array"].OpsPerTask.Writes, size.Flows["batched_audit"].OpsPerTask.Writes,
			"an array has one job and one spec")
		require.Less(t, size.Flows["batched"].OpsPerTask.Writes, size.Flows["spread"].OpsPerTask.Writes,
			"a batch writes its signer's account once")
		requireStages(t, size.Flows["chunk_1"], scale.Cycles)
		requireStages(t, size.Flows["chunk_4096"], scale.Cycles)
		require.Less(t, size.Flows["chunk_4096"].GasPerTask.Median, size.Flows["chunk_1"].GasPerTask.Median/1_000)
		require.Less(t, size.Flows["chunk_4096"].OpsPerTask.Writes, size.Flows["chunk_1"].OpsPerTask.Writes/1_000)
	}
	first := report.Growth[0]
	require.Equal(t, scale.Sizes[0], first.Nodes)
	require.Equal(t, first.SendTPS, report.SendTPS)
	require.Equal(t, first.Flows["lifecycle"].Ratio, report.LifecycleRatio)
	require.Equal(t, first.Flows["batched"].Ratio, report.BatchedRatio)

	requireWritten(t, report)
}

// The report can be read by its documented names, and the table contains every flow.
func requireWritten(t *testing.T, report *bench.Report) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bench", "report.json")
	require.NoError(t, report.Write(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(text, &fields))
	for _, name := range []string{
		"send_tps", "lifecycle_ratio", "batched_ratio", "ops_per_task", "growth", "epoch_roll_ms",
		"queue_block_ms", "backlog_block_ms", "block_stm",
	} {
		require.Contains(t, fields, name)
	}
	require.Contains(t, fields["ops_per_task"], "reads")
	require.Contains(t, fields["ops_per_task"], "writes")

	var table strings.Builder
	require.NoError(t, report.Print(&table))
	for name := range report.BlockSTM[0].Flows {
		require.Contains(t, table.String(), name)
	}
}

func TestUnknownScaleIsRefused(t *testing.T) {
	_, err := bench.ScaleOf("huge")
	require.ErrorContains(t, err, "expected tiny, small, normal or full")
}
