package executors

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tests/bench/stat"
)

// Report is the outcome of a run. Parts that were not measured are missing.
type Report struct {
	Scale string `json:"scale"`
	CPUs  int    `json:"cpus"`
	Shape Shape  `json:"shape"`
	// Weights is the number of weights that each token is multiplied with.
	Weights int  `json:"weights"`
	Load    load `json:"load"`
	// Ours and Theirs name the implementations. NotCompared says why there is no other one.
	Ours        string           `json:"ours"`
	Theirs      string           `json:"theirs,omitempty"`
	NotCompared string           `json:"not_compared,omitempty"`
	Threads     []ThreadsReport  `json:"threads,omitempty"`
	Costs       *CostsReport     `json:"costs,omitempty"`
	Loading     *LoadingReport   `json:"loading,omitempty"`
	Overheads   []OverheadReport `json:"overheads,omitempty"`
	Seconds     float64          `json:"seconds"`
}

func newReport(o Options) *Report {
	s := o.Scale
	return &Report{
		Scale: s.name, CPUs: runtime.NumCPU(), Shape: s.shape, Weights: s.shape.Weights(), Load: s.load,
		Ours: cpu.New(cpu.WithVectors(o.Vectors)).Name(),
	}
}

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
	row("ours", r.Ours)
	switch {
	case r.NotCompared != "":
		row("not compared:", r.NotCompared)
	case r.Theirs != "":
		row("llama.cpp", r.Theirs)
	}
	if len(r.Threads) > 0 {
		row()
		row("threads", "step", "ours, tokens/s", "llama.cpp, tokens/s", "ratio", "ours of memory", "llama.cpp of memory", "read, GB/s", "copy, GB/s")
	}
	for _, t := range r.Threads {
		for _, s := range []struct {
			name string
			step StepReport
		}{{"prefill", t.Prefill}, {"decode", t.Decode}} {
			theirs, ratio, share := "", "", ""
			if s.step.Theirs != nil {
				theirs, ratio, share = s.step.Theirs.TokensPerSecond.String(), s.step.Ratio.String(), percent(s.step.Theirs.MemoryShare)
			}
			row(fmt.Sprint(t.Threads), s.name, s.step.Ours.TokensPerSecond.String(), theirs, ratio, percent(s.step.Ours.MemoryShare), share,
				t.ReadGBs.String(), t.CopyGBs.String())
		}
	}
	r.printRest(row)
	return w.Flush()
}

// printRest prints what is not compared.
func (r *Report) printRest(row func(...string)) {
	if c := r.Costs; c != nil {
		row()
		row("cost in percent", "prefill", "decode")
		for _, part := range []struct {
			name string
			cost CostReport
		}{{"trace", c.Trace}, {"guards", c.Guards}, {"both", c.Both}} {
			row(part.name, part.cost.Prefill.String(), part.cost.Decode.String())
		}
	}
	if l := r.Loading; l != nil {
		row()
		cold := l.Cold.String() + " s"
		if l.ColdMissing != "" {
			cold = l.ColdMissing
		}
		row("loading, cold", cold, rate(l.FileBytes, l.Cold))
		row("loading, warm", l.Warm.String()+" s", rate(l.FileBytes, l.Warm))
	}
	if len(r.Overheads) > 0 {
		row()
		row("a small job, ms", "in process", "in a worker", "added", "in a new worker")
	}
	for _, o := range r.Overheads {
		row(o.Profile, o.Bare.String(), o.Worker.String(), o.Added.String(), o.First.String())
	}
}

// percent formats a share, or nothing.
func percent(share float64) string {
	if share == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f%%", 100*share)
}

// rate formats the bytes of a second, or nothing.
func rate(bytes int64, seconds stat.Stat) string {
	if seconds.N == 0 {
		return ""
	}
	return fmt.Sprintf("%.2g GB/s", float64(bytes)/seconds.Median/1e9)
}
