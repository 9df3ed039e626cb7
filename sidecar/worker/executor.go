package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/internal/osfault"
)

// Executor runs each task in a worker process.
type Executor struct {
	cfg  Config
	pool *pool
	root *os.Root

	mu      sync.Mutex
	closed  bool
	running int
	number  uint64
	tasks   map[string]*execution
}

var (
	_ executor.Executor = (*Executor)(nil)
	_ executor.Tracker  = (*Executor)(nil)
)

// execution is one task that has not ended.
type execution struct {
	cancel context.CancelCauseFunc
	// taken receives nil when a worker process has begun the task, or else an error.
	taken chan error
	done  chan struct{} // closed when result or err is set
	// fuel is the limit of the task, and used what it has used so far.
	fuel uint64
	used atomic.Uint64
	// result and err are what Wait returns.
	result executor.Result
	err    error
}

// New returns an executor that does not have any worker processes yet. It deletes what is in
// the folder.
func New(cfg Config) (*Executor, error) {
	if err := errors.Join(cfg.validate(), cfg.setDefaults()); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	cfg.Dir = dir
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("cannot clear the folder of the workers: %w", osfault.Explain(dir, err))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the folder of the workers: %w", osfault.Explain(dir, err))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot open the folder of the workers: %w", osfault.Explain(dir, err))
	}
	e := &Executor{cfg: cfg, root: root, tasks: map[string]*execution{}}
	cages, all := openCages(cfg.Slots), newSuspension(newQuota(cfg.Swap, cfg.Dir))
	e.pool = &pool{cfg: &e.cfg, cages: cages, suspension: all, devices: newDevices(&e.cfg, cages, all)}
	return e, nil
}

// Profile implements executor.Executor.
func (e *Executor) Profile() string { return e.cfg.Profile }

// Fingerprint implements executor.Executor. The first call starts a worker process and waits
// for it.
func (e *Executor) Fingerprint(ctx context.Context) executor.Fingerprint {
	err := e.pool.probe(ctx)
	e.pool.mu.Lock()
	engine := e.pool.engine
	e.pool.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	f := executor.Fingerprint{
		Profile: e.cfg.Profile, Health: executor.Healthy, Engine: engine, Slots: e.cfg.Slots, Running: e.running,
	}
	if chosen, _ := e.pool.devices.known(); chosen != nil && chosen.Fallback != "" {
		f.Detail = "tensors are executed on the processor: " + chosen.Fallback
	}
	if err == nil {
		err = e.pool.devices.health()
	}
	if err != nil {
		f.Health, f.Detail = executor.Unhealthy, err.Error()
	}
	return f
}

// Layers returns the layers of the workers. It starts a worker process if none has been
// started.
func (e *Executor) Layers(ctx context.Context) ([]Layer, error) {
	err := e.pool.probe(ctx)
	e.pool.mu.Lock()
	defer e.pool.mu.Unlock()
	return e.pool.layers, err
}

// Start implements executor.Executor.
func (e *Executor) Start(ctx context.Context, task executor.Task) error {
	return e.begin(ctx, task, requireEmpty)
}

// Recover implements executor.Executor. A worker process ends with its daemon, and programs
// are deterministic. Therefore Recover removes the remains of the task and begins it again.
func (e *Executor) Recover(ctx context.Context, task executor.Task) error {
	return e.begin(ctx, task, clearOutputs)
}

// begin takes a slot. It returns once a worker process has begun the task.
func (e *Executor) begin(ctx context.Context, task executor.Task, prepare func(dir string) error) error {
	if err := task.Validate(); err != nil {
		return err
	}
	if err := e.pool.devices.health(); err != nil {
		return fmt.Errorf("%w: %w", executor.ErrUnavailable, err)
	}
	inner, cancel := context.WithCancelCause(context.Background())
	x := &execution{cancel: cancel, taken: make(chan error, 1), done: make(chan struct{}), fuel: task.Fuel}
	number, err := e.enter(x, task, prepare)
	if err != nil {
		cancel(nil)
		return err
	}
	go e.run(inner, x, number, task)
	select {
	case err = <-x.taken:
		if err == nil {
			return nil
		}
	case <-ctx.Done():
		err = ctx.Err()
	}
	cancel(executor.ErrStopped)
	<-x.done
	e.forget(task.ID, x)
	return err
}

// enter adds a task to the live tasks and returns its number.
func (e *Executor) enter(x *execution, task executor.Task, prepare func(dir string) error) (uint64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return 0, executor.ErrClosed
	case e.tasks[task.ID] != nil:
		return 0, fmt.Errorf("%w: %s", executor.ErrTaskExists, task.ID)
	case e.running >= e.cfg.Slots:
		return 0, fmt.Errorf("%w: %d of %d slots are taken", executor.ErrBusy, e.running, e.cfg.Slots)
	}
	if err := prepare(task.OutputDir); err != nil {
		return 0, err
	}
	e.tasks[task.ID] = x
	e.running++
	e.number++
	return e.number, nil
}

// run executes a task from beginning to end.
func (e *Executor) run(ctx context.Context, x *execution, number uint64, task executor.Task) {
	x.result, x.err = e.execute(ctx, x, number, task)
	if x.err != nil {
		select {
		case x.taken <- x.err: // the task was not begun
		default:
		}
	}
	e.mu.Lock()
	e.running--
	e.mu.Unlock()
	close(x.done)
	x.cancel(nil)
}

// execute runs a task in a worker process.
func (e *Executor) execute(ctx context.Context, x *execution, number uint64, task executor.Task) (executor.Result, error) {
	if err := e.pool.suspension.await(ctx); err != nil {
		return executor.Result{}, err
	}
	started := e.pool.suspension.clock.now()
	p, err := e.pool.take(ctx, task.ProgramPath)
	if err != nil {
		return executor.Result{}, err
	}
	defer e.pool.give(p)
	o, err := p.lay(number, task)
	if err != nil {
		return executor.Result{}, err
	}
	p.program = task.ProgramPath
	p.tasks++
	r, err := p.perform(ctx, x, o, task.WallLimit)
	if err != nil {
		return executor.Result{}, err
	}
	result, err := e.judge(p, o, task, r)
	if err != nil {
		p.end(err)
		return executor.Result{}, err
	}
	e.pool.devices.keep(p, e.root)
	x.used.Store(result.FuelUsed)
	result.WallTime = e.pool.suspension.clock.now() - started
	return result, nil
}

// perform sends an order and waits until the task has ended. The wall limit starts when the
// worker process has begun the task.
func (p *process) perform(ctx context.Context, x *execution, o order, wall time.Duration) (report, error) {
	slow, stop := p.clock.limit(ctx, p.cfg.StartTime, died(fmt.Sprintf("it did not begin with the task within %s", p.cfg.StartTime), ""))
	defer stop()
	if err := p.ask(slow, o, &x.used); err != nil {
		p.end(died("it did not take the task: "+err.Error(), ""))
	}
	r, err := p.answer(slow)
	if err != nil {
		return r, err
	}
	if r.Kind == kindRefused {
		return r, fmt.Errorf("%w: %s", executor.ErrBadTask, r.Detail)
	}
	x.taken <- nil
	if wall > 0 {
		limited, release := p.clock.limit(ctx, wall, executor.ErrWallLimit)
		defer release()
		ctx = limited
	}
	return p.answer(ctx)
}

// judge makes a result from the report of a worker process and from the files that it left.
func (e *Executor) judge(p *process, o order, task executor.Task, r report) (executor.Result, error) {
	if r.Kind != kindDone && r.DeviceFailed {
		e.pool.devices.doubt(p.device)
		return executor.Result{}, p.device.failure(r.Detail)
	}
	if r.Kind != kindDone {
		return executor.Result{}, fmt.Errorf("the worker could not run it: %s", r.Detail)
	}
	wrong := func(format string, args ...any) (executor.Result, error) {
		return executor.Result{}, died("it answers what cannot be: "+fmt.Sprintf(format, args...), p.stderr.text())
	}
	exited := r.Reason == manifest.ReasonExited
	switch {
	case !r.Reason.Valid():
		return wrong("reason %q", clip(string(r.Reason), 32))
	case !exited && r.ExitCode != manifest.NoExitCode:
		return wrong("exit code %d with reason %s", r.ExitCode, r.Reason)
	case len(r.Traces) != len(task.TraceKeys):
		return wrong("%d traces for %d keys", len(r.Traces), len(task.TraceKeys))
	case r.FuelUsed > task.Fuel:
		return wrong("%d fuel of %d", r.FuelUsed, task.Fuel)
	}
	files, err := collect(e.root, filepath.ToSlash(filepath.Join(filepath.Base(p.folder), o.OutputDir)), &task, exited, e.cfg.StreamBytes)
	if errors.Is(err, errOutputs) {
		return wrong("%v", err)
	}
	if err != nil {
		return executor.Result{}, err
	}
	return executor.Result{
		Profile: e.cfg.Profile, Reason: r.Reason, ExitCode: r.ExitCode, Outputs: files, FuelUsed: r.FuelUsed, Traces: r.Traces,
		PeakMemory: min(r.PeakMemory, task.MemoryBytes+task.OutputBytes), Detail: clip(r.Detail, maxDetail),
	}, nil
}

// Progress implements executor.Tracker. The worker process reports it once per second.
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
	e.forget(id, x)
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
	if again {
		return nil
	}
	for _, x := range live {
		x.cancel(executor.ErrStopped)
	}
	for _, x := range live {
		<-x.done
	}
	return errors.Join(e.pool.close(), e.root.Close(), os.RemoveAll(e.cfg.Dir))
}

// forget removes a task from the live tasks. Another call of Destroy may have removed it
// already, and the id may be in use again.
func (e *Executor) forget(id string, x *execution) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.tasks[id] == x {
		delete(e.tasks, id)
	}
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
