package bench

import "fmt"

// measure alternates blocks of sends with steps of a flow and returns its report
// and the sends per second of each block.
func (w *world) measure(scale Scale, f Flow, idle map[string]Ops) (FlowReport, []float64, error) {
	p := &pipeline{world: w, flow: f}
	w.label = "filling"
	for range cohorts {
		// In place of the sends: cohorts follow each other as closely as later on,
		// so that none of their draws closes in a block of sends.
		if _, _, err := w.profiled(nil); err != nil {
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
