package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/tensor/backend"
)

// Tensors says what executes the tensors of programs, and how much of it they may use.
type Tensors struct {
	// Choice is what the owner wants.
	Choice backend.Choice
	// Bytes bounds the tensors of one task. The process that holds them may have this memory in
	// addition to its own.
	Bytes uint64
	// Limit is the time that a call of the device may take; 0 means that of package guard.
	Limit time.Duration
	// Health says why the chosen device must not be used now, or returns nil. The executor takes no
	// task while it returns an error. It may be nil, and may be called from any goroutine.
	Health func(backend.Device) error
	// Dir is a folder that only this executor uses, in which what was found out about a device
	// survives restarts; empty keeps nothing.
	Dir string
}

const (
	// driverBytes is the memory that the process of a device may have for its driver, in addition to
	// tensors.
	driverBytes = 2 << 30
	// deviceStartTime is the least time in which a device has to be opened and to give the published
	// vectors: drivers compile the kernels meanwhile.
	deviceStartTime = 3 * time.Minute
)

// Device is what executes the tensors of programs.
type Device struct {
	backend.Device

	// Engine is what the device calls itself; empty for the processor.
	Engine string
	// Fallback says why the processor is used although the owner left the choice to the machine;
	// empty if it is not.
	Fallback string
	// Found are the devices of the machine that were found on the way.
	Found []backend.Device
	// Layers are those around the process of the device; none if there is no such process.
	Layers []Layer
}

// devices starts the processes of devices: one for each worker process.
type devices struct {
	cfg        *Config
	cages      *cages
	suspension *suspension

	// choosing has an element while the device is being chosen, which takes as long as a suspension.
	choosing chan struct{}

	mu      sync.Mutex
	chosen  *Device
	checked bool
	// doubts is the number of times that the device was in doubt.
	doubts uint64
	// ill says that the device must not be used since it was asked for last.
	ill bool
	// without contains the layers with which no driver works here.
	without []string
	// kinds is what programs have found out about devices.
	kinds *kinds
}

func newDevices(cfg *Config, c *cages, all *suspension) *devices {
	d := &devices{cfg: cfg, cages: c, suspension: all, choosing: make(chan struct{}, 1), kinds: &kinds{}}
	if cfg.Tensors != nil {
		d.kinds = newKinds(cfg.Tensors.Dir)
	}
	return d
}

// bring gives a worker process what its program has found out about the device earlier.
func (d *devices) bring(a *attached, program, folder string) {
	if a == nil {
		return
	}
	if err := d.kinds.bring(a.device, program, folder); err != nil {
		d.cfg.Logger.Warn("what is known of the device for tensors cannot be read; its calls are compared again", "error", err)
	}
}

// keep keeps what a program has found out about the device.
func (d *devices) keep(p *process, root *os.Root) {
	if p.device == nil || d.outdated(p.device) {
		return
	}
	if err := d.kinds.keep(p.device.device, p.program, root, filepath.Base(p.folder)); err != nil {
		d.cfg.Logger.Warn("what a program has found out about the device for tensors cannot be kept", "error", err)
	}
}

// attached is the device of one worker process.
type attached struct {
	device backend.Device
	// doubts is the number of doubts before the device was opened.
	doubts uint64
	// proc is the process of the device; nil if the device is the processor.
	proc *process
	// ends are those of its pipes that the worker process inherits.
	ends []*os.File
}

// release closes the ends of the pipes in the daemon, once the worker process has them or is not
// started.
func (a *attached) release() {
	if a == nil {
		return
	}
	for _, f := range a.ends {
		_ = f.Close()
	}
	a.ends = nil
}

// end ends the process of the device. It does not wait for long: a process in a driver may not end before
// the driver does.
func (a *attached) end(cause error) {
	if a == nil || a.proc == nil {
		return
	}
	a.proc.end(cause)
	cleared := make(chan struct{})
	go func() {
		_ = a.proc.clear()
		close(cleared)
	}()
	select {
	case <-cleared:
	case <-time.After(deviceWait):
	}
}

// gone reports whether the process of the device has ended.
func (a *attached) gone() bool { return a != nil && a.proc != nil && a.proc.condemned() }

// attach returns a device for a new worker process, or nil if the profile has no tensors. Its first
// call chooses the device for as long as the daemon runs.
func (d *devices) attach(ctx context.Context) (*attached, error) {
	if d.cfg.Tensors == nil {
		return nil, nil
	}
	d.mu.Lock()
	doubts := d.doubts
	d.mu.Unlock()
	a, err := d.chooseOrOpen(ctx, doubts)
	if err != nil {
		return nil, err
	}
	a.doubts = doubts
	return a, nil
}

// chooseOrOpen chooses the device, or opens the chosen one. It waits for another choice, and fails if ctx ends
// first.
func (d *devices) chooseOrOpen(ctx context.Context, doubts uint64) (*attached, error) {
	select {
	case d.choosing <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	chosen, checked := d.known()
	if chosen == nil {
		defer func() { <-d.choosing }()
		return d.choose(ctx)
	}
	<-d.choosing
	if !chosen.Driven() {
		return &attached{device: chosen.Device}, nil
	}
	a, err := d.open(ctx, chosen.Device, checked)
	if err == nil && !checked {
		d.trust(doubts)
	}
	return a, err
}

// trust records that the device has given the published vectors, unless it has been in doubt since.
func (d *devices) trust(doubts uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.checked = d.checked || d.doubts == doubts
}

// outdated reports whether the device has been in doubt since it was opened for a worker process. Neither
// what the process has found out about the device nor what it keeps there counts any more.
func (d *devices) outdated(a *attached) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return a != nil && a.doubts != d.doubts
}

// known returns the chosen device, if there is one, and whether it has given the published vectors.
func (d *devices) known() (*Device, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.chosen, d.checked
}

// settle keeps what was chosen.
func (d *devices) settle(chosen Device, checked bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.chosen, d.checked = &chosen, checked
}

// doubt makes the next process of a device give the published vectors again, and forgets what
// programs have found out about the device.
func (d *devices) doubt(a *attached) {
	d.mu.Lock()
	d.checked = false
	d.doubts++
	d.mu.Unlock()
	if a == nil {
		return
	}
	if err := d.kinds.forget(a.device); err != nil {
		d.cfg.Logger.Warn("what is known of the device for tensors cannot be deleted", "error", err)
	}
}

// choose finds the first device that the owner's choice allows and that gives the published vectors.
func (d *devices) choose(ctx context.Context) (*attached, error) {
	choice := d.cfg.Tensors.Choice
	if processor, is := choice.Processor(); is {
		d.settle(Device{Device: processor}, false)
		return &attached{device: processor}, nil
	}
	a, chosen, err := d.search(ctx)
	if err == nil {
		d.settle(chosen, true)
		return a, nil
	}
	if ctx.Err() != nil || !choice.Auto() {
		return nil, fmt.Errorf("the device for tensors: %w", err)
	}
	processor := backend.Device{Backend: backend.CPU}
	reason := clip(strings.ReplaceAll(err.Error(), "\n", "; "), maxDetail)
	d.settle(Device{Device: processor, Fallback: reason, Found: chosen.Found}, false)
	return &attached{device: processor}, nil
}

// search looks for a device with all layers around its driver. If the machine has nodes of graphics
// cards and no driver works with all layers, it tries again without some. If no device is found, the
// error is that of the first try.
func (d *devices) search(ctx context.Context) (*attached, Device, error) {
	var first error
	var found []backend.Device
	for _, without := range attempts() {
		d.leaveOut(without)
		a, chosen, err := d.find(ctx)
		if err == nil {
			return a, chosen, nil
		}
		if first == nil {
			first, found = err, chosen.Found
		}
		// A process that lists devices has started, and there is nothing to be found.
		nothing := !errors.Is(err, errNoStart) && !hasNodes()
		if ctx.Err() != nil || nothing || errors.Is(err, errSlowStart) {
			break
		}
	}
	d.leaveOut(nil)
	return nil, Device{Found: found}, first
}

// leaveOut sets the layers with which processes of devices do not start.
func (d *devices) leaveOut(without []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.without = without
}

// find opens the first device that the owner's choice allows and that gives the published vectors.
func (d *devices) find(ctx context.Context) (*attached, Device, error) {
	found, err := d.list(ctx)
	if err != nil {
		return nil, Device{}, err
	}
	fit, err := d.cfg.Tensors.Choice.Candidates(found)
	failures := []error{err}
	for _, candidate := range fit {
		a, candidate, err := d.openWhatStarts(ctx, candidate)
		if err == nil {
			return a, Device{Device: candidate, Engine: a.proc.hello.Engine, Found: found, Layers: complete(a.proc.hello.Layers)}, nil
		}
		failures = append(failures, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, Device{Found: found}, errors.Join(failures...)
}

// errNoStart means that a process with a driver was not ready.
var errNoStart = errors.New("no process for a driver could be started")

// list asks a process of its own for the devices of the machine.
func (d *devices) list(ctx context.Context) ([]backend.Device, error) {
	p, err := d.launch(ctx, extra{role: roleList})
	if err != nil {
		return nil, err
	}
	defer func() { _ = p.retire() }()
	if !p.hello.Healthy {
		return nil, errors.New(clip(p.hello.Detail, maxDetail))
	}
	return p.hello.Devices, nil
}

// open starts a process with a device.
func (d *devices) open(ctx context.Context, device backend.Device, checked bool) (*attached, error) {
	theirs, own, err := twoPipes()
	if err != nil {
		return nil, err
	}
	a := &attached{device: device, ends: own}
	defer func() { _ = errors.Join(theirs[0].Close(), theirs[1].Close()) }()
	p, err := d.launch(ctx, extra{role: roleDevice, files: theirs, tensors: tensorSettings{Device: &device, Checked: checked}})
	if err == nil {
		a.proc = p
		if err = d.admit(p); err == nil {
			return a, nil
		}
		a.end(err)
	}
	a.release()
	return nil, fmt.Errorf("%s: %w", device, err)
}

// twoPipes returns the ends of two pipes, one in each direction: for each side one to read from and one
// to write to.
func twoPipes() (theirs, own []*os.File, err error) {
	read1, write1, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make the pipes of a device: %w", err)
	}
	read2, write2, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make the pipes of a device: %w", errors.Join(err, read1.Close(), write1.Close()))
	}
	enlarge(write1)
	enlarge(write2)
	return []*os.File{read1, write2}, []*os.File{read2, write1}, nil
}

// launch starts a process with the layers that this machine has for a driver.
func (d *devices) launch(ctx context.Context, e extra) (*process, error) {
	cfg := *d.cfg
	cfg.MemoryBytes = driverBytes + d.cfg.Tensors.Bytes
	// Drivers keep memory in files without a name.
	cfg.FileBytes = cfg.MemoryBytes
	cfg.StartTime = max(cfg.StartTime, deviceStartTime)
	d.mu.Lock()
	without := d.without
	d.mu.Unlock()
	p, err := launch(ctx, &cfg, d.cages, d.suspension, without, e)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoStart, err)
	}
	return p, nil
}

// admit checks a process with a device.
func (d *devices) admit(p *process) error {
	switch {
	case p.hello.Version != protocol:
		return fmt.Errorf("expected protocol %d of a device, found %d; reinstall thetaedge", protocol, p.hello.Version)
	case !p.hello.Healthy:
		return errors.New(clip(p.hello.Detail, maxDetail))
	}
	return lacking(complete(p.hello.Layers), d.cfg.Layers)
}

// deviceWait is the time in which the end of a device's process is noticed: after the worker process
// has reported that the device has failed, or after the process was killed.
const deviceWait = time.Second

// failure returns the error of a task whose device has failed.
func (a *attached) failure(detail string) error {
	err := fmt.Errorf("%w: %s", executor.ErrDevice, clip(detail, maxDetail))
	if a == nil || a.proc == nil {
		return err
	}
	select {
	case <-a.proc.ended:
		// The program may have caused the end.
		return fmt.Errorf("%w: its process: %w", err, a.proc.fate)
	case <-time.After(deviceWait):
		return err
	}
}
