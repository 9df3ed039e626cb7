package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thetaedge/theta/executor"
)

// stage says which report the daemon expects from a worker process.
type stage int

const (
	starting stage = iota // hello
	idle                  // no report
	ordered               // whether the process accepts the task
	running               // how the task ended
)

// process is the daemon's view of one worker process.
type process struct {
	cfg *Config
	// clock counts the time in which the process may run.
	clock *clock
	// folder is the folder of the worker process. It may read in and write out.
	folder string
	orders *os.File
	// reports receives the answers to an order. There are at most two: that the task was
	// accepted, and how it ended.
	reports chan report
	// ended is closed once the process has ended and everything that it wrote was read.
	ended chan struct{}
	// fate says how the process ended. It is valid once ended is closed.
	fate   error
	stderr tail
	cage   *cage
	// parts are the processes that are suspended together: this one, and those that serve it.
	parts []*part
	hello report
	// extra is what the process has in addition to what every process has.
	extra extra

	// The pool sets the fields below.

	program string
	// device has the tensors of a worker process.
	device  *attached
	tasks   int
	retired *time.Timer

	mu     sync.Mutex
	proc   *os.Process
	stage  stage
	number uint64
	// sign is the time of the last sign of life, on the clock. budget says how many reports the
	// process may still send.
	sign   time.Duration
	budget budget
	// fuel is the limit of the task, and used receives what the process says that it has used.
	fuel uint64
	used *atomic.Uint64
	// cause explains why the daemon has ended the process.
	cause error
	// quota is what the file for tensors may take; nil if there is no such file. rest is the rest of now,
	// rounds counts all of them, and commands go to the process.
	quota *quota
	// left reports that the process has ended. The quota guards it.
	left     bool
	rest     *rest
	rounds   uint64
	commands chan order
	// writing is held while something is written to orders.
	writing sync.Mutex
}

// launch starts a worker process in a folder of its own and waits until it is ready. without
// contains the layers that are not tried.
func launch(ctx context.Context, cfg *Config, c *cages, all *suspension, without []string, e extra) (*process, error) {
	if err := all.await(ctx); err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(cfg.Dir, "worker-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a folder for a worker: %w", err)
	}
	p := &process{
		cfg: cfg, extra: e, quota: all.quota, clock: all.clock, folder: folder, reports: make(chan report, 2), ended: make(chan struct{}), sign: all.clock.now(),
	}
	for _, name := range []string{inFolder, outFolder} {
		err = errors.Join(err, os.Mkdir(filepath.Join(folder, name), 0o700))
	}
	if err == nil && e.bring != nil {
		e.bring(folder)
	}
	if err == nil {
		err = p.spawn(c, all, without)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	slow := fmt.Errorf("%w: expected a worker to be ready within %s", errSlowStart, cfg.StartTime)
	ctx, release := p.clock.limit(ctx, cfg.StartTime, slow)
	defer release()
	select {
	case p.hello = <-p.reports:
		return p, nil
	case <-p.ended:
		return nil, errors.Join(errors.New("it was not ready: "+p.fate.Error()), p.clear())
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	p.end(err)
	return nil, errors.Join(err, p.clear())
}

// errSlowStart means that the machine is too busy. Another way to start would not change that.
var errSlowStart = errors.New("slow start")

// processName is the name of a worker process in lists of processes.
const processName = "theta-worker"

// spawn starts the process with three pipes and without any other descriptor.
func (p *process) spawn(c *cages, all *suspension, without []string) error {
	var closeAll []*os.File
	defer func() {
		for _, f := range closeAll {
			_ = f.Close()
		}
	}()
	var ends [3][2]*os.File
	for i := range ends {
		r, w, err := os.Pipe()
		if err != nil {
			return fmt.Errorf("cannot make the pipes of a worker: %w", err)
		}
		closeAll = append(closeAll, r, w)
		ends[i] = [2]*os.File{r, w}
	}
	cage, err := c.make(filepath.Base(p.folder), p.cfg, without)
	if err != nil {
		return err
	}
	given, err := p.inheritance()
	closeAll = append(closeAll, given.own...)
	if err != nil {
		return errors.Join(err, cage.open())
	}
	argument, err := settings{
		Role: p.extra.role, Pipes: given.pipes, Storage: given.storage, Tensors: p.extra.tensors,
		Version: protocol, Without: without, Layers: cage.layers, Namespaces: cage.namespaces,
		MemoryBytes: p.cfg.MemoryBytes, FileBytes: p.cfg.FileBytes,
		Profile: p.cfg.Profile, Cores: p.cfg.Cores, KeepBytes: p.cfg.KeepBytes, Last: p.cfg.Last,
	}.encode()
	if err != nil {
		return errors.Join(err, cage.open())
	}
	command := exec.Command(p.cfg.Command[0], append(p.cfg.Command[1:len(p.cfg.Command):len(p.cfg.Command)], Argument, argument)...) //nolint:gosec // this very program
	command.Args[0] = p.extra.role.process()
	command.Dir = p.folder
	command.Env = []string{"TMPDIR=" + outFolder, "TMP=" + outFolder}
	if p.extra.role != "" {
		command.Env = append(command.Env, driverEnv(p.folder, p.cfg.Cores, os.Environ())...)
	}
	command.Stdin, command.Stdout, command.Stderr = ends[0][0], ends[1][1], ends[2][1]
	cage.prepare(command)
	hand(command, given.files)

	begun, gone := make(chan error, 1), make(chan error, 1)
	go hold(command, cage, begun, gone)
	if err := <-begun; err != nil {
		return errors.Join(fmt.Errorf("cannot start a worker (%s): %w", p.cfg.Command[0], err), cage.open())
	}
	p.cage, p.proc, p.orders = cage, command.Process, ends[0][1]
	reports, stderr := ends[1][0], ends[2][0]
	closeAll = slices.DeleteFunc(closeAll, func(f *os.File) bool { return f == p.orders || f == reports || f == stderr })
	p.budget = newBudget(time.Now())
	p.parts = append(p.parts, &part{pid: p.proc.Pid, cage: cage})
	all.enter(p)
	go p.attend(all, reports, stderr, gone)
	return nil
}

// hold starts a process and waits until it ends. It stays on one thread, because the kernel
// ends the process when that thread ends.
func hold(command *exec.Cmd, cage *cage, begun, gone chan<- error) {
	runtime.LockOSThread()
	err := command.Start()
	if err == nil {
		if err = cage.enclose(command.Process); err != nil {
			_ = command.Process.Kill()
			_ = command.Wait()
		}
	}
	begun <- err
	if err == nil {
		gone <- command.Wait()
	}
}

// attend reads the reports of a worker process, watches it, and sets its fate.
func (p *process) attend(all *suspension, reports, stderr *os.File, gone <-chan error) {
	var readers sync.WaitGroup
	readers.Go(func() { p.listen(reports) })
	readers.Go(func() {
		p.stderr.follow(stderr, func() { p.end(died("it flooded its error stream", p.stderr.text())) })
	})
	over := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { p.watch(over) })
	waited := <-gone
	all.leave(p)
	p.quota.leave(p)
	close(over)
	watch.Wait()
	// All its child processes are ended, because they could keep the pipes open.
	endGroup(p.proc.Pid)
	cut := time.AfterFunc(frameTime, func() { _ = errors.Join(reports.Close(), stderr.Close()) })
	readers.Wait()
	cut.Stop()
	p.mu.Lock()
	p.fate = p.cause
	p.mu.Unlock()
	if p.fate == nil {
		p.fate = died(p.cage.explain(exitOf(waited)), p.stderr.text())
	}
	_ = errors.Join(reports.Close(), stderr.Close(), p.orders.Close(), p.cage.open())
	close(p.ended)
}

// exitOf says how a process ended.
func exitOf(err error) string {
	if err == nil {
		return "it exited by itself with code 0"
	}
	return "it ended with " + err.Error()
}

// died returns the error of Wait for a task whose worker process has ended.
func died(how, said string) error {
	if said != "" {
		how += "; it said: " + said
	}
	return fmt.Errorf("%w: %s", executor.ErrWorkerDied, how)
}

// end ends the process but does not wait for it. If it is called several times, the first
// cause is reported.
func (p *process) end(cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.condemn(cause)
}

// condemn is end with p.mu held.
func (p *process) condemn(cause error) {
	if p.cause == nil {
		p.cause = cause
	}
	_ = p.proc.Kill()
}

// condemned reports whether a worker process has ended or is being ended.
func (p *process) condemned() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.ended:
		return true
	default:
		return p.cause != nil
	}
}

// errRetired is the cause for a worker process that is ended because it is not needed any
// more.
var errRetired = errors.New("the worker was not needed any more")

// retire ends a worker process and deletes its folder once the process has ended.
func (p *process) retire() error {
	p.end(errRetired)
	return p.clear()
}

// clear waits until the process has ended and deletes its folder.
func (p *process) clear() error {
	<-p.ended
	p.device.end(errRetired)
	return os.RemoveAll(p.folder)
}

// listen receives the reports of a worker process until the process ends or breaks the
// protocol.
func (p *process) listen(from io.Reader) {
	for {
		var slow *alarm
		var r report
		err := readFrame(from, &r, maxReport, func() {
			slow = p.clock.after(frameTime, func() {
				p.end(died(fmt.Sprintf("a report took it more than %s", frameTime), ""))
			})
		})
		if slow != nil {
			slow.stop()
		}
		if errors.Is(err, io.EOF) && !errors.Is(err, errFrame) {
			return
		}
		if err == nil {
			err = p.hear(r)
		}
		if err != nil {
			p.end(died("it does not keep to the protocol: "+err.Error(), ""))
			// The process may be blocked in a write. It is killed, and the rest of its output
			// is discarded.
			_, _ = io.Copy(io.Discard, from)
			return
		}
	}
}

// hear processes one report. It fails if the daemon does not expect that report.
func (p *process) hear(r report) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.budget.take(time.Now()) {
		return fmt.Errorf("%w: it floods the daemon with reports", errFrame)
	}
	if r.Kind == kindStill || r.Kind == kindOut || r.Kind == kindAwake {
		return p.hearOfRest(r)
	}
	before, number := p.stage, p.number
	expected := r.Number == number
	switch r.Kind {
	case kindHello:
		expected = expected && before == starting
		p.stage = idle
	case kindStarted:
		expected = expected && before == ordered
		p.stage = running
	case kindBeat:
		expected = expected && (before == ordered || before == running)
		p.sign = p.clock.now()
		if expected {
			p.used.Store(max(p.used.Load(), min(r.FuelUsed, p.fuel)))
			return nil
		}
	case kindRefused:
		expected = expected && before == ordered
		p.stage = idle
	case kindDone, kindFailed:
		expected = expected && before == running
		p.stage = idle
	default:
		expected = false
	}
	if !expected {
		return fmt.Errorf("%w: expected nothing of the kind, found %q for task %d in task %d", errFrame, clip(string(r.Kind), 32), r.Number, number)
	}
	p.sign = p.clock.now()
	select {
	case p.reports <- r:
		return nil
	default:
		return fmt.Errorf("%w: it answers before the last answer was taken", errFrame)
	}
}
