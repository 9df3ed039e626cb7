package wasm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bytecodealliance/wasmtime-go/v40"

	"github.com/thetaedge/theta/sidecar/executor"
	"github.com/thetaedge/theta/sidecar/executor/manifest"
	"github.com/thetaedge/theta/sidecar/executor/wasm/internal/meter"
	"github.com/thetaedge/theta/sidecar/executor/wasm/internal/wasi"
)

// execute runs a task to its end and writes its outputs. The error is trouble
// of the machine, or the context's cause.
func execute(ctx context.Context, cache *programs, task executor.Task) (result executor.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("executor panicked: %v", p)
		}
	}()
	started := time.Now()
	prog, err := cache.load(ctx, task.ProgramPath)
	if err != nil {
		return executor.Result{}, err
	}
	if ctx.Err() != nil {
		return executor.Result{}, context.Cause(ctx)
	}
	result = executor.Result{Profile: Profile, ExitCode: manifest.NoExitCode}
	host, err := wasi.New(hostConfig(task))
	if err != nil {
		return executor.Result{}, err
	}
	defer host.Close()
	switch {
	case prog.refusal != nil:
		result.Reason, result.Detail = manifest.ReasonInvalidProgram, prog.refusal.Error()
	case uint64(prog.pages)*PageBytes > task.MemoryBytes:
		result.Reason = manifest.ReasonOutOfMemory
		result.Detail = fmt.Sprintf("the program starts with %d bytes of memory, the task allows %d", uint64(prog.pages)*PageBytes, task.MemoryBytes)
	default:
		if err := run(ctx, prog, task, host, &result); err != nil {
			return executor.Result{}, err
		}
	}
	if result.Outputs, err = writeOutputs(task.OutputDir, host, result.Reason); err != nil {
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
		cfg.Inputs = append(cfg.Inputs, wasi.Input{Name: in.Name, Path: in.Path})
	}
	return cfg
}

// run executes a valid program and fills in how it ended.
func run(ctx context.Context, prog *program, task executor.Task, host *wasi.Host, result *executor.Result) error {
	// Each run has an engine of its own, because an engine's epoch interrupts
	// everything that runs on it.
	engine := newEngine()
	defer engine.Close()
	module, err := wasmtime.NewModuleDeserialize(engine, prog.artifact)
	if err != nil {
		return fmt.Errorf("load compiled program: %w", err)
	}
	defer module.Close()
	store := wasmtime.NewStore(engine)
	defer store.Close()
	store.Limiter(int64(task.MemoryBytes), meter.MaxTableElements, 1, meter.MaxTables, 1)
	store.SetEpochDeadline(1)
	if err := store.SetFuel(task.Fuel); err != nil {
		return fmt.Errorf("set fuel: %w", err)
	}

	interrupted := make(chan struct{})
	stopWatching := context.AfterFunc(ctx, func() {
		engine.IncrementEpoch()
		close(interrupted)
	})
	defer func() {
		// The engine may be closed only after the interruption is over.
		if !stopWatching() {
			<-interrupted
		}
	}()

	g := &guest{store: store, host: host}
	callErr := g.call(module, prog)
	if err := g.classify(ctx, prog, task, callErr, result); err != nil {
		return err
	}
	left, err := store.GetFuel()
	if err != nil {
		return fmt.Errorf("read fuel: %w", err)
	}
	result.FuelUsed = task.Fuel - min(left, task.Fuel)
	if result.Reason == manifest.ReasonOutOfFuel {
		result.FuelUsed = task.Fuel
	}
	result.PeakMemory = g.memoryBytes() + host.OutputBytes()
	return nil
}

// guest is one running instance.
type guest struct {
	store    *wasmtime.Store
	host     *wasi.Host
	instance *wasmtime.Instance
	halt     wasi.Halt
}

// call instantiates the module and runs it.
func (g *guest) call(module *wasmtime.Module, prog *program) error {
	instance, err := wasmtime.NewInstance(g.store, module, g.imports(module))
	if err != nil {
		return err
	}
	g.instance = instance
	entries := []string{meter.Entry}
	if prog.hasStart {
		entries = []string{meter.ExportStart, meter.Entry}
	}
	for _, name := range entries {
		f := instance.GetFunc(g.store, name)
		if f == nil {
			return fmt.Errorf("function %s is missing from the compiled program", name)
		}
		if _, err := f.Call(g.store); err != nil {
			return err
		}
	}
	return nil
}

// classify turns how the call ended into the result, or into an error if the
// machine is to blame.
func (g *guest) classify(ctx context.Context, prog *program, task executor.Task, callErr error, result *executor.Result) error {
	switch g.halt {
	case wasi.HaltNone:
	case wasi.HaltExit:
		result.Reason, result.ExitCode = manifest.ReasonExited, int32(g.host.ExitCode())
		return nil
	case wasi.HaltFuel:
		result.Reason = manifest.ReasonOutOfFuel
		return nil
	case wasi.HaltOutput:
		result.Reason = manifest.ReasonOutputTooBig
		return nil
	case wasi.HaltHost:
		return fmt.Errorf("serve the program: %w", g.host.Err())
	}
	if callErr == nil {
		result.Reason, result.ExitCode = manifest.ReasonExited, 0
		return nil
	}
	var trap *wasmtime.Trap
	if !errors.As(callErr, &trap) {
		return fmt.Errorf("run the program: %w", callErr)
	}
	defer trap.Close()
	if code := trap.Code(); code != nil {
		switch *code {
		case trapOutOfFuel:
			result.Reason = manifest.ReasonOutOfFuel
			return nil
		case trapInterrupt:
			return context.Cause(ctx)
		case trapStackOverflow:
			return fmt.Errorf("the native stack of %d bytes was used up before the counted one", nativeStackBytes)
		}
	}
	result.Detail = trap.Message()
	return g.classifyTrap(prog, task, result)
}

// classifyTrap reads the marks that the metered module leaves.
func (g *guest) classifyTrap(prog *program, task executor.Task, result *executor.Result) error {
	result.Reason = manifest.ReasonTrapped
	if g.mark(meter.ExportOverflow) != 0 {
		result.Detail = "calls were nested too deeply for the stack of the profile"
	}
	if g.mark(meter.ExportOutOfMemory) == 0 {
		return nil
	}
	have := g.memoryBytes()
	wanted := uint64(g.mark(meter.ExportWanted))
	if after := have/PageBytes + wanted; after*PageBytes <= task.MemoryBytes && after <= uint64(prog.maxPages) {
		// The task and the program allow it, so it is this machine that cannot.
		return fmt.Errorf("this machine could not grow the program's memory from %d bytes by %d pages", have, wanted)
	}
	result.Reason = manifest.ReasonOutOfMemory
	result.Detail = fmt.Sprintf("the program has %d bytes of memory and asked for %d pages more, the task allows %d bytes", have, wanted, task.MemoryBytes)
	return nil
}

// mark reads an i32 global of the metered module, zero if there is no instance.
func (g *guest) mark(name string) uint32 {
	if g.instance == nil {
		return 0
	}
	export := g.instance.GetExport(g.store, name)
	if export == nil || export.Global() == nil {
		return 0
	}
	return uint32(export.Global().Get(g.store).I32())
}

// memoryBytes is the size of the memory, which never shrinks.
func (g *guest) memoryBytes() uint64 {
	if g.instance == nil {
		return 0
	}
	export := g.instance.GetExport(g.store, meter.ExportOwnMemory)
	if export == nil || export.Memory() == nil {
		return 0
	}
	return uint64(export.Memory().DataSize(g.store))
}
