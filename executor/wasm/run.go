package wasm

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm/internal/meter"
	"github.com/thetaedge/theta/executor/wasm/internal/wasi"
)

// execute runs a task to its end and writes its outputs. Meanwhile, used receives the fuel that it
// has used. An error is a failure of the machine, or the cause of the context.
func execute(ctx context.Context, e *Executor, task executor.Task, used *atomic.Uint64) (result executor.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("executor panicked: %v", p)
		}
	}()
	started := time.Now()
	prog, err := e.programs.load(ctx, task.ProgramPath, len(task.TraceKeys))
	if err != nil {
		return executor.Result{}, err
	}
	if ctx.Err() != nil {
		return executor.Result{}, context.Cause(ctx)
	}
	// If a program does not run, it uses no fuel and folds nothing.
	idle := guest{keys: task.TraceKeys}
	result = executor.Result{Profile: e.Profile(), ExitCode: manifest.NoExitCode, Traces: idle.sealed(idle.unfolded(), nil)}
	host, err := wasi.New(hostConfig(task))
	if err != nil {
		return executor.Result{}, err
	}
	defer host.Close()
	var served Run
	if e.extension != nil {
		served = e.extension.Begin(task)
		defer func() {
			if closed := served.Close(); err == nil {
				err = closed
			}
		}()
	}
	switch {
	case prog.refusal != nil:
		result.Reason, result.Detail = manifest.ReasonInvalidProgram, prog.refusal.Error()
	case uint64(prog.pages)*PageBytes > task.MemoryBytes, prog.pages > meter.MaxPages:
		result.Reason = manifest.ReasonOutOfMemory
		result.Detail = fmt.Sprintf("the program starts with %d bytes of memory, the task allows %d", uint64(prog.pages)*PageBytes, task.MemoryBytes)
	case prog.trap != "":
		result.Reason, result.Detail = manifest.ReasonTrapped, prog.trap
	default:
		if err := run(ctx, e, prog, task, host, served, used, &result); err != nil {
			return executor.Result{}, err
		}
	}
	if served != nil {
		if result.Traces, err = served.Seal(result.Traces); err != nil {
			return executor.Result{}, fmt.Errorf("finish the run: %w", err)
		}
	}
	if result.Outputs, err = writeOutputs(&task, host, result.Reason); err != nil {
		return executor.Result{}, err
	}
	result.WallTime = time.Since(started)
	return result, nil
}

func hostConfig(task executor.Task) wasi.Config {
	cfg := wasi.Config{
		Args:        task.Args,
		Seed:        task.Seed,
		OutputBytes: task.OutputBytes,
		OutputFiles: task.OutputFiles,
	}
	for _, v := range task.Env {
		cfg.Env = append(cfg.Env, wasi.Variable{Name: v.Name, Value: v.Value})
	}
	for _, in := range task.Inputs {
		cfg.Inputs = append(cfg.Inputs, wasi.Input{Name: in.Name, Path: in.Path, Digest: in.Digest})
	}
	return cfg
}

// run executes a valid program and writes to result how it ended. An extension, unless it is nil,
// serves further calls.
func run(ctx context.Context, e *Executor, prog *program, task executor.Task, host *wasi.Host, served Run, used *atomic.Uint64, result *executor.Result) error {
	g := &guest{ctx: ctx, host: host, run: served, rests: &e.rests, memoryBytes: task.MemoryBytes, maxPages: prog.maxPages, fuel: task.Fuel, keys: task.TraceKeys}
	g.tank.reserve, g.tank.all, g.tank.used = int64(task.Fuel), int64(task.Fuel), used
	entries := []string{meter.Entry}
	if prog.hasStart {
		entries = []string{meter.ExportStart, meter.Entry}
	}
	end := prog.code.run(ctx, g, entries)
	if err := g.classify(task, end, result); err != nil {
		return err
	}
	result.FuelUsed, result.Traces = g.used(), end.traces
	result.PeakMemory = end.memory + host.OutputBytes()
	return nil
}

// classify converts the end of a run into a result, or into an error if the machine has
// failed.
func (g *guest) classify(task executor.Task, end ending, result *executor.Result) error {
	switch {
	case g.stopped != nil:
		return g.stopped
	case g.ranDry():
		result.Reason = manifest.ReasonOutOfFuel
	case g.end != nil:
		result.Reason, result.Detail = g.end.Reason, g.end.Detail
	case g.halt == wasi.HaltExit:
		result.Reason, result.ExitCode = manifest.ReasonExited, int32(g.host.ExitCode())
	case g.halt == wasi.HaltOutput:
		result.Reason = manifest.ReasonOutputTooBig
	case g.halt == wasi.HaltHost:
		return fmt.Errorf("serve the program: %w", g.host.Err())
	case end.err != nil:
		return fmt.Errorf("run the program: %w", end.err)
	case end.trap == "":
		result.Reason, result.ExitCode = manifest.ReasonExited, 0
	case end.outOfMemory:
		return g.outOfMemory(task, end, result)
	default:
		result.Reason, result.Detail = manifest.ReasonTrapped, string(end.trap)
		if end.overflow {
			result.Detail = "calls were nested too deeply for the stack of the profile"
		}
	}
	return nil
}

// outOfMemory distinguishes a program that asked for more memory than it may have from a
// machine that does not have more memory.
func (g *guest) outOfMemory(task executor.Task, end ending, result *executor.Result) error {
	wanted := uint64(end.wanted)
	if after := end.memory/PageBytes + wanted; after*PageBytes <= task.MemoryBytes && after <= uint64(g.maxPages) {
		return fmt.Errorf("this machine could not grow the program's memory from %d bytes by %d pages", end.memory, wanted)
	}
	result.Reason = manifest.ReasonOutOfMemory
	result.Detail = fmt.Sprintf("the program has %d bytes of memory and asked for %d pages more, the task allows %d bytes", end.memory, wanted, task.MemoryBytes)
	return nil
}

// start puts the fuel into the global from which the program takes it.
func (g *guest) start(get func() int64, set func(int64)) {
	fuel := g.tank.reserve
	g.tank.get, g.tank.set = get, set
	g.tank.fill(fuel)
}
