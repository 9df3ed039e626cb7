package bench

import (
	"fmt"
	"os"
	"time"

	serverconfig "github.com/cosmos/cosmos-sdk/server/config"

	"github.com/thetaedge/theta/app/params"
)

const (
	// cohorts is the number of cohorts in flight. A flow is steady after as many steps, and
	// drained after as many.
	cohorts = 3
	// neverDue is a commit deadline that no run reaches.
	neverDue = 10_000_000
	// epochLength is at least the length of an edge epoch.
	epochLength = time.Hour
)

// Progress is called with a description of the next step.
type Progress func(format string, args ...any)

// runner runs a scale in a folder of its own.
type runner struct {
	scale    Scale
	dir      string
	progress Progress
}

// Run measures everything at a scale. It creates databases in dir and removes them.
func Run(scale Scale, dir string, progress Progress) (*Report, error) {
	params.SetSDKDefaults()
	start := time.Now()
	r := &runner{scale: scale, dir: dir, progress: func(format string, args ...any) {
		used, err := processorTime()
		if err != nil {
			format += fmt.Sprintf(" (%s)", err)
		}
		progress("%5.0f s, %5.0f s of processors: "+format,
			append([]any{time.Since(start).Seconds(), used.Seconds()}, args...)...)
	}}
	report := newReport(scale)
	for _, step := range scale.Steps() {
		if err := r.step(step, report); err != nil {
			return nil, fmt.Errorf("%s: %w", step, err)
		}
	}
	report.summarise()
	report.Seconds = time.Since(start).Seconds()
	return report, nil
}

// step measures one step.
func (r *runner) step(step Step, report *Report) error {
	switch step.Part {
	case partQueue:
		return r.queue(report)
	case partBacklog:
		return r.backlog(report)
	case partArray:
		return r.array(report)
	case partParallel:
		size, err := r.size(step.Nodes, serverconfig.BlockExecutorBlockSTM)
		report.BlockSTM = append(report.BlockSTM, size)
		return err
	default:
		size, err := r.size(step.Nodes, serverconfig.BlockExecutorSequential)
		report.Growth = append(report.Growth, size)
		return err
	}
}

// inWorld loads a world into a folder of its own and removes the folder afterwards.
func (r *runner) inWorld(s setup, run func(*world) error) (err error) {
	if err := os.MkdirAll(r.dir, 0o750); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp(r.dir, "chain-"); err != nil {
		return err
	}
	defer func() {
		if removed := os.RemoveAll(s.dir); err == nil {
			err = removed
		}
	}()
	w, err := newWorld(s)
	if err != nil {
		return err
	}
	defer func() {
		if closed := w.close(); err == nil {
			err = closed
		}
	}()
	return run(w)
}

// size measures all flows with this many nodes and as many live jobs.
func (r *runner) size(size int, executor string) (SizeReport, error) {
	report := SizeReport{Nodes: size, Jobs: size, Flows: make(map[string]FlowReport)}
	r.progress("%s, %d nodes and live jobs: loading", executor, size)
	start := time.Now()
	s := setup{executor: executor, nodes: size, live: live{jobs: size, deadline: neverDue}}
	return report, r.inWorld(s, func(w *world) error {
		report.LoadSeconds = time.Since(start).Seconds()
		idle, err := w.idle(r.scale.Cycles, &report)
		if err != nil {
			return err
		}
		var all []cycle
		for _, f := range r.scale.measured() {
			r.progress("%s, %d nodes and live jobs: %s", executor, size, f.Name)
			flow, cycles, err := w.measure(r.scale, f, idle)
			if err != nil {
				return err
			}
			report.Flows[f.Name] = flow
			all = append(all, cycles...)
		}
		report.sent(all)
		report.Ratio = report.Flows[spread().Name].Ratio
		return w.epochs(r.scale.Cycles, &report)
	})
}

// unmeasured is the number of blocks after which what the loading of a world has left is done: the start
// of an epoch and, a block later, its emission.
const unmeasured = 3

// idle times empty blocks and returns the operations per block.
func (w *world) idle(n int, report *SizeReport) (map[string]Ops, error) {
	for range unmeasured {
		if _, _, err := w.profiled(nil); err != nil {
			return nil, err
		}
	}
	var took []float64
	before := w.store.ops()
	for range n {
		_, spent, err := w.profiled(nil)
		if err != nil {
			return nil, err
		}
		took = append(took, milliseconds(spent.wall))
	}
	report.EmptyBlockMS = newStat(took)
	ops := opsSince(before, w.store.ops())
	for name, o := range ops {
		ops[name] = Ops{Reads: o.Reads / float64(n), Writes: o.Writes / float64(n)}
	}
	return ops, nil
}
