package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/thetaedge/theta/executor"
)

// Argument is the first argument of a worker process. No user types it.
const Argument = "run-programs-of-strangers"

// beatPause is the pause between two signs of life.
const beatPause = time.Second

// settings is what a worker process is told at its start, as its second argument.
type settings struct {
	Version int `json:"version"`
	// Confined reports whether the process has given up what it can and has executed itself
	// again.
	Confined bool `json:"confined,omitempty"`
	// Without contains the layers that are not tried. Layers contains those that have been
	// decided.
	Without []string `json:"without,omitempty"`
	Layers  []Layer  `json:"layers,omitempty"`
	// Namespaces reports whether the process has its own namespaces.
	Namespaces bool `json:"namespaces,omitempty"`
	// Profile is the profile whose executor is opened, and Cores the number of processor cores
	// that it may use.
	Profile     string `json:"profile"`
	Cores       int    `json:"cores"`
	MemoryBytes uint64 `json:"memory_bytes"`
	FileBytes   uint64 `json:"file_bytes"`
	// Last reports whether the process takes the lowest priority.
	Last bool `json:"last,omitempty"`
	// Role is what the process does.
	Role role `json:"role,omitempty"`
	// Pipes are the descriptors, or on Windows the handles, that the process has in addition to its
	// three pipes: one to read from and one to write to.
	Pipes []uintptr `json:"pipes,omitempty"`
	// Storage is the descriptor or the handle of the file for tensors while the program is suspended; zero
	// if there is none.
	Storage uintptr        `json:"storage,omitempty"`
	Tensors tensorSettings `json:"tensors"`
	// KeepBytes bounds the weights that the executor keeps between tasks.
	KeepBytes uint64 `json:"keep_bytes,omitempty"`
}

// descriptors returns the number of descriptors that the process has in addition to its three pipes.
func (s settings) descriptors() int {
	if s.Storage != 0 {
		return len(s.Pipes) + 1
	}
	return len(s.Pipes)
}

func (s settings) encode() (string, error) {
	raw, err := json.Marshal(s)
	return string(raw), err
}

// Invoked reports whether this process was started as a worker process. The program calls it
// before anything else. If it returns true, the program calls Main and does nothing else.
func Invoked(args []string) bool { return len(args) == 3 && args[1] == Argument }

// Main serves the daemon that has started this process, until the daemon's pipe closes. It
// returns the exit code. open creates the executor of a profile; it is called once the process
// can only do what a program needs.
func Main(args []string, open Open) int { return serveAs(args, open, openDevice) }

func serveAs(args []string, open Open, device OpenDevice) int {
	if err := serve(args, open, device); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func serve(args []string, open Open, device OpenDevice) error {
	var s settings
	if err := json.Unmarshal([]byte(args[2]), &s); err != nil {
		return fmt.Errorf("expected the settings of a worker: %w", err)
	}
	if s.Version != protocol {
		return fmt.Errorf("expected protocol %d, found %d: daemon and worker are not of one version", protocol, s.Version)
	}
	// If a terminal or a supervisor stops the daemon, the daemon decides when its worker
	// processes end.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	if !s.Confined {
		s.Confined = true
		if err := confine(&s, args[0]); err != nil {
			return err
		}
	}
	if err := seal(s); err != nil {
		return err
	}
	debug.SetMemoryLimit(int64(min(s.MemoryBytes-s.MemoryBytes/8, 1<<62))) //nolint:gosec // bounded
	reports := &line{to: os.Stdout}
	// The daemon must not receive what a library prints.
	os.Stdout = os.Stderr
	if s.Role != "" {
		return serveDevice(s, reports, device)
	}
	opening := s.opening()
	engine, err := open(opening)
	if err != nil {
		return err
	}
	var rests *rester
	if can, is := engine.(executor.Rester); is && s.Storage != 0 {
		rests = &rester{engine: can, storage: storage{os.NewFile(s.Storage, "the file for tensors")}, reports: reports}
	}
	if opening.Remote != nil {
		engine = &qualifying{Executor: engine, kinds: opening.Guard.Qualified}
	}
	fingerprint := engine.Fingerprint(context.Background())
	if err := reports.send(report{
		Kind: kindHello, Version: protocol, Profile: engine.Profile(), Engine: fingerprint.Engine,
		Healthy: fingerprint.Health == executor.Healthy, Detail: clip(fingerprint.Detail, maxDetail), Layers: s.Layers,
	}); err != nil {
		return err
	}
	return work(engine, rests, os.Stdin, reports)
}

// line sends reports, one at a time.
type line struct {
	mu sync.Mutex
	to io.Writer
}

func (l *line) send(r report) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return writeFrame(l.to, r, maxReport)
}

// work executes orders, one task after the other. When no more orders can come, it ends the
// process at once, even if a task is running.
func work(engine executor.Executor, rests *rester, from io.Reader, reports *line) error {
	orders := make(chan order)
	go func() {
		for {
			var o order
			if err := readFrame(from, &o, maxOrder, func() {}); err != nil {
				os.Exit(exitOrders(err))
			}
			if o.Command != "" {
				if err := rests.obey(o); err != nil {
					os.Exit(exitOrders(err))
				}
				continue
			}
			orders <- o
		}
	}()
	for o := range orders {
		if err := runOrder(engine, o, reports); err != nil {
			return err
		}
	}
	return nil
}

// exitOrders returns the exit code of a worker process that ends because no more orders can
// come.
func exitOrders(err error) int {
	if errors.Is(err, io.EOF) && !errors.Is(err, errFrame) {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// runOrder runs one task and reports how it ended.
func runOrder(engine executor.Executor, o order, reports *line) error {
	ctx := context.Background()
	task := o.task()
	err := engine.Start(ctx, task)
	switch {
	case errors.Is(err, executor.ErrBadTask):
		return reports.send(report{Kind: kindRefused, Number: o.Number, Detail: clip(err.Error(), maxDetail)})
	case err != nil:
		return err
	}
	if err := reports.send(report{Kind: kindStarted, Number: o.Number}); err != nil {
		return err
	}
	over := make(chan struct{})
	var beats sync.WaitGroup
	beats.Go(func() { beat(engine, task.ID, o.Number, reports, over) })
	result, err := engine.Wait(ctx, task.ID)
	close(over)
	beats.Wait()
	if err = errors.Join(err, engine.Destroy(task.ID)); err != nil {
		return reports.send(report{
			Kind: kindFailed, Number: o.Number, Detail: clip(err.Error(), maxDetail), DeviceFailed: errors.Is(err, executor.ErrDevice),
		})
	}
	return reports.send(report{
		Kind: kindDone, Number: o.Number, Reason: result.Reason, ExitCode: result.ExitCode,
		FuelUsed: result.FuelUsed, Traces: result.Traces, PeakMemory: result.PeakMemory, Detail: clip(result.Detail, maxDetail),
	})
}

// beat reports periodically that the worker process is alive, and how far its task is if the
// executor tells.
func beat(engine executor.Executor, task string, number uint64, reports *line, over <-chan struct{}) {
	tracker, tells := engine.(executor.Tracker)
	ticker := time.NewTicker(beatPause)
	defer ticker.Stop()
	for {
		select {
		case <-over:
			return
		case <-ticker.C:
			r := report{Kind: kindBeat, Number: number}
			if tells {
				// A task that has just ended reports all that it has used.
				now, _ := tracker.Progress(task)
				r.FuelUsed = now.FuelUsed
			}
			if reports.send(r) != nil {
				return
			}
		}
	}
}

// task returns the task that the executor in the worker process runs.
func (o order) task() executor.Task {
	task := executor.Task{
		ID: "task", ProgramPath: o.Program, Fuel: o.Fuel, MemoryBytes: o.MemoryBytes, DeviceBytes: o.DeviceBytes,
		OutputBytes: o.OutputBytes, OutputFiles: o.OutputFiles, OutputDir: o.OutputDir, TraceKeys: o.TraceKeys,
		// The daemon copies the outputs, and syncs the copies.
		Unsynced: true,
	}
	for _, arg := range o.Args {
		task.Args = append(task.Args, string(arg))
	}
	for _, v := range o.Env {
		task.Env = append(task.Env, executor.Variable{Name: v.Name, Value: string(v.Value)})
	}
	for _, in := range o.Inputs {
		task.Inputs = append(task.Inputs, executor.Input{Name: in.Name, Path: in.Path, Digest: in.Digest})
	}
	copy(task.Seed[:], o.Seed)
	return task
}
