package rate

import (
	"fmt"
	"runtime"
	"strings"
)

// Report is what was measured.
type Report struct {
	// Processors is the number of processors of the machine, which all programs share.
	Processors int `json:"processors"`
	// TurnNanoseconds is the time of one turn of the program's loop.
	TurnNanoseconds float64  `json:"turn_nanoseconds"`
	Results         []Result `json:"results"`
}

// NewReport returns a report without results.
func NewReport(turn float64) *Report {
	return &Report{Processors: runtime.NumCPU(), TurnNanoseconds: turn}
}

// String returns the table of the results.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%d processors\n\n| task | nodes | places | chunk | audited | tasks | chunks | tasks/s | seconds | useful | busy | network | useful of the rest | tasks run again | pay by plan |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n", r.Processors)
	for i := range r.Results {
		x := &r.Results[i]
		fmt.Fprintf(&b, "| %s | %d | %d | %s | %s | %d | %d of %d | %.1f | %.1f | %.0f%% | %.0f%% | %.0f%% | %.0f%% | %d | %.2f |\n",
			x.Name, x.Nodes, x.Places, x.chunk(), x.Audit, x.Tasks, x.Receipts, x.ChunkTasks, x.PerSecond, x.Seconds, 100*x.Useful, 100*x.Busy, 100*x.Network, 100*x.ofTheRest(), x.Sampled, ratio(x))
	}
	return b.String()
}

// String returns lines for a person.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-14s %d nodes  %6d tasks in %3d chunks of %4d: %7.1f tasks/s  %6.1f s  %4d blocks  useful %3.0f%%  busy %3.0f%%  network %3.0f%%  audited again %d  paid %.3f of plan  saved after %.1f s\n",
		r.Name, r.Nodes, r.Tasks, r.Receipts, r.ChunkTasks, r.PerSecond, r.Seconds, r.Blocks, 100*r.Useful, 100*r.Busy, 100*r.Network, r.Sampled, ratio(r), r.UntilSaved)
	for _, s := range r.Stages {
		fmt.Fprintf(&b, "    %-26s %6.1f s  %3d blocks  at most %6.1f s\n", s.Step, s.Median, s.MedianBlocks, s.Most)
	}
	return b.String()
}

// chunk returns who has chosen the size of the chunks.
func (r *Result) chunk() string {
	if r.Chunk == "" {
		return "auto"
	}
	return r.Chunk
}

// ofTheRest returns Useful by what the network leaves of the processors: the share that the
// programs would have of machines that run no chain.
func (r *Result) ofTheRest() float64 { return r.Useful / max(1-r.Network, 0.01) }

// ratio returns the pay by the plan.
func ratio(r *Result) float64 {
	if !r.Planned.IsPositive() {
		return 0
	}
	return float64(r.Paid.MulRaw(1000).Quo(r.Planned).Int64()) / 1000
}
