package devnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// stopPatience is the time that a process may take to end by itself.
	stopPatience = 15 * time.Second
	// tailBytes is the part of a log that is shown when its process has failed.
	tailBytes = 2500
)

// process is one supervised binary. Its log survives restarts.
type process struct {
	name, binary string
	args         []string
	log          string
	spawn        *spawner

	mu       sync.Mutex
	cmd      *exec.Cmd
	done     chan struct{}
	expected bool
	failed   func(*process, error)
}

// start runs the binary. failed is called if the binary ends unexpectedly.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		return fmt.Errorf("%s runs already as pid %d", p.name, p.cmd.Process.Pid)
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(p.binary, p.args...) //nolint:gosec // our own binaries
	cmd.Stdout, cmd.Stderr = log, log
	if err := p.spawn.start(cmd); err != nil {
		_ = log.Close()
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	done := make(chan struct{})
	p.cmd, p.done, p.expected = cmd, done, false
	go func() {
		err := cmd.Wait()
		_ = log.Close()
		p.mu.Lock()
		expected := p.expected
		p.cmd = nil
		p.mu.Unlock()
		close(done)
		if !expected {
			p.failed(p, err)
		}
	}()
	return nil
}

// stop asks the process to end, and kills it if it does not.
func (p *process) stop() error {
	done := p.signal(syscall.SIGTERM)
	if done == nil {
		return nil
	}
	timer := time.NewTimer(stopPatience)
	defer timer.Stop()
	select {
	case <-done:
		return nil
	case <-timer.C:
		p.kill()
		return fmt.Errorf("%s did not stop within %s and was killed", p.name, stopPatience)
	}
}

// kill ends the process at once, like a power cut, and waits until it is gone.
func (p *process) kill() {
	if done := p.signal(syscall.SIGKILL); done != nil {
		<-done
	}
}

// signal sends a signal and returns a channel that is closed when the process is gone. It
// returns nil if the process is gone already.
func (p *process) signal(sig syscall.Signal) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	p.expected = true
	_ = p.cmd.Process.Signal(sig)
	return p.done
}

// tail returns the end of the process's log.
func (p *process) tail() string { return tailOf(p.log) }

func tailOf(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close() //nolint:errcheck // read only
	if info, err := file.Stat(); err == nil && info.Size() > tailBytes {
		_, _ = file.Seek(-tailBytes, io.SeekEnd)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return err.Error()
	}
	return strings.ToValidUTF8(string(text), "?")
}

// run executes a command to its end. The output of the command goes to a log; the error
// contains the end of the log.
func (d *Devnet) run(ctx context.Context, name, binary string, args ...string) error {
	log := filepath.Join(d.dir, "logs", name+".log")
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // a log
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Stdout, cmd.Stderr = file, file
	err = d.spawn.start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(binary), strings.Join(args, " "), err, tailOf(log))
	}
	return nil
}

// add registers a process and starts it.
func (d *Devnet) add(name, binary string, args ...string) error {
	p := &process{
		name: name, binary: binary, args: args,
		log:    filepath.Join(d.dir, "logs", name+".log"),
		spawn:  d.spawn,
		failed: d.report,
	}
	d.processes = append(d.processes, p)
	return p.start()
}

// report delivers the first failure to the caller of Failure.
func (d *Devnet) report(p *process, err error) {
	if err == nil {
		err = errors.New("it exited")
	}
	select {
	case d.failures <- fmt.Errorf("%s has stopped: %w; end of %s:\n%s", p.name, err, p.log, p.tail()):
	default:
	}
}

func (d *Devnet) process(name string) (*process, error) {
	for _, p := range d.processes {
		if p.name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("expected a process of the devnet, found %q", name)
}

// Kill ends a process at once, like a power cut.
func (d *Devnet) Kill(name string) error {
	p, err := d.process(name)
	if err == nil {
		p.kill()
	}
	return err
}

// Restart starts a process that was killed or stopped.
func (d *Devnet) Restart(name string) error {
	p, err := d.process(name)
	if err != nil {
		return err
	}
	return p.start()
}

// RestartAs starts a process that was killed or stopped, with another binary.
func (d *Devnet) RestartAs(name, binary string) error {
	p, err := d.process(name)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.binary = binary
	p.mu.Unlock()
	return p.start()
}

// AwaitExit waits until a process ends by itself, and returns its exit code.
func (d *Devnet) AwaitExit(ctx context.Context, name string) (code int, err error) {
	p, err := d.process(name)
	if err != nil {
		return 0, err
	}
	p.mu.Lock()
	cmd, done := p.cmd, p.done
	p.expected = true
	p.mu.Unlock()
	if cmd == nil {
		return 0, fmt.Errorf("expected %s to run, found it stopped", name)
	}
	select {
	case <-done:
		return cmd.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("waited for the end of %s: %w; end of %s:\n%s", name, context.Cause(ctx), p.log, p.tail())
	}
}

// Logs returns an error that shows the end of every process's log.
func (d *Devnet) Logs() error {
	var b strings.Builder
	for _, p := range d.processes {
		fmt.Fprintf(&b, "\n--- end of %s\n%s", p.log, p.tail())
	}
	return errors.New(b.String())
}

// PIDs returns the ids of the processes that run now: the validator, the beacon, the relays and
// the daemons of the nodes. The processes that run programs for nodes are not among them.
func (d *Devnet) PIDs() []int {
	var pids []int
	for _, p := range d.processes {
		if pid := p.pid(); pid > 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}

// pid returns the id of a running process, or 0.
func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}
