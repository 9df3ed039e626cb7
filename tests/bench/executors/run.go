package executors

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/thetaedge/theta/tensor/cpu"
)

// Progress is called with a description of the next step.
type Progress func(format string, args ...any)

// Scale says how much is measured.
type Scale struct {
	name  string
	shape Shape
	load  load
	// rounds is the number of measurements of everything that is measured in turn, and jobs that of
	// jobs.
	rounds, jobs int
	// threads are the numbers of threads of comparisons; costs are measured with the first of them.
	threads []int
	// memory is the bytes of the lists with which bandwidth is measured.
	memory int
}

// ScaleOf returns a scale by name: tiny (a test of the benchmark itself), small, normal or full.
func ScaleOf(name string) (Scale, error) {
	most := runtime.NumCPU()
	threads := slices.Compact([]int{most, 1})
	large := Scale{name: name, shape: Llama1B(), load: load{Prompt: 128, Answer: 32}, threads: threads, memory: 1 << 29}
	switch name {
	case "tiny":
		return Scale{name: name, shape: tiny(), load: load{Prompt: 8, Answer: 3}, rounds: 2, jobs: 3, threads: threads, memory: 1 << 20}, nil
	case "small":
		large.rounds, large.jobs = 3, 50
	case "normal":
		large.rounds, large.jobs = 5, 200
	case "full":
		large.rounds, large.jobs = 9, 500
	default:
		return Scale{}, fmt.Errorf("scale: expected tiny, small, normal or full, found %q", name)
	}
	return large, nil
}

// Parts of a run.
const (
	partCompare  = "compare"
	partCosts    = "costs"
	partLoading  = "loading"
	partOverhead = "overhead"
)

// Parts returns what can be measured.
func Parts() []string { return []string{partCompare, partCosts, partLoading, partOverhead} }

// Options say what is measured, and where.
type Options struct {
	Scale Scale
	// Parts are some of Parts; without any, all are measured.
	Parts []string
	// Dir is a folder for models, which are removed afterwards, and for llama.cpp, which is kept.
	Dir string
	// Vectors are the best instructions that we use, if the processor has them.
	Vectors cpu.Vectors
	// WithoutLlama leaves out the comparison.
	WithoutLlama bool
	Progress     Progress
}

// runner runs a scale.
type runner struct {
	scale    Scale
	vectors  cpu.Vectors
	dir      string
	progress Progress
	// gguf and converted are the files of the model, and script runs it with llama.cpp.
	gguf, converted, script string
}

// Run measures.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	for _, part := range o.Parts {
		if !slices.Contains(Parts(), part) {
			return nil, fmt.Errorf("parts: expected some of %v, found %q", Parts(), part)
		}
	}
	wanted := func(part string) bool { return len(o.Parts) == 0 || slices.Contains(o.Parts, part) }
	start := time.Now()
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	r := &runner{scale: o.Scale, vectors: o.Vectors}
	r.progress = func(format string, args ...any) {
		o.Progress("%5.0f s: "+format, append([]any{time.Since(start).Seconds()}, args...)...)
	}
	if r.dir, err = os.MkdirTemp(dir, "executors-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.dir)) }()
	report := newReport(o)
	if wanted(partCompare) || wanted(partCosts) || wanted(partLoading) {
		if err := r.models(); err != nil {
			return nil, err
		}
	}
	if wanted(partCompare) {
		if err := r.compareAll(ctx, o, filepath.Join(dir, "llama"), report); err != nil {
			return nil, err
		}
	}
	for _, part := range []struct {
		name string
		do   func() error
	}{
		{partCosts, func() error { return r.costs(report) }},
		{partLoading, func() error { return r.loading(report) }},
		{partOverhead, func() error { return r.overheads(ctx, report) }},
	} {
		if !wanted(part.name) {
			continue
		}
		if err := part.do(); err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	report.Seconds = time.Since(start).Seconds()
	return report, nil
}

// models writes the model in both formats.
func (r *runner) models() error {
	r.gguf, r.converted = filepath.Join(r.dir, "model.gguf"), filepath.Join(r.dir, "model.theta")
	r.progress("writing a model of %d million weights", r.scale.shape.Weights()/1e6)
	if err := writeGGUF(r.gguf, r.scale.shape); err != nil {
		return fmt.Errorf("writing the model: %w", err)
	}
	runtime.GC()
	r.progress("converting it")
	if err := convertGGUF(r.gguf, r.converted); err != nil {
		return fmt.Errorf("converting the model: %w", err)
	}
	runtime.GC()
	return nil
}

// compareAll compares with each number of threads.
func (r *runner) compareAll(ctx context.Context, o Options, dir string, report *Report) (err error) {
	if o.WithoutLlama {
		report.NotCompared = "it was not asked for"
	} else if r.script, err = installLlama(ctx, dir, r.progress); err != nil {
		report.NotCompared = err.Error()
		r.progress("not compared: %s", err)
	}
	for _, threads := range r.scale.threads {
		if err := r.compare(ctx, threads, report); err != nil {
			return fmt.Errorf("%d threads: %w", threads, err)
		}
	}
	return nil
}
