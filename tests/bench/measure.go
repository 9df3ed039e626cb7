package bench

import (
	"fmt"

	"github.com/thetaedge/theta/app"
)

// cycle is a block of sends, followed by one or more steps of tasks.
type cycle struct {
	sends   int
	spent   cost
	gas     int64
	settled step
}

// measure alternates blocks of sends with a flow. It returns the flow's report and the costs
// of each cycle. idle are the operations of an empty block.
func (w *world) measure(scale Scale, f Flow, idle map[string]Ops) (FlowReport, []cycle, error) {
	var (
		cycles []cycle
		costs  []map[string]step
		err    error
	)
	if f.Chunk > 0 {
		cycles, costs, err = w.chunkCycles(scale, f)
	} else {
		cycles, err = w.taskCycles(scale, f)
	}
	if err != nil {
		return FlowReport{}, nil, err
	}
	report := flowReport(cycles)
	report.count(cycles, idle)
	if f.Chunk > 0 {
		report.TasksPerChunk = f.Chunk
		report.Stages = stageReports(costs, cycles[0].settled.settled/f.Chunk, idle)
	}
	return report, cycles, nil
}

// taskCycles alternates blocks of sends with steps of a flow, and returns the costs of each
// cycle.
func (w *world) taskCycles(scale Scale, f Flow) ([]cycle, error) {
	p := &pipeline{world: w, flow: f}
	if err := p.fill(scale.Jobs); err != nil {
		return nil, err
	}
	var cycles []cycle
	for range scale.Cycles {
		c, err := p.cycle(scale)
		if err != nil {
			return nil, err
		}
		cycles = append(cycles, c)
	}
	w.label = "draining"
	for range cohorts {
		if _, err := p.run(0); err != nil {
			return nil, err
		}
	}
	if f.Array {
		return cycles, p.cancel()
	}
	return cycles, nil
}

// flowReport computes the figures of a flow that do not need the costs of empty blocks.
func flowReport(cycles []cycle) FlowReport {
	perTask := func(c cycle, of float64) float64 { return of / float64(c.settled.settled) }
	return FlowReport{
		Ratio: each(cycles, func(c cycle) float64 {
			return c.spent.wall.Seconds() / float64(c.sends) / perTask(c, c.settled.spent.wall.Seconds())
		}),
		CPURatio: each(cycles, func(c cycle) float64 {
			return c.spent.cpu.Seconds() / float64(c.sends) / perTask(c, c.settled.spent.cpu.Seconds())
		}),
		TasksPerSecond: each(cycles, func(c cycle) float64 { return 1 / perTask(c, c.settled.spent.wall.Seconds()) }),
		GasPerTask:     each(cycles, func(c cycle) float64 { return perTask(c, float64(c.settled.gas)) }),
		FullBlockMS: each(cycles, func(c cycle) float64 {
			return milliseconds(c.settled.spent.wall) * float64(blockGas()) / float64(c.settled.gas)
		}),
	}
}

// fill brings a pipeline into its steady state.
func (p *pipeline) fill(jobs int) error {
	p.label = "filling"
	steps := cohorts
	if p.flow.Array {
		steps = growing
	}
	for range steps {
		// This block takes the place of the sends: cohorts follow each other as closely as
		// later, so that none of their draws closes in a block of sends.
		if _, _, err := p.profiled(nil); err != nil {
			return err
		}
		if err := p.accepting(func() error {
			_, err := p.run(jobs)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// cycle runs a block of sends and a step, and checks that the step's tasks were accepted.
func (p *pipeline) cycle(scale Scale) (c cycle, err error) {
	p.label = "send"
	c.sends = scale.Sends
	if c.spent, c.gas, err = p.sends(scale.Sends); err != nil {
		return c, err
	}
	p.label = p.flow.Name
	for range p.flow.steps() {
		if err := p.accepting(func() error {
			done, err := p.run(scale.Jobs)
			c.settled = c.settled.add(done)
			return err
		}); err != nil {
			return c, err
		}
	}
	return c, nil
}

// accepting runs a step and checks that what it reveals is accepted.
func (p *pipeline) accepting(run func() error) error {
	settling := p.toReveal
	if err := run(); err != nil {
		return err
	}
	before := uint64(0)
	if p.flow.Array {
		before = p.array.accepted
		p.array.accepted += uint64(len(settling))
	}
	if err := p.accepted(settling, before); err != nil {
		return fmt.Errorf("%s: %w", p.flow.Name, err)
	}
	return nil
}

// blockGas returns the default gas limit of a block.
func blockGas() int64 { return app.DefaultConsensusParams().Block.MaxGas }

// each computes a figure for every cycle.
func each(cycles []cycle, figure func(cycle) float64) Stat {
	values := make([]float64, len(cycles))
	for i, c := range cycles {
		values[i] = figure(c)
	}
	return newStat(values)
}

// sent fills in the costs of the sends of all flows.
func (r *SizeReport) sent(cycles []cycle) {
	r.SendTPS = each(cycles, func(c cycle) float64 { return float64(c.sends) / c.spent.wall.Seconds() })
	r.GasPerSend = each(cycles, func(c cycle) float64 { return float64(c.gas) / float64(c.sends) })
	r.FullSendBlockMS = each(cycles, func(c cycle) float64 {
		return milliseconds(c.spent.wall) * float64(blockGas()) / float64(c.gas)
	})
}

// count averages the operations of the cycles, and subtracts those of idle blocks.
func (r *FlowReport) count(cycles []cycle, idle map[string]Ops) {
	r.OpsByStore = make(map[string]Ops)
	settled := 0.0
	for _, c := range cycles {
		settled += float64(c.settled.settled)
		blocks := float64(c.settled.blocks)
		for name, o := range c.settled.ops {
			sum := r.OpsByStore[name]
			r.OpsByStore[name] = Ops{
				Reads:  sum.Reads + o.Reads - blocks*idle[name].Reads,
				Writes: sum.Writes + o.Writes - blocks*idle[name].Writes,
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
