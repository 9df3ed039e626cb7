package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Stat is what repeated measurements gave.
type Stat struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	// N is how many there were.
	N int `json:"n"`
}

func newStat(values []float64) Stat {
	if len(values) == 0 {
		return Stat{}
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + median) / 2
	}
	return Stat{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1], N: len(sorted)}
}

// String returns the median and the spread.
func (s Stat) String() string { return fmt.Sprintf("%.3g (%.3g–%.3g)", s.Median, s.Min, s.Max) }

// FlowReport is how tasks of a flow fared beside bank sends.
type FlowReport struct {
	// Ratio of tasks settled per second to bank sends per second.
	Ratio Stat `json:"ratio"`
	// CPURatio is the processor time of a send over that of a task: the same ratio
	// where one thread works, and steadier on a machine that does other things.
	CPURatio Stat `json:"cpu_ratio"`
	// TasksPerSecond settled, all messages and waiting blocks of theirs included.
	TasksPerSecond Stat `json:"tasks_per_second"`
	// OpsPerTask reach the trees on disk, those of empty blocks taken off.
	OpsPerTask Ops `json:"ops_per_task"`
	// OpsByStore are the same by store.
	OpsByStore map[string]Ops `json:"ops_by_store"`
	// GasPerTask is the gas used by all transactions of a task.
	GasPerTask Stat `json:"gas_per_task"`
	// FullBlockMS is what as much of this takes as the default gas limit of a block
	// has room for.
	FullBlockMS Stat `json:"full_block_ms"`
}

// SizeReport is what was measured with one number of nodes and live jobs.
type SizeReport struct {
	Nodes int `json:"nodes"`
	Jobs  int `json:"jobs"`
	// Ratio is that of the spread flow, whose tasks go to nodes all over the tree.
	Ratio Stat `json:"ratio"`
	// SendTPS is bank sends per second between accounts all over the tree.
	SendTPS Stat `json:"send_tps"`
	// GasPerSend and FullSendBlockMS are of bank sends what they are of tasks.
	GasPerSend      Stat                  `json:"gas_per_send"`
	FullSendBlockMS Stat                  `json:"full_send_block_ms"`
	Flows           map[string]FlowReport `json:"flows"`
	EmptyBlockMS    Stat                  `json:"empty_block_ms"`
	EpochRollMS     Stat                  `json:"epoch_roll_ms"`
	LoadSeconds     float64               `json:"load_seconds"`
}

// Report is the outcome of a run. Single figures are those of the smallest
// size; epoch_roll_ms is that of the largest.
type Report struct {
	Scale string `json:"scale"`
	CPUs  int    `json:"cpus"`
	// Signatures is what checks them; a send costs a third more without libsecp256k1.
	Signatures     string `json:"signatures"`
	SendTPS        Stat   `json:"send_tps"`
	LifecycleRatio Stat   `json:"lifecycle_ratio"`
	BatchedRatio   Stat   `json:"batched_ratio"`
	// The same under AUDIT, and of the tasks of one array under AUDIT.
	LifecycleAuditRatio Stat         `json:"lifecycle_audit_ratio"`
	BatchedAuditRatio   Stat         `json:"batched_audit_ratio"`
	ArrayRatio          Stat         `json:"array_ratio"`
	OpsPerTask          Ops          `json:"ops_per_task"`
	Growth              []SizeReport `json:"growth"`
	// RatioDriftPercent is the most by which the ratio of a flow differs between
	// the smallest size and another.
	RatioDriftPercent map[string]float64 `json:"ratio_drift_percent"`
	// OpsDriftPercent is the same of reads and writes a task together.
	OpsDriftPercent map[string]float64 `json:"ops_drift_percent"`
	EpochRollMS     Stat               `json:"epoch_roll_ms"`
	EmptyBlockMS    Stat               `json:"empty_block_ms"`
	// QueueBlockMS is a block that takes QueueItemsPerBlock missed deadlines.
	QueueBlockMS       Stat `json:"queue_block_ms"`
	QueueItemsPerBlock int  `json:"queue_items_per_block"`
	// BacklogBlockMS is each of the BacklogBlocks in which BacklogItems expired
	// tasks and as many leases are worked off.
	BacklogBlockMS Stat         `json:"backlog_block_ms"`
	BacklogItems   int          `json:"backlog_items"`
	BacklogBlocks  int          `json:"backlog_blocks"`
	BlockSTM       []SizeReport `json:"block_stm"`
	Seconds        float64      `json:"seconds"`
}

func newReport(scale Scale) *Report {
	return &Report{Scale: scale.Name, CPUs: runtime.NumCPU(), Signatures: Signatures}
}

// add takes over what a run of one step has measured.
func (r *Report) add(step *Report) {
	r.Growth = append(r.Growth, step.Growth...)
	r.BlockSTM = append(r.BlockSTM, step.BlockSTM...)
	if step.QueueItemsPerBlock > 0 {
		r.QueueBlockMS, r.QueueItemsPerBlock = step.QueueBlockMS, step.QueueItemsPerBlock
	}
	if step.BacklogItems > 0 {
		r.BacklogBlockMS, r.BacklogItems, r.BacklogBlocks = step.BacklogBlockMS, step.BacklogItems, step.BacklogBlocks
	}
}

// summarise fills the single figures from those by size.
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

// drift is by how much to differs from from, in percent.
func drift(from, to float64) float64 { return 100 * math.Abs(to/from-1) }

// Write puts the report into a file.
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

// Print writes the report as a table for people.
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
					fmt.Sprintf("%.1f", flow.OpsPerTask.Reads), fmt.Sprintf("%.1f", flow.OpsPerTask.Writes),
					fmt.Sprintf("%.0f", flow.GasPerTask.Median), fmt.Sprintf("%.0f", flow.FullBlockMS.Median))
			}
		}
	}
	sizes("sequential", r.Growth)
	sizes("block-stm", r.BlockSTM)
	row()
	row("signatures checked by", r.Signatures)
	row("empty block", r.EmptyBlockMS.String()+" ms")
	row("epoch roll, largest size", r.EpochRollMS.String()+" ms")
	row(fmt.Sprintf("block with %d due items", r.QueueItemsPerBlock), r.QueueBlockMS.String()+" ms")
	row(fmt.Sprintf("block of a backlog of %d", r.BacklogItems), r.BacklogBlockMS.String()+" ms",
		fmt.Sprintf("%d blocks", r.BacklogBlocks))
	for _, f := range flows() {
		row("drift over sizes, "+f.Name, fmt.Sprintf("ratio %.0f%%", r.RatioDriftPercent[f.Name]),
			fmt.Sprintf("operations %.0f%%", r.OpsDriftPercent[f.Name]))
	}
	return w.Flush()
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
