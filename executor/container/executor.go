package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
)

// Executor runs tasks in containers.
type Executor struct {
	cfg    Config
	engine *engine
	images *images
	stop   context.CancelFunc
	swept  chan struct{} // closed when nothing is swept any more

	// begins is held for reading while a container is started, and for writing by what suspends.
	begins sync.RWMutex

	mu      sync.Mutex
	closed  bool
	running int
	tasks   map[string]*execution
	// resumed is closed when tasks go on. It is nil unless they are suspended.
	resumed chan struct{}
}

var (
	_ executor.Executor  = (*Executor)(nil)
	_ executor.Suspender = (*Executor)(nil)
)

// execution is one live task.
type execution struct {
	task   executor.Task
	name   string // of the container
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when result or err is set
	result executor.Result
	err    error

	mu sync.Mutex
	// up reports whether the container was started, and still whether it is paused.
	up, still bool
	// interrupt ends what is done for the image of the task, so that it begins again. It may be nil.
	interrupt context.CancelFunc
}

// New returns an executor without tasks. The engine need not run yet. Containers that an earlier daemon of this
// node left wait for Recover for some time, and are removed then.
func New(cfg Config) (*Executor, error) {
	if err := cfg.prepare(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	e := &Executor{cfg: cfg, engine: &engine{socket: cfg.Socket}, stop: stop, swept: make(chan struct{}), tasks: map[string]*execution{}}
	e.images = &images{cfg: &e.cfg, engine: e.engine, turn: make(chan struct{}, 1), used: map[string]int{}, fetching: map[string]chan struct{}{}}
	go e.sweep(ctx)
	return e, nil
}

// Profile implements executor.Executor.
func (e *Executor) Profile() string { return Profile }

// probeTime is the longest time that an engine has to say how it is. A node that decides about jobs waits for it.
const probeTime = 3 * time.Second

// Fingerprint implements executor.Executor.
func (e *Executor) Fingerprint(ctx context.Context) executor.Fingerprint {
	f := executor.Fingerprint{Profile: Profile, Health: executor.Healthy, Slots: e.cfg.Slots}
	e.engine.forget()
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	if _, err := e.engine.connect(ctx); err != nil {
		f.Health, f.Detail = executor.Unhealthy, err.Error()
	} else {
		about := e.engine.system()
		f.Engine = fmt.Sprintf("container engine %s %s/%s", about.ServerVersion, about.OSType, about.Architecture)
		if err := e.cfg.room(); err != nil {
			f.Health, f.Detail = executor.Unhealthy, err.Error()
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	f.Running = e.running
	return f
}

// Probe says whether an engine can run tasks, without an executor.
func Probe(ctx context.Context, socket string) executor.Fingerprint {
	e := &Executor{engine: &engine{socket: socket}}
	defer e.engine.forget()
	return e.Fingerprint(ctx)
}

// Start implements executor.Executor. It does not wait for the image.
func (e *Executor) Start(ctx context.Context, task executor.Task) error {
	return e.begin(ctx, task, false)
}

// Recover implements executor.Executor. A container that still runs goes on. One that has ended meanwhile is
// removed and begun again: the engine does not say whether it ended by itself or with its engine.
func (e *Executor) Recover(ctx context.Context, task executor.Task) error {
	return e.begin(ctx, task, true)
}

func (e *Executor) begin(ctx context.Context, task executor.Task, again bool) error {
	if err := check(&e.cfg, &task); err != nil {
		return err
	}
	if err := e.await(ctx); err != nil {
		return err
	}
	if _, err := e.engine.connect(ctx); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return executor.ErrClosed
	case e.tasks[task.ID] != nil:
		return fmt.Errorf("%w: %s", executor.ErrTaskExists, task.ID)
	case e.running >= e.cfg.Slots:
		return fmt.Errorf("%w: %d of %d slots are taken", executor.ErrBusy, e.running, e.cfg.Slots)
	}
	prepare := requireEmpty
	if again {
		prepare = clearOutputs
	}
	if err := prepare(task.OutputDir); err != nil {
		return err
	}
	inner, cancel := context.WithCancelCause(context.Background())
	x := &execution{task: task, name: containerName(e.cfg.Home, task.ID), cancel: cancel, done: make(chan struct{})}
	e.tasks[task.ID] = x
	e.running++
	go e.run(inner, x, again)
	return nil
}

func (e *Executor) run(ctx context.Context, x *execution, again bool) {
	r := &run{Executor: e, execution: x, folder: filepath.Join(e.cfg.tasks(), x.name)}
	x.result, x.err = r.execute(ctx, again)
	// The task was ended on purpose, whatever failed because of that.
	if cause := context.Cause(ctx); x.err != nil && cause != nil {
		x.err = cause
	}
	e.mu.Lock()
	e.running--
	e.mu.Unlock()
	close(x.done)
	x.cancel(nil)
}

// check compares a task with the limits of the profile.
func check(cfg *Config, task *executor.Task) error {
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
			if v.Name == own {
				return fmt.Errorf("%w: environment: %s is set by the profile", executor.ErrBadTask, v.Name)
			}
		}
	}
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", executor.ErrBadTask, fmt.Sprintf(format, args...))
	}
	switch {
	case task.Fuel > MaxFuel:
		return bad("fuel %d is over %d", task.Fuel, uint64(MaxFuel))
	case task.MemoryBytes < MinMemoryBytes || task.MemoryBytes > MaxMemoryBytes:
		return bad("memory of %d bytes, expected %d to %d", task.MemoryBytes, uint64(MinMemoryBytes), uint64(MaxMemoryBytes))
	case task.OutputBytes > MaxOutputBytes:
		return bad("outputs of %d bytes are over %d", task.OutputBytes, uint64(MaxOutputBytes))
	case task.OutputFiles > MaxOutputFiles:
		return bad("%d output files are over %d", task.OutputFiles, MaxOutputFiles)
	case argBytes > MaxArgBytes:
		return bad("arguments and environment of %d bytes are over %d", argBytes, MaxArgBytes)
	case len(task.Inputs) > manifest.MaxFiles:
		return bad("%d inputs are over %d", len(task.Inputs), manifest.MaxFiles)
	case task.DeviceBytes > 0 && len(cfg.GPUs) == 0:
		return bad("it asks for the memory of a graphics card, and container.gpus allows none")
	}
	return nil
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

// Close implements executor.Executor. Images stay in the engine.
func (e *Executor) Close() error {
	e.mu.Lock()
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
	e.stop()
	<-e.swept
	e.engine.forget()
	return nil
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

// live returns the tasks that are not forgotten, by the name of their container.
func (e *Executor) live() map[string]*execution {
	e.mu.Lock()
	defer e.mu.Unlock()
	names := make(map[string]*execution, len(e.tasks))
	for _, x := range e.tasks {
		names[x.name] = x
	}
	return names
}

// sweepPause is the pause between two looks for containers without a task.
const sweepPause = 30 * time.Second

// sweep removes containers of this node that belong to no task: those of an earlier daemon that were not recovered,
// and those that could not be removed because the engine was gone.
func (e *Executor) sweep(ctx context.Context) {
	defer close(e.swept)
	for pause := e.cfg.AdoptTime; ; pause = sweepPause {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if err := e.removeOrphans(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, errGone) {
			e.cfg.Logger.Warn("containers without a task could not be removed", "error", err)
		}
	}
}

// removeOrphans removes containers of this node and folders that belong to no task.
func (e *Executor) removeOrphans(ctx context.Context) error {
	found, err := e.list(ctx)
	if err != nil {
		return err
	}
	for _, name := range found {
		if e.live()[name] == nil {
			err = errors.Join(err, e.remove(ctx, name))
		}
	}
	entries, failed := os.ReadDir(e.cfg.tasks())
	err = errors.Join(err, failed)
	for _, entry := range entries {
		if e.live()[entry.Name()] == nil {
			err = errors.Join(err, removeTree(filepath.Join(e.cfg.tasks(), entry.Name())))
		}
	}
	return err
}
