package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/thetaedge/theta/tests/bench/stat"
)

// Stat is the median and the spread of some measurements.
type Stat = stat.Stat

func newStat(values []float64) Stat { return stat.New(values) }

// FlowReport describes the tasks of a flow relative to bank sends.
type FlowReport struct {
	// Ratio of tasks settled per second to bank sends per second.
	Ratio Stat `json:"ratio"`
	// CPURatio is the processor time of a send divided by that of a task. This is the same
	// ratio if one thread works, and it is steadier on a machine that does other work.
	CPURatio Stat `json:"cpu_ratio"`
	// TasksPerSecond is the number of settled tasks per second, including all their messages
	// and waiting blocks.
	TasksPerSecond Stat `json:"tasks_per_second"`
	// OpsPerTask are the operations that reach the trees on disk, without those of empty
	// blocks.
	OpsPerTask Ops `json:"ops_per_task"`
	// OpsByStore are the same operations by store.
	OpsByStore map[string]Ops `json:"ops_by_store"`
	// GasPerTask is the gas used by all transactions of a task.
	GasPerTask Stat `json:"gas_per_task"`
	// FullBlockMS is the time for as many tasks as fit into the default gas limit of a block.
	FullBlockMS Stat `json:"full_block_ms"`
	// TasksPerChunk is the number of tasks of each chunk, and Stages are the costs of a chunk,
	// if the flow is one of chunks.
	TasksPerChunk int           `json:"tasks_per_chunk,omitempty"`
	Stages        []StageReport `json:"stages,omitempty"`
}

// SizeReport contains the measurements with one number of nodes and live jobs.
type SizeReport struct {
	Nodes int `json:"nodes"`
	Jobs  int `json:"jobs"`
	// Ratio is that of the spread flow, whose tasks go to nodes all over the tree.
	Ratio Stat `json:"ratio"`
	// SendTPS is the number of bank sends per second between accounts all over the tree.
	SendTPS Stat `json:"send_tps"`
	// GasPerSend and FullSendBlockMS are, for bank sends, what GasPerTask and FullBlockMS are
	// for tasks.
	GasPerSend      Stat                  `json:"gas_per_send"`
	FullSendBlockMS Stat                  `json:"full_send_block_ms"`
	Flows           map[string]FlowReport `json:"flows"`
	EmptyBlockMS    Stat                  `json:"empty_block_ms"`
	EpochRollMS     Stat                  `json:"epoch_roll_ms"`
	LoadSeconds     float64               `json:"load_seconds"`
}

// Report is the outcome of a run. Figures without a size are those of the smallest size,
// except for epoch_roll_ms, which is that of the largest.
type Report struct {
	Scale string `json:"scale"`
	CPUs  int    `json:"cpus"`
	// Signatures is the implementation that verifies signatures; a send costs a third more
	// without libsecp256k1.
	Signatures     string `json:"signatures"`
	SendTPS        Stat   `json:"send_tps"`
	LifecycleRatio Stat   `json:"lifecycle_ratio"`
	BatchedRatio   Stat   `json:"batched_ratio"`
	// The same under AUDIT, and for the tasks of one array under AUDIT.
	LifecycleAuditRatio Stat         `json:"lifecycle_audit_ratio"`
	BatchedAuditRatio   Stat         `json:"batched_audit_ratio"`
	ArrayRatio          Stat         `json:"array_ratio"`
	OpsPerTask          Ops          `json:"ops_per_task"`
	Growth              []SizeReport `json:"growth"`
	// RatioDriftPercent is the largest difference between the ratios of a flow at the
	// smallest size and at another.
	RatioDriftPercent map[string]float64 `json:"ratio_drift_percent"`
	// OpsDriftPercent is the same for the sum of reads and writes per task.
	OpsDriftPercent map[string]float64 `json:"ops_drift_percent"`
	EpochRollMS     Stat               `json:"epoch_roll_ms"`
	EmptyBlockMS    Stat               `json:"empty_block_ms"`
	// QueueBlockMS is the time of a block that processes QueueItemsPerBlock missed deadlines.
	QueueBlockMS       Stat `json:"queue_block_ms"`
	QueueItemsPerBlock int  `json:"queue_items_per_block"`
	// BacklogBlockMS is the time of each of the BacklogBlocks in which BacklogItems expired
	// tasks and as many leases are processed.
	BacklogBlockMS Stat `json:"backlog_block_ms"`
	BacklogItems   int  `json:"backlog_items"`
	BacklogBlocks  int  `json:"backlog_blocks"`
	// Array is one array that was settled as a whole.
	Array    *ArrayReport `json:"array,omitempty"`
	BlockSTM []SizeReport `json:"block_stm"`
	Seconds  float64      `json:"seconds"`
}

func newReport(scale Scale) *Report {
	return &Report{Scale: scale.Name, CPUs: runtime.NumCPU(), Signatures: Signatures}
}

// add adds the measurements of a run of one step.
func (r *Report) add(step *Report) {
	r.Growth = append(r.Growth, step.Growth...)
	r.BlockSTM = append(r.BlockSTM, step.BlockSTM...)
	if step.QueueItemsPerBlock > 0 {
		r.QueueBlockMS, r.QueueItemsPerBlock = step.QueueBlockMS, step.QueueItemsPerBlock
	}
	if step.Array != nil {
		r.Array = step.Array
	}
	if step.BacklogItems > 0 {
		r.BacklogBlockMS, r.BacklogItems, r.BacklogBlocks = step.BacklogBlockMS, step.BacklogItems, step.BacklogBlocks
	}
}

// summarise computes the figures without a size from those by size.
func (r *Report) summarise() {
	if len(r.Growth) == 0 {
		return
	}
	first, last := r.Growth[0], r.Growth[len(r.Growth)-1]
	r.SendTPS, r.EmptyBlockMS, r.EpochRollMS = first.SendTPS, first.EmptyBlockMS, last.EpochRollMS
	r.LifecycleRatio = first.Flows[lifecycle().Name].Ratio
	r.BatchedRatio = first.Flows[batched().Name].Ratio
	r.LifecycleAuditRatio = first.Flows[lifecycleAudit().Name].Ratio
	r.BatchedAuditRatio = first.Flows[batchedAudit().Name].Ratio
	r.ArrayRatio = first.Flows[array().Name].Ratio
	r.OpsPerTask = first.Flows[lifecycle().Name].OpsPerTask
	r.RatioDriftPercent, r.OpsDriftPercent = make(map[string]float64), make(map[string]float64)
	for name, least := range first.Flows {
		for _, size := range r.Growth {
			flow := size.Flows[name]
			r.RatioDriftPercent[name] = max(r.RatioDriftPercent[name], drift(least.Ratio.Median, flow.Ratio.Median))
			r.OpsDriftPercent[name] = max(r.OpsDriftPercent[name], drift(least.OpsPerTask.total(), flow.OpsPerTask.total()))
		}
	}
}

// drift returns the difference between to and from, in percent of from.
func drift(from, to float64) float64 { return 100 * math.Abs(to/from-1) }

// Write writes the report to a file.
func (r *Report) Write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600)
}

// Print prints the report as a table for readers.
func (r *Report) Print(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(w, strings.Join(cells, "\t")) }
	row("executor", "nodes = jobs", "flow", "ratio to a send", "by cpu time", "tasks/s", "reads", "writes", "gas/task", "full block, ms")
	sizes := func(executor string, reports []SizeReport) {
		for _, size := range reports {
			row(executor, fmt.Sprint(size.Nodes), "send", "1", "1", size.SendTPS.String(), "", "",
				fmt.Sprintf("%.0f", size.GasPerSend.Median), fmt.Sprintf("%.0f", size.FullSendBlockMS.Median))
			for _, f := range flows() {
				flow, measured := size.Flows[f.Name]
				if !measured {
					continue
				}
				row(executor, fmt.Sprint(size.Nodes), f.Name, flow.Ratio.String(),
					flow.CPURatio.String(), flow.TasksPerSecond.String(),
					figure(flow.OpsPerTask.Reads), figure(flow.OpsPerTask.Writes),
					fmt.Sprintf("%.0f", flow.GasPerTask.Median), fmt.Sprintf("%.0f", flow.FullBlockMS.Median))
			}
		}
	}
	sizes("sequential", r.Growth)
	sizes("block-stm", r.BlockSTM)
	row()
	if len(r.Growth) > 0 {
		printStages(row, r.Growth[0])
	}
	row("signatures checked by", r.Signatures)
	row("empty block", r.EmptyBlockMS.String()+" ms")
	row("epoch roll, largest size", r.EpochRollMS.String()+" ms")
	row(fmt.Sprintf("block with %d due items", r.QueueItemsPerBlock), r.QueueBlockMS.String()+" ms")
	row(fmt.Sprintf("block of a backlog of %d", r.BacklogItems), r.BacklogBlockMS.String()+" ms",
		fmt.Sprintf("%d blocks", r.BacklogBlocks))
	if a := r.Array; a != nil {
		row(fmt.Sprintf("an array of %d tasks in chunks of %d", a.Tasks, a.TasksPerChunk), fmt.Sprintf("%.0f s in blocks", a.Seconds),
			fmt.Sprintf("%.0f s of processors", a.CPUSeconds), fmt.Sprintf("%d blocks", a.Blocks), a.BlockMS.String()+" ms per block",
			fmt.Sprintf("%d chunks open", a.MostOpen), fmt.Sprintf("%d gas to post", a.PostGas))
	}
	for _, f := range flows() {
		if _, measured := r.RatioDriftPercent[f.Name]; !measured {
			continue
		}
		row("drift over sizes, "+f.Name, fmt.Sprintf("ratio %.0f%%", r.RatioDriftPercent[f.Name]),
			fmt.Sprintf("operations %.0f%%", r.OpsDriftPercent[f.Name]))
	}
	return w.Flush()
}

// figure formats a number of operations of a task.
func figure(n float64) string {
	if n < 1 {
		return fmt.Sprintf("%.2g", n)
	}
	return fmt.Sprintf("%.1f", n)
}

// printStages prints what the stages of a chunk cost.
func printStages(row func(...string), size SizeReport) {
	for _, f := range flows() {
		flow := size.Flows[f.Name]
		if len(flow.Stages) == 0 {
			continue
		}
		row("per chunk", fmt.Sprint(size.Nodes), f.Name, "stage", "reads", "writes", "gas", "ms of processors")
		for _, s := range flow.Stages {
			row("", "", "", s.Stage, figure(s.Ops.Reads), figure(s.Ops.Writes), fmt.Sprintf("%.0f", s.Gas), s.CPUMS.String())
		}
	}
	row()
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
