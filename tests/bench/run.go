package bench

import (
	"fmt"
	"os"
	"runtime"
	"time"

	serverconfig "github.com/cosmos/cosmos-sdk/server/config"

	"github.com/thetaedge/theta/app/params"
)

const (
	// blocksPerStep of a pipeline.
	blocksPerStep = 3
	// cohorts in flight: a flow is steady after as many steps, and drained by as many.
	cohorts = 3
	// neverDue is a commit deadline that no run reaches.
	neverDue = 10_000_000
	// epochLength is at least that of an edge epoch.
	epochLength = time.Hour
)

// Progress is told what is done next.
type Progress func(format string, args ...any)

// Run measures everything at a scale, in a folder of its own that it removes.
func Run(scale Scale, progress Progress) (*Report, error) {
	params.SetSDKDefaults()
	start := time.Now()
	report := &Report{Scale: scale.Name, CPUs: runtime.NumCPU(), QueueItemsPerBlock: scale.Queue}
	for _, size := range scale.Sizes {
		measured, err := runSize(scale, size, serverconfig.BlockExecutorSequential, progress)
		if err != nil {
			return nil, err
		}
		report.Growth = append(report.Growth, measured)
	}
	var err error
	if report.BlockSTM, err = runSize(scale, scale.Sizes[0], serverconfig.BlockExecutorBlockSTM, progress); err != nil {
		return nil, err
	}
	if report.EndBlockFullQueue, err = runQueue(scale, progress); err != nil {
		return nil, err
	}
	report.summarise()
	report.Seconds = time.Since(start).Seconds()
	return report, nil
}

// inWorld loads a world into a temporary folder and removes it afterwards.
func inWorld(s setup, run func(*world) error) (err error) {
	if s.dir, err = os.MkdirTemp("", "theta-bench-"); err != nil {
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

// runSize measures all flows with size nodes and as many live jobs.
func runSize(scale Scale, size int, executor string, progress Progress) (SizeReport, error) {
	report := SizeReport{Nodes: size, Jobs: size, Flows: make(map[string]FlowReport)}
	progress("%s, %d nodes and live jobs: loading", executor, size)
	start := time.Now()
	s := setup{executor: executor, nodes: size, live: live{jobs: size, deadline: neverDue}}
	return report, inWorld(s, func(w *world) error {
		report.LoadSeconds = time.Since(start).Seconds()
		idle, err := w.idle(scale.Cycles, &report)
		if err != nil {
			return err
		}
		var sends []float64
		for _, f := range flows() {
			progress("%s, %d nodes and live jobs: %s", executor, size, f.Name)
			flow, tps, err := w.measure(scale, f, idle)
			if err != nil {
				return err
			}
			report.Flows[f.Name] = flow
			sends = append(sends, tps...)
		}
		report.SendTPS, report.Ratio = newStat(sends), report.Flows[spread().Name].Ratio
		return w.epochs(scale.Cycles, &report)
	})
}

// idle times empty blocks and returns what one does to the trees.
func (w *world) idle(n int, report *SizeReport) (map[string]Ops, error) {
	var took []float64
	before := w.store.ops()
	for range n {
		_, spent, err := w.timed(nil)
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

// measure alternates blocks of sends with steps of a flow and returns its report
// and the sends per second of each block.
func (w *world) measure(scale Scale, f Flow, idle map[string]Ops) (FlowReport, []float64, error) {
	p := &pipeline{world: w, flow: f}
	w.label = "filling"
	for range cohorts {
		// In place of the sends: cohorts follow each other as closely as later on,
		// so that none of their draws closes in a block of sends.
		if _, _, err := w.timed(nil); err != nil {
			return FlowReport{}, nil, err
		}
		if _, err := p.run(scale.Jobs); err != nil {
			return FlowReport{}, nil, err
		}
	}
	var ratios, cpuRatios, tasks, gas, sends []float64
	var steps []step
	for range scale.Cycles {
		w.label = "send"
		spent, err := w.sends(scale.Sends)
		if err != nil {
			return FlowReport{}, nil, err
		}
		settling := p.toReveal
		w.label = f.Name
		done, err := p.run(scale.Jobs)
		if err != nil {
			return FlowReport{}, nil, err
		}
		for _, t := range settling {
			if err := w.completed(t); err != nil {
				return FlowReport{}, nil, fmt.Errorf("%s: %w", f.Name, err)
			}
		}
		steps = append(steps, done)
		sends = append(sends, float64(scale.Sends)/spent.wall.Seconds())
		tasks = append(tasks, float64(done.settled)/done.spent.wall.Seconds())
		ratios = append(ratios, tasks[len(tasks)-1]/sends[len(sends)-1])
		cpuRatios = append(cpuRatios, (spent.cpu.Seconds()/float64(scale.Sends))/(done.spent.cpu.Seconds()/float64(done.settled)))
		gas = append(gas, float64(done.gas)/float64(done.settled))
	}
	w.label = "draining"
	for range cohorts {
		if _, err := p.run(0); err != nil {
			return FlowReport{}, nil, err
		}
	}
	report := FlowReport{
		Ratio: newStat(ratios), CPURatio: newStat(cpuRatios), TasksPerSecond: newStat(tasks), GasPerTask: newStat(gas),
	}
	report.count(steps, idle)
	return report, sends, nil
}

// count averages what the steps did to the trees, idle blocks taken off.
func (r *FlowReport) count(steps []step, idle map[string]Ops) {
	r.OpsByStore = make(map[string]Ops)
	settled := 0.0
	for _, s := range steps {
		settled += float64(s.settled)
		for name, o := range s.ops {
			sum := r.OpsByStore[name]
			r.OpsByStore[name] = Ops{
				Reads:  sum.Reads + o.Reads - blocksPerStep*idle[name].Reads,
				Writes: sum.Writes + o.Writes - blocksPerStep*idle[name].Writes,
			}
		}
	}
	for name, sum := range r.OpsByStore {
		each := Ops{Reads: sum.Reads / settled, Writes: sum.Writes / settled}
		r.OpsByStore[name] = each
		r.OpsPerTask.Reads += each.Reads
		r.OpsPerTask.Writes += each.Writes
	}
}

// epochs times blocks in which an epoch rolls.
func (w *world) epochs(n int, report *SizeReport) error {
	w.label = "epoch"
	var took []float64
	for range n {
		before, err := w.epoch()
		if err != nil {
			return err
		}
		w.skip(epochLength)
		_, spent, err := w.timed(nil)
		if err != nil {
			return err
		}
		after, err := w.epoch()
		if err != nil {
			return err
		}
		if after != before+1 {
			return fmt.Errorf("expected epoch %d after an hour, found %d", before+1, after)
		}
		took = append(took, milliseconds(spent.wall))
	}
	report.EpochRollMS = newStat(took)
	return nil
}

func (w *world) epoch() (uint64, error) {
	ctx, err := w.ctx()
	if err != nil {
		return 0, err
	}
	return w.app.EdgenodeKeeper.Epoch(ctx)
}

// runQueue times blocks whose queue is full of missed commit deadlines: three
// nodes pay a fault each and a new draw starts, for every due task.
func runQueue(scale Scale, progress Progress) (Stat, error) {
	progress("a backlog of %d tasks, %d due in a block", scale.Queue*scale.QueueBlocks, scale.Queue)
	const deadline = 2
	var took []float64
	s := setup{
		executor: serverconfig.BlockExecutorSequential, nodes: scale.Sizes[0], queue: uint32(scale.Queue), //nolint:gosec // a few hundred
		live: live{jobs: scale.Queue * scale.QueueBlocks, deadline: deadline},
	}
	err := inWorld(s, func(w *world) error {
		for w.height < deadline {
			if _, _, err := w.timed(nil); err != nil {
				return err
			}
		}
		w.label = "queue"
		for range scale.QueueBlocks {
			before := w.store.ops()
			_, spent, err := w.timed(nil)
			if err != nil {
				return err
			}
			if writes := opsSince(before, w.store.ops())["compute"].Writes; writes < float64(scale.Queue) {
				return fmt.Errorf("expected a block to advance %d tasks, found %.0f writes", scale.Queue, writes)
			}
			took = append(took, milliseconds(spent.wall))
		}
		return nil
	})
	return newStat(took), err
}
