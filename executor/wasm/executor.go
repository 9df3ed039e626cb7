package wasm

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
)

const defaultCacheBytes = 256 << 20

// Config determines how much of this machine the executor uses. It does not affect any result.
type Config struct {
	// Slots is the number of tasks that may run at the same time, at least one.
	Slots int
	// CacheBytes bounds the compiled programs that are kept in memory. Zero means 256 MiB.
	CacheBytes int64
	// Engine is the engine on which programs run: one of Engines, or empty for the first of
	// them. It does not affect any result.
	Engine string
	// Extension makes another profile out of wasm/1. It may be nil. The executor closes it.
	Extension Extension
}

// Executor runs tasks under the profile wasm/1, or under that of an extension.
type Executor struct {
	slots     int
	engine    engine
	programs  *programs
	extension Extension // may be nil
	rests     rests

	mu      sync.Mutex
	closed  bool
	running int
	tasks   map[string]*execution
}

var (
	_ executor.Executor = (*Executor)(nil)
	_ executor.Tracker  = (*Executor)(nil)
)

// execution is one live task.
type execution struct {
	cancel context.CancelCauseFunc
	// fuel is the limit of the task, and used what it had used when it last asked for a slice of
	// it.
	fuel   uint64
	used   atomic.Uint64
	done   chan struct{} // closed when result or err is set
	result executor.Result
	err    error
}

// New returns an executor without tasks.
func New(cfg Config) (*Executor, error) {
	if cfg.Slots < 1 {
		return nil, fmt.Errorf("wasm executor: expected at least one slot, found %d", cfg.Slots)
	}
	if cfg.CacheBytes <= 0 {
		cfg.CacheBytes = defaultCacheBytes
	}
	functions := hostFunctions(cfg.Extension)
	engine, err := newEngine(cfg.Engine, functions)
	if err != nil {
		return nil, fmt.Errorf("wasm executor: %w", err)
	}
	return &Executor{
		slots:     cfg.Slots,
		engine:    engine,
		programs:  newPrograms(cfg.CacheBytes, engine, functions),
		extension: cfg.Extension,
		tasks:     map[string]*execution{},
	}, nil
}

// Profile implements executor.Executor.
func (e *Executor) Profile() string {
	if e.extension != nil {
		return e.extension.Profile()
	}
	return Profile
}

// usable returns why this machine cannot run programs, or nil if it can.
func (e *Executor) usable() error {
	err := e.engine.usable()
	if err == nil && e.extension != nil {
		err = e.extension.Usable()
	}
	return err
}

// Fingerprint implements executor.Executor.
func (e *Executor) Fingerprint(context.Context) executor.Fingerprint {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := executor.Fingerprint{
		Profile: e.Profile(),
		Health:  executor.Healthy,
		Engine:  e.engine.name() + " " + runtime.GOOS + "/" + runtime.GOARCH,
		Slots:   e.slots,
		Running: e.running,
	}
	if e.extension != nil {
		f.Engine += ", " + e.extension.Engine()
	}
	if err := e.usable(); err != nil {
		f.Health, f.Detail = executor.Unhealthy, err.Error()
	}
	return f
}

// Start implements executor.Executor. It does not wait for the program to be compiled.
func (e *Executor) Start(_ context.Context, task executor.Task) error {
	if err := e.check(task); err != nil {
		return err
	}
	return e.begin(task, requireEmpty)
}

// Recover implements executor.Executor. A run ends with its process, and runs are
// deterministic, so Recover clears what is left and begins again.
func (e *Executor) Recover(_ context.Context, task executor.Task) error {
	if err := e.check(task); err != nil {
		return err
	}
	return e.begin(task, clearOutputs)
}

// begin takes a slot and starts the task after prepare has prepared its output directory.
func (e *Executor) begin(task executor.Task, prepare func(dir string) error) error {
	if err := e.usable(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return executor.ErrClosed
	case e.tasks[task.ID] != nil:
		return fmt.Errorf("%w: %s", executor.ErrTaskExists, task.ID)
	case e.running >= e.slots:
		return fmt.Errorf("%w: %d of %d slots are taken", executor.ErrBusy, e.running, e.slots)
	}
	if err := prepare(task.OutputDir); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	x := &execution{cancel: cancel, fuel: task.Fuel, done: make(chan struct{})}
	e.tasks[task.ID] = x
	e.running++
	go e.run(ctx, x, task)
	return nil
}

func (e *Executor) run(ctx context.Context, x *execution, task executor.Task) {
	if task.WallLimit > 0 {
		limited, release := context.WithTimeoutCause(ctx, task.WallLimit, executor.ErrWallLimit)
		defer release()
		ctx = limited
	}
	x.result, x.err = execute(ctx, e, task, &x.used)
	if x.err == nil {
		x.used.Store(x.result.FuelUsed)
	}
	e.mu.Lock()
	e.running--
	e.mu.Unlock()
	close(x.done)
	x.cancel(nil)
}

// Progress implements executor.Tracker.
func (e *Executor) Progress(id string) (executor.Progress, error) {
	x, err := e.execution(id)
	if err != nil {
		return executor.Progress{}, err
	}
	return executor.Progress{FuelUsed: x.used.Load(), Fuel: x.fuel}, nil
}

// Wait implements executor.Executor.
func (e *Executor) Wait(ctx context.Context, id string) (executor.Result, error) {
	x, err := e.execution(id)
	if err != nil {
		return executor.Result{}, err
	}
	select {
	case <-x.done:
		return x.result, x.err
	case <-ctx.Done():
		return executor.Result{}, ctx.Err()
	}
}

// Stop implements executor.Executor.
func (e *Executor) Stop(id string) error {
	x, err := e.execution(id)
	if err != nil {
		return err
	}
	x.cancel(executor.ErrStopped)
	return nil
}

// Destroy implements executor.Executor.
func (e *Executor) Destroy(id string) error {
	x, err := e.execution(id)
	if err != nil {
		return err
	}
	x.cancel(executor.ErrStopped)
	<-x.done
	e.mu.Lock()
	defer e.mu.Unlock()
	// Another Destroy may have been faster, and another task may already use the id.
	if e.tasks[id] == x {
		delete(e.tasks, id)
	}
	return nil
}

// Close implements executor.Executor.
func (e *Executor) Close() error {
	e.mu.Lock()
	again := e.closed
	e.closed = true
	var live []*execution
	for _, x := range e.tasks {
		live = append(live, x)
	}
	e.tasks = map[string]*execution{}
	e.mu.Unlock()
	for _, x := range live {
		x.cancel(executor.ErrStopped)
	}
	for _, x := range live {
		<-x.done
	}
	if e.extension == nil || again {
		return nil
	}
	return e.extension.Close()
}

func (e *Executor) execution(id string) (*execution, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x := e.tasks[id]
	if x == nil {
		return nil, fmt.Errorf("%w: %s", executor.ErrUnknownTask, id)
	}
	return x, nil
}

// check compares a task with the limits of the profile.
func (e *Executor) check(task executor.Task) error {
	if err := check(task); err != nil {
		return err
	}
	if e.extension != nil {
		return e.extension.Check(task)
	}
	if task.DeviceBytes > 0 {
		return fmt.Errorf("%w: profile %s has no tensors, found a limit of %d bytes for them", executor.ErrBadTask, Profile, task.DeviceBytes)
	}
	return nil
}

// check compares a task with the limits of wasm/1.
func check(task executor.Task) error {
	if err := task.Validate(); err != nil {
		return err
	}
	argBytes := 0
	for _, arg := range task.Args {
		argBytes += len(arg) + 1
	}
	for _, v := range task.Env {
		argBytes += len(v.Name) + len(v.Value) + 2
		for _, own := range Environment() {
			if v.Name == own.Name {
				return fmt.Errorf("%w: environment: %s is set by the profile", executor.ErrBadTask, v.Name)
			}
		}
	}
	switch {
	case task.Fuel > MaxFuel:
		return fmt.Errorf("%w: fuel %d is over %d", executor.ErrBadTask, task.Fuel, uint64(MaxFuel))
	case task.MemoryBytes > MaxMemoryBytes:
		return fmt.Errorf("%w: memory of %d bytes is over %d", executor.ErrBadTask, task.MemoryBytes, uint64(MaxMemoryBytes))
	case task.OutputBytes > MaxOutputBytes:
		return fmt.Errorf("%w: outputs of %d bytes are over %d", executor.ErrBadTask, task.OutputBytes, uint64(MaxOutputBytes))
	case task.OutputFiles > MaxOutputFiles:
		return fmt.Errorf("%w: %d output files are over %d", executor.ErrBadTask, task.OutputFiles, MaxOutputFiles)
	case argBytes > MaxArgBytes:
		return fmt.Errorf("%w: arguments and environment of %d bytes are over %d", executor.ErrBadTask, argBytes, MaxArgBytes)
	case len(task.Inputs) > manifest.MaxFiles:
		return fmt.Errorf("%w: %d inputs are over %d", executor.ErrBadTask, len(task.Inputs), manifest.MaxFiles)
	}
	return nil
}
